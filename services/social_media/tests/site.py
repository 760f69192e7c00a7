"""The service over a log in memory, whose clock the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from autodmca_service.testing import MemoryLog, Site, memory_site
from autodmca_social_media.answers import answered
from autodmca_social_media.matching.scoring import scorer
from autodmca_social_media.model.commands import AnyCommand
from autodmca_social_media.model.model import model
from autodmca_social_media.model.state import Entity, Rules
from autodmca_social_media.operations import operations
from autodmca_social_media.service import SocialMedia

PLATFORMS = ("mastodon", "bluesky")
RULES = Rules(
    platforms=PLATFORMS,
    poll_ms=1_000,
    longest_poll_ms=4_000,
    retry_ms=500,
    longest_retry_ms=4_000,
    settle_ms=500,
    told_ms=0,
)


def memory_log() -> MemoryLog[Any, Any, Any]:
    return MemoryLog("social_media", model=model(RULES), answer=answered, state=Entity, command=AnyCommand)


@asynccontextmanager
async def social_site(log: MemoryLog[Any, Any, Any] | None = None) -> AsyncIterator[Site]:
    log = log or memory_log()
    async with memory_site(log, lambda desk: operations(SocialMedia(desk, scorer(), PLATFORMS))) as site:
        yield site
