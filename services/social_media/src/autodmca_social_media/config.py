"""The service's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated, Final

from autodmca_runtime import ConfigError, Env, Problem, Secret
from autodmca_service.outside import Network, networks
from autodmca_service.settings import Port, ServiceSettings
from msgspec import Meta

from autodmca_social_media.model.state import Rules

_EXAMPLE: Final = "10.0.0.0/8"


class SocialMediaSettings(ServiceSettings, frozen=True, kw_only=True):
    """Everything the service is told. Times are seconds. A platform without an address is not set up."""

    host: Annotated[str, Env("SOCIAL_MEDIA_HOST", "Address to listen on.", "0.0.0.0")] = (  # noqa: S104
        "127.0.0.1"
    )
    port: Annotated[Port, Env("SOCIAL_MEDIA_PORT", "Port to listen on; 0 takes any free one.", "8083")] = 8083
    mastodon_url: Annotated[
        str | None, Env("SOCIAL_MEDIA_MASTODON_URL", "The Mastodon instance.", "https://mastodon.example")
    ] = None
    mastodon_token: Annotated[
        Secret, Env("SOCIAL_MEDIA_MASTODON_TOKEN", "Access token there.", "$(cat mastodon-token)")
    ] = Secret("")
    bluesky_url: Annotated[
        str | None, Env("SOCIAL_MEDIA_BLUESKY_URL", "The Bluesky server (PDS).", "https://bsky.example")
    ] = None
    bluesky_handle: Annotated[
        str, Env("SOCIAL_MEDIA_BLUESKY_HANDLE", "Handle of our account there.", "autodmca.bsky.example")
    ] = ""
    bluesky_password: Annotated[
        Secret,
        Env("SOCIAL_MEDIA_BLUESKY_PASSWORD", "App password of that account.", "$(cat bluesky-password)"),
    ] = Secret("")
    allowed: Annotated[
        tuple[str, ...],
        Env(
            "SOCIAL_MEDIA_ALLOWED_NETWORKS",
            "Addresses beside the public Internet's that avatars may lead to.",
            _EXAMPLE,
        ),
    ] = ()
    timeout_s: Annotated[
        float,
        Env("SOCIAL_MEDIA_CALL_SECONDS", "How long a platform's answer is waited for.", "20"),
        Meta(gt=0, le=600),
    ] = 20.0
    alone_s: Annotated[
        float,
        Env("SOCIAL_MEDIA_BREAKER_SECONDS", "How long a platform that fails is left alone.", "15"),
        Meta(gt=0, le=3_600),
    ] = 15.0
    poll_s: Annotated[
        float,
        Env("SOCIAL_MEDIA_POLL_SECONDS", "The first look at a report; then twice as long each time.", "60"),
        Meta(gt=0, le=86_400),
    ] = 60.0
    retry_s: Annotated[
        float,
        Env(
            "SOCIAL_MEDIA_RETRY_SECONDS", "The first wait for a platform that fails; then twice as long.", "2"
        ),
        Meta(gt=0, le=300),
    ] = 2.0
    at_once: Annotated[
        int, Env("SOCIAL_MEDIA_AT_ONCE", "Jobs performed at a time, per replica.", "16"), Meta(ge=1, le=1_000)
    ] = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        self.networks()
        for name, url in (("MASTODON", self.mastodon_url), ("BLUESKY", self.bluesky_url)):
            if url is not None and not url.startswith(("http://", "https://")):
                reason, example = "is no http or https address", f"https://{name.lower()}.example"
                raise ConfigError([Problem(f"SOCIAL_MEDIA_{name}_URL", reason, example)])
        if self.bluesky_url is not None and not self.bluesky_handle:
            reason = "is needed beside SOCIAL_MEDIA_BLUESKY_URL"
            raise ConfigError([Problem("SOCIAL_MEDIA_BLUESKY_HANDLE", reason, "autodmca.bsky.example")])

    def networks(self) -> tuple[Network, ...]:
        """What may be reached beside the public Internet. Raises ConfigError."""
        try:
            return networks(self.allowed)
        except ValueError as error:
            raise ConfigError([Problem("SOCIAL_MEDIA_ALLOWED_NETWORKS", str(error), _EXAMPLE)]) from error

    def rules(self) -> Rules:
        """What the model is told of times and platforms."""
        poll = max(1, int(self.poll_s * 1000))
        retry = max(1, int(self.retry_s * 1000))
        urls = {"mastodon": self.mastodon_url, "bluesky": self.bluesky_url}
        return Rules(
            platforms=tuple(name for name, url in urls.items() if url is not None),
            poll_ms=poll,
            longest_poll_ms=max(poll, 6 * 3_600_000) if self.poll_s >= 60 else poll * 8,
            settle_ms=int(self.timeout_s * 1000),
            retry_ms=retry,
            longest_retry_ms=max(retry, 300_000) if self.retry_s >= 2 else retry * 8,
        )
