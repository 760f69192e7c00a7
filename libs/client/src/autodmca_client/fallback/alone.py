"""A subscription that has requests of its own: what they bring becomes effects.

Pure. Owns how far the subscription comes meanwhile: an event moves nothing by itself, the positions that the
edge gives with it do, since those are of all the log that it is read from. What cannot be read is counted.
"""

from collections.abc import Sequence

import msgspec

from autodmca_client import wire
from autodmca_client.effects import Confirmed, Deliver, Gap, Positions
from autodmca_client.interests import Interest
from autodmca_client.session import Counters


class Alone:
    """`behind`: what was written before its request began has not all come yet."""

    def __init__(self, interest: Interest, counters: Counters) -> None:
        self.interest = interest
        self.behind = True
        self._counters = counters

    def event(self, data: bytes) -> Deliver | None:
        """An event came; None: it is known already, or no event."""
        self._counters.received += 1
        try:
            message = wire.read(data)
            if message.id and not self.interest.seen.is_new(message.id):
                self._counters.duplicates += 1
                return None
            return Deliver((self.interest.id,), wire.event(message, data))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._counters.unreadable += 1
            return None

    def moved(self, cursors: Sequence[str]) -> Positions:
        """All up to these positions has come."""
        self.interest.cursors.replace(cursors)
        return Positions(self.interest.id, tuple(cursors))

    def stands(self, cursors: Sequence[str], lost: str | None) -> Confirmed:
        """What was written before has come; `lost`: not all of it, and why."""
        self.behind = False
        gap = None
        if lost is not None:
            gap = Gap(self.interest.id, lost)
            self._counters.gaps += 1
        self.interest.cursors.replace(cursors)
        return Confirmed(self.interest.id, tuple(cursors), gap)
