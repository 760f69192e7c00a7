"""The sandbox's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated

from autodmca_runtime import Env, Secret
from msgspec import Meta, Struct


class SandboxSettings(Struct, frozen=True, kw_only=True):
    """Whom the people work with, and how fast."""

    secret: Annotated[
        Secret, Env("JWT_SECRET", "What the people's tokens are signed with.", "$(openssl rand -hex 32)")
    ]
    templates_url: Annotated[
        str, Env("SANDBOX_TEMPLATES_URL", "The templates service.", "http://templates:8081")
    ] = "http://localhost:8081"
    pace_s: Annotated[
        float,
        Env("SANDBOX_PACE_SECONDS", "Pause between two steps of one person.", "0.2"),
        Meta(ge=0, le=3600),
    ] = 2.0
