"""The client's half of an incremental fetch session with one broker (KIP-227). Without I/O.

The broker remembers what is read and from where: a request names what has changed since the last one, and a
response only what has something to say, so that a hundred quiet partitions cost neither side anything. Owns
what the broker has been told, and the session's id and epoch. After any fault the next request names
everything, in a new session. A broker that keeps none, or no more of them, is asked for everything each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from autodmca_kafka.fetch_wire import Wanted

__all__ = ["SESSION_ERRORS", "Changes", "FetchSession"]

ID_NOT_FOUND: Final = 70
INVALID_EPOCH: Final = 71
TOPIC_ID_ERROR: Final = 106
SESSION_ERRORS: Final = frozenset({ID_NOT_FOUND, INVALID_EPOCH, TOPIC_ID_ERROR})
LAST_EPOCH: Final = 2**31 - 1

Place = tuple[bytes, int]


class Changes(NamedTuple):
    """What a request says: which session, what is new in it or is read from elsewhere, what no longer."""

    session: tuple[int, int]
    wanted: Sequence[Wanted]
    forgotten: Sequence[Place]


class FetchSession:
    """One request at a time: `request`, then one of `granted` and `lost`."""

    def __init__(self) -> None:
        self._id = 0
        self._epoch = 0
        self._told: dict[Place, Wanted] = {}

    @property
    def whole(self) -> bool:
        """Whether the next request names everything; its order is then the order of reading."""
        return self._epoch == 0

    def request(self, wanted: Sequence[Wanted]) -> Changes:
        """What to say so that exactly `wanted` is read."""
        session, told = (self._id, self._epoch), self._told
        if self.whole:
            self._told = {each[:2]: each for each in wanted}
            return Changes(session, wanted, ())
        changed = [each for each in wanted if told.get(each[:2]) != each]
        for each in changed:
            told[each[:2]] = each
        forgotten: list[Place] = []
        if len(told) > len(wanted):
            forgotten = [*(told.keys() - {each[:2] for each in wanted})]
            for place in forgotten:
                del told[place]
        return Changes(session, changed, forgotten)

    def granted(self, session_id: int) -> None:
        """The last request was answered; 0: in no session, or no longer."""
        self._id = session_id
        if session_id == 0:
            self._epoch = 0
        else:
            self._epoch = self._epoch + 1 if self._epoch < LAST_EPOCH else 1

    def lost(self, error_code: int | None = None) -> None:
        """It was refused or not answered. The next one ends the session and asks for another."""
        self._epoch = 0
        if error_code == ID_NOT_FOUND:
            self._id = 0
