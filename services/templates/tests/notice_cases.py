"""Labelled notices, and how well they are read: kinds, and the elements of each.

The public notices come from the shared data folder in two halves by a fixed hash of their names: cues were
written with one half in sight, and the other was scored before it was opened (kinds 18 of 19, elements
precision 0.99, recall 0.90). Every other text was written for the tests.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from autodmca_templates.notices import COUNTER_NOTICE_ELEMENTS, TAKEDOWN_ELEMENTS, analyse, find_elements

HERE: Final = Path(__file__).parent
PUBLIC: Final = HERE.parents[3] / "shared" / "data" / "notices"
ELEMENTS: Final = {
    "takedown": TAKEDOWN_ELEMENTS,
    "anti_circumvention": TAKEDOWN_ELEMENTS,
    "counter_notice": COUNTER_NOTICE_ELEMENTS,
}


class Case(NamedTuple):
    """A text, what it is, and which elements of its kind it lacks."""

    name: str
    text: str
    kind: str
    absent: tuple[str, ...]


class Row(NamedTuple):
    """Of one kind or element: how exact and how complete it is told, and in how many texts it is."""

    name: str
    precision: float
    recall: float
    texts: int


class Score:
    """Of several cases: kinds told right, and hits, false alarms and misses of each element."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.kinds: Counter[tuple[str, str]] = Counter()
        self.hits: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.misses: Counter[str] = Counter()
        for case in cases:
            self._add(case)

    def _add(self, case: Case) -> None:
        self.kinds[case.kind, analyse(case.text).kind] += 1
        for element in find_elements(case.text, ELEMENTS.get(case.kind, ())):
            wanted = element.name not in case.absent
            counter = {(True, True): self.hits, (False, True): self.alarms, (True, False): self.misses}
            counter.get((wanted, element.present), Counter())[element.name] += 1

    @property
    def texts(self) -> int:
        return self.kinds.total()

    @property
    def kinds_right(self) -> float:
        return sum(count for (wanted, got), count in self.kinds.items() if wanted == got) / self.texts

    @property
    def elements(self) -> Row:
        """All elements together."""
        return _row("all elements", *(each.total() for each in (self.hits, self.alarms, self.misses)))

    def by_kind(self) -> Iterator[Row]:
        for kind in sorted({wanted for wanted, _ in self.kinds}):
            right = self.kinds[kind, kind]
            told = sum(count for (_, got), count in self.kinds.items() if got == kind)
            were = sum(count for (wanted, _), count in self.kinds.items() if wanted == kind)
            yield _row(kind, right, told - right, were - right)

    def by_element(self) -> Iterator[Row]:
        for name in (*TAKEDOWN_ELEMENTS, *COUNTER_NOTICE_ELEMENTS):
            row = _row(name, self.hits[name], self.alarms[name], self.misses[name])
            if row.texts or self.alarms[name]:
                yield row


def load(file: str, key: str) -> list[dict[str, Any]]:
    """The rows of one of the files beside this one."""
    rows: list[dict[str, Any]] = tomllib.loads((HERE / file).read_text(encoding="utf-8"))[key]
    return rows


def samples() -> list[Case]:
    """Notices that were written for the tests, in many hands."""
    rows = load("notice_samples.toml", "sample")
    return [Case(row["name"], row["text"], row["kind"], tuple(row.get("absent", ()))) for row in rows]


def public(*, held: bool) -> list[Case]:
    """The half of the public notices that was held back, or the one in sight. Raises FileNotFoundError."""
    return [
        Case(
            row["file"],
            (PUBLIC / row["file"]).read_text(encoding="utf-8"),
            row["kind"],
            tuple(row.get("absent", ())),
        )
        for row in load("notice_labels.toml", "notice")
        if hashlib.sha256(row["file"].encode()).digest()[0] % 2 == int(held)
    ]


def _row(name: str, hits: int, alarms: int, misses: int) -> Row:
    return Row(name, hits / max(1, hits + alarms), hits / max(1, hits + misses), hits + misses)
