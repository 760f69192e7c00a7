"""Replays whose beginning in the log is being looked up.

Owns these replays while the log is asked: side by side, so that one whose broker is away holds up no other of
its connection. A replay that can begin goes to `ready`; one that has waited for too long, or that failed, is
answered and given up. Never hands out an event.
"""

from collections.abc import Callable

import structlog

from autodmca_edge.log.errors import BadCursor, PastEnd
from autodmca_edge.log.partition import Partition
from autodmca_edge.protocol import Refusal
from autodmca_edge.replay.client import Client
from autodmca_edge.replay.gate import Replay
from autodmca_edge.replay.resume import Abandoned, ResumePoints, TooLong

__all__ = ["Lookups"]

log = structlog.get_logger()


class Lookups:
    """All of a node. `ready` is called once for each that is not given up meanwhile."""

    def __init__(self, points: ResumePoints, ready: Callable[[Replay], None]) -> None:
        self._points = points
        self._ready = ready
        self._of: dict[Client, dict[Replay, None]] = {}

    def __len__(self) -> int:
        """How many."""
        return sum(map(len, self._of.values()))

    def of(self, client: Client) -> list[Replay]:
        """Those of a connection."""
        return [*self._of.get(client, ())]

    def add(self, replay: Replay) -> None:
        """From now on, until it is ready or removed."""
        self._of.setdefault(replay.client, {})[replay] = None

    def remove(self, replay: Replay) -> bool:
        """Whether it was here."""
        mine = self._of.get(replay.client, {})
        if replay not in mine:
            return False
        del mine[replay]
        if not mine:
            del self._of[replay.client]
        return True

    def at_once(self, replay: Replay) -> bool:
        """Most of who comes back was away for a moment only, and need not wait for anything."""
        try:
            starts = self._points.at_once(replay)
        except BadCursor as fault:
            replay.reason, starts = fault.reason, {}
        if starts is None:
            return False
        self._done(replay, starts)
        return True

    async def run(self, replay: Replay) -> None:
        """Ask the log."""
        try:
            self._done(replay, await self._points.of(replay))
        except BadCursor as fault:
            replay.reason = fault.reason
            self._done(replay, {})
        except PastEnd:
            replay.reason = "epoch"  # the topic went away while we looked
            self._done(replay, {})
        except Abandoned:
            pass
        except TooLong as fault:
            self._give_up(replay, Refusal("not_ready", str(fault), retryable=True))
        except Exception:  # a task's top: whoever waits is answered all the same
            log.exception("replay failed", connection_id=replay.client.connection_id)
            self._give_up(replay, Refusal("internal", "the replay failed", retryable=True))

    def _done(self, replay: Replay, starts: dict[Partition, int]) -> None:
        if self.remove(replay):
            replay.starts = starts
            self._ready(replay)

    def _give_up(self, replay: Replay, refusal: Refusal) -> None:
        if self.remove(replay):
            replay.drop()
            replay.release()
            assert replay.reply is not None
            replay.reply.refuse(refusal)
