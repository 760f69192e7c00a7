"""One engine's requests for removal, from their arrival to the last decision.

Pure but for the clock that it is given: what is due is done when somebody asks. A request is `submitted`,
then `under_review`; each URL is decided at a moment of its own; with the last one the request is
`approved`, `partially_approved` or `denied`. An appeal reviews once more what was not removed. A removed
URL leaves the results, and some come back later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from autodmca_sandbox.engines.fates import fate_of
from autodmca_sandbox.engines.index import Hit, Web
from autodmca_sandbox.engines.manners import Manners

Status = Literal["submitted", "under_review", "approved", "partially_approved", "denied", "cancelled"]
Outcome = Literal["removed", "not_in_index", "no_action", "pending", "duplicate"]
MAX_REMOVALS: Final = 50_000
BEING_READ: Final = 0.2
"""The part of a review's time that passes before it begins."""


class Pace(NamedTuple):
    """Seconds: the shortest and the longest review of a URL, and from a removal to its relisting."""

    shortest_s: float = 4.0
    longest_s: float = 20.0
    relist_s: float = 30.0


class Item(Struct, rename="camel", omit_defaults=True):
    """One URL of a request."""

    url: str
    outcome: Outcome
    reason: str | None = None
    decides_at: int = 0


class Removal(Struct, rename="camel"):
    """One request for removal, as the engine keeps it. Moments are ms since the Unix epoch."""

    id: str
    reference: str
    status: Status
    items: list[Item]
    submitted_at: int
    reviewed_from: int
    updated_at: int
    appeal: str | None = None


class Engine:
    """One engine. `now_ms` is given to each call; it may not go back."""

    def __init__(self, manners: Manners, web: Web, seed: int, pace: Pace) -> None:
        self.manners = manners
        self.pace = pace
        self._web = web
        self._seed = seed
        self._removals: dict[str, Removal] = {}
        self._open: dict[str, Removal] = {}
        self._by_key: dict[str, Removal] = {}
        self._removed: dict[str, int | None] = {}
        """URL -> when it comes back; None: never."""
        self._ruled: dict[str, tuple[Outcome, str | None]] = {}

    def rule(self, url: str, outcome: Outcome, reason: str | None) -> None:
        """Say what is decided about a URL, whatever its fate."""
        self._ruled[url] = (outcome, reason)

    def submit(
        self, key: str | None, reference: str, urls: Iterable[str], now_ms: int
    ) -> tuple[Removal, bool]:
        """The request, and whether it is new: the same key gives the first one. Raises ValueError when
        full."""
        if key is not None and key in self._by_key:
            return self._caught_up(self._by_key[key], now_ms), False
        if len(self._removals) >= MAX_REMOVALS:
            raise ValueError(f"{MAX_REMOVALS} requests at most")
        number = len(self._removals) + 1
        removal = Removal(
            id=f"{self.manners.name[0]}-{self._seed % 1000:03}{number:07}",
            reference=reference,
            status="submitted",
            items=[self._item(url, now_ms) for url in dict.fromkeys(urls)],
            submitted_at=now_ms,
            reviewed_from=now_ms + int(self.pace.shortest_s * 1000 * BEING_READ),
            updated_at=now_ms,
        )
        self._removals[removal.id] = self._open[removal.id] = removal
        if key is not None:
            self._by_key[key] = removal
        return removal, True

    def find(self, removal_id: str, now_ms: int) -> Removal | None:
        removal = self._removals.get(removal_id)
        return None if removal is None else self._caught_up(removal, now_ms)

    def by_reference(self, reference: str, now_ms: int) -> list[Removal]:
        """Every request that was sent with this reference."""
        return [
            self._caught_up(removal, now_ms)
            for removal in self._removals.values()
            if removal.reference == reference
        ]

    def appeal(self, removal: Removal, text: str, now_ms: int) -> bool:
        """Review again what was not removed; false where there is nothing of the kind, or it was appealed."""
        if removal.status not in ("denied", "partially_approved") or removal.appeal is not None:
            return False
        removal.appeal = text
        self._open[removal.id] = removal
        removal.status, removal.reviewed_from, removal.updated_at = "under_review", now_ms, now_ms
        for item in removal.items:
            if item.outcome == "no_action":
                item.outcome, item.decides_at = "pending", self._decides_at(item.url, now_ms)
        return True

    def cancel(self, removal: Removal, now_ms: int) -> bool:
        """Stop the review; what was decided stays. False once everything is decided."""
        if removal.status not in ("submitted", "under_review"):
            return False
        removal.status, removal.updated_at = "cancelled", now_ms
        return True

    def relist(self, url: str, now_ms: int) -> bool:
        """Let a removed URL come back now; false where it was not removed."""
        if url not in self._removed:
            return False
        self._removed[url] = now_ms
        return True

    def search(self, query: str, now_ms: int, limit: int) -> list[Hit]:
        """The results for a query."""
        self._catch_up_all(now_ms)
        hidden = {url for url, back in self._removed.items() if back is None or back > now_ms}
        return self._web.search(self.manners.name, query, hidden, now_ms, limit)

    def is_indexed(self, url: str, now_ms: int) -> bool:
        """Whether the engine shows this URL at all."""
        self._catch_up_all(now_ms)
        if url in self._removed:
            back = self._removed[url]
            return back is not None and back <= now_ms
        return self._known(url)

    def _known(self, url: str) -> bool:
        if self._web.has(url):
            return True
        if not fate_of(self._seed, self.manners.name, url).indexed:
            return False
        self._web.publish(url)
        return True

    def _item(self, url: str, now_ms: int) -> Item:
        if url in self._ruled:
            return Item(url, "pending", decides_at=self._decides_at(url, now_ms))
        if self._removed.get(url, now_ms) is None:
            return Item(url, "duplicate", "This URL is removed already.")
        if not self._known(url):
            return Item(url, "not_in_index")
        return Item(url, "pending", decides_at=self._decides_at(url, now_ms))

    def _decides_at(self, url: str, now_ms: int) -> int:
        delay = fate_of(self._seed, self.manners.name, url).delay
        span = self.pace.longest_s - self.pace.shortest_s
        return now_ms + int((self.pace.shortest_s + delay * span) * 1000)

    def _catch_up_all(self, now_ms: int) -> None:
        for removal in list(self._open.values()):
            if self._caught_up(removal, now_ms).status not in ("submitted", "under_review"):
                del self._open[removal.id]

    def _caught_up(self, removal: Removal, now_ms: int) -> Removal:
        if removal.status not in ("submitted", "under_review"):
            return removal
        if now_ms >= removal.reviewed_from and removal.status == "submitted":
            removal.status, removal.updated_at = "under_review", removal.reviewed_from
        for item in removal.items:
            if item.outcome == "pending" and now_ms >= item.decides_at:
                item.outcome, item.reason = self._decision(item.url, appealed=removal.appeal is not None)
                removal.updated_at = max(removal.updated_at, item.decides_at)
                if item.outcome == "removed":
                    self._removed[item.url] = self._comes_back(item.url, item.decides_at)
        if removal.status == "under_review" and all(item.outcome != "pending" for item in removal.items):
            removal.status = _verdict(removal.items)
        return removal

    def _decision(self, url: str, *, appealed: bool) -> tuple[Outcome, str | None]:
        if url in self._ruled:
            return self._ruled[url]
        fate = fate_of(self._seed, self.manners.name, url)
        if fate.decision == "no_action" and appealed and fate.appeal_wins:
            return "removed", None
        return fate.decision, fate.reason

    def _comes_back(self, url: str, removed_at: int) -> int | None:
        if not fate_of(self._seed, self.manners.name, url).relisted:
            return None
        return removed_at + int(self.pace.relist_s * 1000)


def _verdict(items: list[Item]) -> Status:
    kept = sum(item.outcome == "no_action" for item in items)
    if not kept:
        return "approved"
    return "denied" if kept == len(items) else "partially_approved"
