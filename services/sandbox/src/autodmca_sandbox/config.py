"""The sandbox's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated

from autodmca_runtime import Env, Secret
from msgspec import Meta, Struct


class SandboxSettings(Struct, frozen=True, kw_only=True):
    """Whom the people work with, and how fast; where the outside world listens, and how it behaves."""

    secret: Annotated[
        Secret, Env("JWT_SECRET", "What the people's tokens are signed with.", "$(openssl rand -hex 32)")
    ]
    templates_url: Annotated[
        str, Env("SANDBOX_TEMPLATES_URL", "The templates service.", "http://templates:8081")
    ] = "http://localhost:8081"
    delisting_url: Annotated[
        str, Env("SANDBOX_DELISTING_URL", "The delisting service.", "http://delisting:8082")
    ] = "http://localhost:8082"
    social_media_url: Annotated[
        str, Env("SANDBOX_SOCIAL_MEDIA_URL", "The social media service.", "http://social-media:8083")
    ] = "http://localhost:8083"
    accounts_url: Annotated[
        str, Env("SANDBOX_ACCOUNTS_URL", "The accounts service.", "http://accounts:8085")
    ] = "http://localhost:8085"
    ai_detection_url: Annotated[
        str, Env("SANDBOX_AI_DETECTION_URL", "The AI detection service.", "http://ai-detection:8084")
    ] = "http://localhost:8084"
    world_url: Annotated[
        str,
        Env(
            "SANDBOX_WORLD_URL",
            "Where services find the outside world; its own port on this machine unless given.",
            "http://sandbox:8090",
        ),
    ] = ""
    network_rate: Annotated[
        int,
        Env("SANDBOX_NETWORK_RATE", "Requests that a social network takes in one window.", "300"),
        Meta(ge=1, le=1_000_000),
    ] = 600
    network_window_s: Annotated[
        float,
        Env("SANDBOX_NETWORK_SECONDS", "The window of a social network's rate limit.", "300"),
        Meta(gt=0, le=86_400),
    ] = 30.0
    people: Annotated[
        bool, Env("SANDBOX_PEOPLE", "Whether there are people at work, beside the outside world.", "false")
    ] = True
    pace_s: Annotated[
        float,
        Env("SANDBOX_PACE_SECONDS", "Pause between two steps of one person.", "0.2"),
        Meta(ge=0, le=3600),
    ] = 2.0
    host: Annotated[
        str, Env("SANDBOX_HOST", "Address that the outside world listens on.", "0.0.0.0")  # noqa: S104
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Env("SANDBOX_PORT", "Port of the outside world; 0 takes any free one.", "8090"),
        Meta(ge=0, le=65_535),
    ] = 8090
    seed: Annotated[
        int, Env("SANDBOX_SEED", "Decides what engines decide, and faults that come by chance.", "7")
    ] = 7
    api_key: Annotated[
        Secret, Env("SANDBOX_API_KEY", "The key that the world's interfaces ask for.", "sandbox-key")
    ] = Secret("sandbox-key")
    review_s: Annotated[
        float,
        Env("SANDBOX_REVIEW_SECONDS", "The longest review of a URL; the shortest is a fifth.", "20"),
        Meta(gt=0, le=86_400),
    ] = 20.0
    relist_s: Annotated[
        float,
        Env("SANDBOX_RELIST_SECONDS", "From a removal to the return of a URL that comes back.", "30"),
        Meta(gt=0, le=86_400),
    ] = 30.0

    @property
    def reached_at(self) -> str:
        """Where services find the outside world."""
        return self.world_url or f"http://localhost:{self.port}"
