"""When a connection's time is up.

Owns the deadlines of one client: to authenticate, to be heard of, to renew its token. Synchronous, told the
time (seconds since the epoch). Never closes anything: it says what is due.
"""

from enum import Enum, auto
from typing import Final

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

    __slots__ = ("_authenticate_by", "_notified", "expires_at", "heard", "opened", "stalled")

    def __init__(self, now: float) -> None:
        self.opened = self.heard = now
        """When a frame came last."""
        self.stalled: float | None = None
        """Since when the client reads nothing, though it has fallen behind."""
        self.expires_at: int | None = None
        """Of the token; None: there is none yet."""
        self._authenticate_by = now + AUTH_TIMEOUT_S
        self._notified = False

    def renewed(self, expires_at: int) -> None:
        """There is a token, or a newer one."""
        self.expires_at, self._notified = expires_at, False

    def expired(self, now: float) -> bool:
        """Whether nothing more may be delivered."""
        return self.expires_at is not None and now >= self.expires_at

    def due(self, now: float) -> Due | None:
        """What is due at `now`."""
        if self.expires_at is None:
            return Due.NOT_AUTHENTICATED if now >= self._authenticate_by else None
        if now >= self.expires_at:
            return Due.EXPIRED
        if now >= self.heard + HEARTBEAT_TIMEOUT_S:
            return Due.SILENT
        if self.stalled is not None and now >= self.stalled + STALL_TIMEOUT_S:
            return Due.STALLED
        if now >= self.expires_at - EXPIRY_NOTICE_S and not self._notified:
            self._notified = True
            return Due.NOTICE
        return None

    def next(self) -> float:
        """When something may be due next."""
        if self.expires_at is None:
            return self._authenticate_by
        expiry = self.expires_at - (0 if self._notified else EXPIRY_NOTICE_S)
        return min(expiry, self.heard + HEARTBEAT_TIMEOUT_S)
