"""When a connection's time is up.

Owns the deadlines of one client: to authenticate, to be heard of, to renew its token. Synchronous, told the
time: `now` by the steady clock, `wall` in seconds since the epoch by the wall clock, by which alone a token
expires. Never closes anything: it says what is due.
"""

from enum import Enum, auto
from typing import Final

from autodmca_runtime import Claims

from autodmca_edge.timers import NEAR_S

__all__ = ["AUTH_TIMEOUT_S", "HEARTBEAT_INTERVAL_S", "HEARTBEAT_TIMEOUT_S", "Deadlines", "Due"]
STALL_TIMEOUT_S: Final = 60

HEARTBEAT_INTERVAL_S: Final = 30
HEARTBEAT_TIMEOUT_S: Final = 60
AUTH_TIMEOUT_S: Final = 10
EXPIRY_NOTICE_S: Final = 60


class Due(Enum):
    """What is due."""

    NOT_AUTHENTICATED = auto()
    EXPIRED = auto()
    SILENT = auto()
    STALLED = auto()
    NOTICE = auto()
    """The token expires within a minute; said once a token."""


class Deadlines:
    """The deadlines of one connection, opened at `now`."""

    __slots__ = ("_authenticate_by", "_good_until", "_notified", "expires_at", "heard", "opened", "stalled")

    def __init__(self, now: float) -> None:
        self.opened = self.heard = now
        """When a frame came last."""
        self.stalled: float | None = None
        """Since when the client reads nothing, though it has fallen behind."""
        self.expires_at: int | None = None
        """Of the token; None: there is none yet."""
        self._good_until = 0
        self._authenticate_by = now + AUTH_TIMEOUT_S
        self._notified = False

    def renewed(self, claims: Claims) -> None:
        """There is a token, or another one."""
        self.expires_at, self._good_until, self._notified = claims.expires_at, claims.good_until, False

    def expired(self, wall: float) -> bool:
        """Whether nothing more may be delivered."""
        return self.expires_at is not None and wall >= self._good_until

    def due(self, now: float, wall: float) -> Due | None:
        """What is due."""
        if self.expires_at is None:
            return Due.NOT_AUTHENTICATED if now >= self._authenticate_by else None
        if wall >= self._good_until:
            return Due.EXPIRED
        if now >= self.heard + HEARTBEAT_TIMEOUT_S:
            return Due.SILENT
        if self.stalled is not None and now >= self.stalled + STALL_TIMEOUT_S:
            return Due.STALLED
        if wall >= self.expires_at - EXPIRY_NOTICE_S and not self._notified:
            self._notified = True
            return Due.NOTICE
        return None

    def sooner(self, now: float, wall: float) -> tuple[float, float]:
        """When, by the steady clock, to ask besides, since another token ends sooner: for the notice of its
        expiry, and for that."""
        assert self.expires_at is not None
        return now + self.expires_at - EXPIRY_NOTICE_S - wall, now + self._good_until - wall

    def next(self, now: float, wall: float) -> float:
        """When, by the steady clock, something may be due next."""
        if self.expires_at is None:
            return self._authenticate_by
        left = (self._good_until if self._notified else self.expires_at - EXPIRY_NOTICE_S) - wall
        if left > NEAR_S:
            left -= NEAR_S  # asked once before, so that it is met exactly
        return min(now + left, self.heard + HEARTBEAT_TIMEOUT_S)
