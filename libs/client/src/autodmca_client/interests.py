"""The subscriptions of a client as the session knows them, and which of them an event is for.

Outlives connections: each subscription keeps cursors and seen ids of its own, since one may be replaying
yesterday while another is live. Pure state, no I/O. Bounded: the ids per subscription; not the number of
subscriptions, which is the application's (the edge limits it).
"""

import enum
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autodmca_client import wire
from autodmca_client.cursors import Cursors, SeenIds, position_of
from autodmca_client.held import Held
from autodmca_client.matching import Matcher


class Stage(enum.Enum):
    """Where a subscription stands on the present connection."""

    WANTED = "wanted"
    ASKED = "asked"  # `subscribe` was sent
    STANDING = "standing"  # `subscribed` came
    LEAVING = "leaving"  # `unsubscribe` was sent; its events are still on their way


class Interest:
    """One named interest and how far it has come. Raises BadFilter for filters that mean nothing."""

    def __init__(
        self,
        interest_id: str,
        types: Sequence[str],
        filters: dict[str, Any],
        *,
        since: str | None,
        resume: Sequence[str],
        remembered_ids: int,
    ) -> None:
        self.id = interest_id
        self.types = tuple(types)
        self.filters = filters
        self.matcher = Matcher(filters, types)
        self.since = since
        self.cursors = Cursors(resume)
        self.seen = SeenIds(remembered_ids)
        self.held = Held(remembered_ids)
        self.stage = Stage.WANTED
        self.attempts = 0
        self.retry_at: float | None = None

    @property
    def catches_up(self) -> bool:
        """Whether a replay of the past is still to come for it."""
        owed = self.stage in (Stage.WANTED, Stage.ASKED)
        return owed and (self.since is not None or len(self.cursors) > 0)

    def confirm(self, cursors: Sequence[str], *, gap: bool) -> None:
        """The edge answered `subscribed`."""
        self.stage = Stage.STANDING
        self.attempts = 0
        if gap:
            self.cursors.replace(cursors)
        else:
            self.cursors.update(cursors)

    def retry_later(self, moment: float) -> None:
        """The edge refused for now."""
        self.stage = Stage.WANTED
        self.attempts += 1
        self.retry_at = moment


class Takers(NamedTuple):
    """The subscriptions that an event is new to.

    The `settled` ones stand, the `early` ones begin without a past, the `behind` ones wait for a replay.
    The event's cursor says how far the settled ones have come. A subscription that is behind must not be
    given the event before its own replay has passed it. An event that can have come for that subscription
    only (`alone`) proves that the replay has passed everything before it.
    """

    settled: Sequence[Interest] = ()
    early: Sequence[Interest] = ()
    behind: Sequence[Interest] = ()
    alone: bool = False


class Interests:
    """All subscriptions of a client."""

    def __init__(self) -> None:
        self.own_user_id: int | None = None
        self._by_id: dict[str, Interest] = {}
        self._by_type: dict[str, tuple[Interest, ...]] = {}

    def add(self, interest: Interest) -> None:
        """Add one; ids are never used twice."""
        self._by_id[interest.id] = interest
        self._index()

    def get(self, interest_id: str) -> Interest | None:
        """The subscription of that name."""
        return self._by_id.get(interest_id)

    def leave(self, interest_id: str) -> bool:
        """The application wants it no longer; whether the edge must be told."""
        interest = self._by_id.get(interest_id)
        if interest is None or interest.stage is Stage.LEAVING:
            return False
        if interest.stage is Stage.WANTED:
            self.gone(interest_id)
            return False
        interest.stage = Stage.LEAVING
        return True

    def gone(self, interest_id: str) -> None:
        """Forget it."""
        if self._by_id.pop(interest_id, None) is not None:
            self._index()

    def forget_connection(self) -> None:
        """A connection ended: nothing stands any more, and who was leaving is gone."""
        for interest in list(self._by_id.values()):
            if interest.stage is Stage.LEAVING:
                self.gone(interest.id)
            else:
                interest.stage = Stage.WANTED
                interest.retry_at = None
                interest.held.clear()

    def wanted(self) -> list[Interest]:
        """Those to be asked for on a connection that has just opened."""
        return [each for each in self._by_id.values() if each.stage is Stage.WANTED]

    def standing(self) -> list[Interest]:
        """Those that the edge has confirmed."""
        return [each for each in self._by_id.values() if each.stage is Stage.STANDING]

    def due(self, now: float) -> list[Interest]:
        """Those that were refused for a while that is over."""
        return [each for each in self._by_id.values() if each.retry_at is not None and each.retry_at <= now]

    def retry_times(self) -> Iterator[float]:
        """When those refused for a while are due."""
        return (each.retry_at for each in self._by_id.values() if each.retry_at is not None)

    def claimants(self, message: wire.Message) -> Sequence[Interest]:
        """The subscriptions that an event is for, by type and, where several have the type, by filter."""
        candidates = self._by_type.get(message.type, ())
        if len(candidates) < 2:
            return candidates
        payload: dict[str, Any] | None = None

        def fields() -> dict[str, Any]:
            nonlocal payload
            if payload is None:
                payload = wire.fields(message.payload)
            return payload

        return [
            each
            for each in candidates
            if each.matcher.matches(user_id=message.user_id, payload=fields, own_user_id=self.own_user_id)
        ]

    def takers(self, claimants: Sequence[Interest], message: wire.Message) -> Takers:
        """Those among `claimants` for which the event is new; of the settled ones the cursors are moved.

        While the edge replays for one subscription, what it replays is no news to another that is already
        past that position. One that does not stand yet keeps its cursors until the edge says that it has
        caught up, since an event may have come for another's sake; a lone one has no such doubt.
        """
        cursor = message.cursor
        crowded = len(self._by_id) > 1
        replaying = crowded and any(each.catches_up for each in self._by_id.values())
        settled: list[Interest] = []
        early: list[Interest] = []
        behind: list[Interest] = []
        past = 0
        for each in claimants:
            if replaying and cursor is not None and each.cursors.is_behind(cursor):
                past += 1
                continue
            stands = not crowded or each.stage in (Stage.STANDING, Stage.LEAVING)
            if not stands and each.catches_up and cursor is not None and position_of(cursor) is not None:
                if message.id not in each.seen:
                    behind.append(each)
                continue
            if cursor is not None and stands:
                each.cursors.add(cursor)
            is_new = not message.id or each.seen.is_new(message.id)
            if is_new and each.stage is not Stage.LEAVING:
                (settled if stands else early).append(each)
        return Takers(settled, early, behind, len(claimants) - past == 1)

    def _index(self) -> None:
        by_type: dict[str, list[Interest]] = {}
        for interest in self._by_id.values():
            for name in dict.fromkeys(interest.types):
                by_type.setdefault(name, []).append(interest)
        self._by_type = {name: tuple(interests) for name, interests in by_type.items()}
