"""How platforms answer: user 0's state, from what calls of every replica returned. Pure."""

from __future__ import annotations

from typing import Final

from autodmca_events import SocialMediaPlatformStatus, rfc3339
from msgspec import structs

from autodmca_social_media import ids
from autodmca_social_media.model.changes import Changes
from autodmca_social_media.model.commands import Observed
from autodmca_social_media.model.state import PlatformStatus

DOWN_AFTER: Final = 3
"""Errors in a row after which a platform counts as down; before, it is degraded."""


def observed(changes: Changes, command: Observed) -> int:
    called = command.called
    name = ids.platform_id(called.platform)
    old = changes.get(name)
    before = old if isinstance(old, PlatformStatus) else None
    status = before or PlatformStatus(platform=called.platform)
    status = structs.replace(
        status,
        rate_limit=_newer(called.rate_limit, status.rate_limit),
        rate_limit_remaining=_newer(called.rate_limit_remaining, status.rate_limit_remaining),
        rate_limit_reset_at=_newer(called.rate_limit_reset_at, status.rate_limit_reset_at),
        latency_ms=_newer(called.latency_ms, status.latency_ms),
        message=called.message,
    )
    if called.trouble is None:
        status = structs.replace(
            status, status="operational", consecutive_errors=0, last_success_at=called.at, message=None
        )
    elif called.trouble == "down":
        errors = status.consecutive_errors + 1
        state = "down" if errors >= DOWN_AFTER else "degraded"
        status = structs.replace(status, status=state, consecutive_errors=errors)
    else:
        status = structs.replace(status, status=called.trouble)
    changes.put(name, status)
    if before is None or before.status != status.status:
        changes.tell(
            SocialMediaPlatformStatus(
                platform=status.platform,
                status=status.status,
                rate_limit=status.rate_limit,
                rate_limit_remaining=status.rate_limit_remaining,
                rate_limit_reset_at=rfc3339(status.rate_limit_reset_at),
                latency_ms=status.latency_ms,
                consecutive_errors=status.consecutive_errors,
                last_success_at=rfc3339(status.last_success_at),
                message=status.message,
            )
        )
    return 1


def _newer(new: int | None, old: int | None) -> int | None:
    return old if new is None else new
