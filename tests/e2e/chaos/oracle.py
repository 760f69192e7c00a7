"""What was promised, what each subscription was given, and whether the one is the other.

A `Ledger` owns what the producer handed over, in order, and what of it was acknowledged: that is owed. A
`Reception` judges what one subscription gave its application, event by event: whether it is
somebody else's, unknown, unasked for, given before or out of order. What is owed and was not given is
lost. Never de-duplicates: that is the client's work, and what is judged.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Kind = Literal["lost", "doubled", "reordered", "foreign", "unasked", "unknown", "broken"]
EXAMPLES: Final = 20


@dataclass(slots=True, eq=False)
class Sent:
    """An event as it was handed over. `number` counts from 0 per user and topic; `at` in seconds."""

    id: str
    type: str
    topic: str
    user: int | None
    number: int
    at: float
    acknowledged: bool = False
    repeated: bool = False
    """Handed over again after it had failed: nobody knows where in the log it is."""


class Ledger:
    """All that was handed over."""

    def __init__(self) -> None:
        self._by_id: dict[str, Sent] = {}
        self._by_user: dict[int | None, list[Sent]] = {}
        self._numbers: Counter[tuple[int | None, str]] = Counter()

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Sent]:
        return iter(self._by_id.values())

    def get(self, event_id: str) -> Sent | None:
        """The event of that id."""
        return self._by_id.get(event_id)

    def add(self, event_id: str, event_type: str, topic: str, user: int | None, at: float) -> Sent:
        """The next event of this user (None: everybody's) on this topic. It is not owed yet."""
        place = user, topic
        sent = Sent(event_id, event_type, topic, user, self._numbers[place], at)
        self._numbers[place] += 1
        self._by_id[event_id] = sent
        self._by_user.setdefault(user, []).append(sent)
        return sent

    def owed(self, user: int, types: Collection[str]) -> Iterator[Sent]:
        """What a subscription of `user` to `types` must have been given by the end."""
        for whose in (user, None):
            for sent in self._by_user.get(whose, ()):
                if sent.acknowledged and sent.type in types:
                    yield sent


class Fault(NamedTuple):
    """One thing that should not be."""

    kind: Kind
    who: str
    what: str


class Reception:
    """What one subscription gave its application, and what was wrong with it."""

    def __init__(self, ledger: Ledger, who: str, user: int, types: Iterable[str]) -> None:
        self.who = who
        self.user = user
        self.types = frozenset(types)
        self.faults: list[Fault] = []
        self.slowest: tuple[float, str] = (0.0, "")
        """The longest from the hand-over of an event to its being given, in seconds, and its id."""
        self._ledger = ledger
        self._given: set[str] = set()
        self._newest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._given)

    def take(self, event_id: str, event_type: str, user: int | None, number: int | None, at: float) -> None:
        """The application has been given this event. `number` is what the event itself says."""
        what = f"{event_id} ({event_type}, user {user}, number {number})"
        if user is not None and user != self.user:
            return self.fault("foreign", what)
        sent = self._ledger.get(event_id)
        if sent is None or (sent.type, sent.user, sent.number) != (event_type, user, number):
            return self.fault("unknown", what)
        if sent.type not in self.types:
            return self.fault("unasked", what)
        if event_id in self._given:
            return self.fault("doubled", what)
        self._given.add(sent.id)
        if not sent.repeated:
            newest = self._newest.get(sent.topic, -1)
            if sent.number < newest:
                self.fault("reordered", f"{what} after number {newest}")
            self._newest[sent.topic] = max(newest, sent.number)
        self.slowest = max(self.slowest, (at - sent.at, sent.id))
        return None

    def fault(self, kind: Kind, what: str) -> None:
        """Something is wrong."""
        self.faults.append(Fault(kind, self.who, what))

    def missing(self) -> list[Sent]:
        """What is owed and was not given so far."""
        return [each for each in self._ledger.owed(self.user, self.types) if each.id not in self._given]


class Verdict:
    """All receptions judged. Make it when nothing more is to come."""

    def __init__(self, receptions: Sequence[Reception]) -> None:
        self.faults = [fault for each in receptions for fault in each.faults]
        for each in receptions:
            self.faults += [
                Fault("lost", each.who, f"{sent.id} ({sent.type}, user {sent.user}, number {sent.number})")
                for sent in each.missing()
            ]
        self.given = sum(len(each) for each in receptions)
        self.slowest = max((each.slowest for each in receptions), default=(0.0, ""))

    @property
    def kinds(self) -> dict[Kind, int]:
        """How many faults of each kind."""
        return dict(Counter(each.kind for each in self.faults))

    def __str__(self) -> str:
        if not self.faults:
            return f"{self.given} events given, each once and in order"
        some = "\n".join(f"  {fault.who}: {fault.kind}: {fault.what}" for fault in self.faults[:EXAMPLES])
        return f"{self.given} events given, {self.kinds}:\n{some}"
