"""The outside world for the services of a local run: where engines are, and how fast things go there.

Owns these defaults alone; the environment that `make run` was started with overrides each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

KEY: Final = "sandbox-key"
"""What the sandbox's engines ask for; no secret."""


def outside(world: str) -> Mapping[str, str]:
    """The environment of services that reach the world at this address."""
    engines = (
        f"google=key:{world}/google",
        f"bing=key:{world}/bing",
        f"yandex=lookup:{world}/yandex",
        f"duckduckgo=packet:{world}/duckduckgo",
    )
    return {
        "SANDBOX_API_KEY": KEY,
        "DELISTING_ENGINES": ",".join(engines),
        "DELISTING_ENGINE_KEY": KEY,
        "DELISTING_POLL_SECONDS": "2",
        "DELISTING_WATCH_SECONDS": "5",
        "DELISTING_LONGEST_WATCH_SECONDS": "20",
        "DELISTING_LUMEN_URL": f"{world}/lumen",
        "DELISTING_LUMEN_TOKEN": KEY,
        "SOCIAL_MEDIA_MASTODON_URL": f"{world}/mastodon",
        "SOCIAL_MEDIA_MASTODON_TOKEN": KEY,
        "SOCIAL_MEDIA_BLUESKY_URL": f"{world}/bluesky",
        "SOCIAL_MEDIA_BLUESKY_HANDLE": "autodmca.example",
        "SOCIAL_MEDIA_BLUESKY_PASSWORD": KEY,
        "SOCIAL_MEDIA_POLL_SECONDS": "4",
        "SOCIAL_MEDIA_ALLOWED_NETWORKS": ",".join(_around(world)),
        "AI_DETECTION_ALLOWED_NETWORKS": ",".join(_around(world)),
        "ACCOUNTS_WEBHOOK_KEY": KEY,
        "ACCOUNTS_ALLOWED_NETWORKS": ",".join(_around(world)),
    }


def _around(world: str) -> tuple[str, ...]:
    """The networks in which the world at this address may be: this machine's own, or a cluster's."""
    if urlsplit(world).hostname in ("localhost", "127.0.0.1", "::1"):
        return "127.0.0.0/8", "::1/128"
    return "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"
