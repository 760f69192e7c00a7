"""How exactly impersonators are told from everybody else, on persons that no weight was fitted on."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from autodmca_social_media.matching.features import Prepared
from autodmca_social_media.matching.profiles import Account, Person
from autodmca_social_media.matching.scoring import scorer

from tests.quality.impersonators.pairs import KINDS, Pair, pairs

PERSONS: Final = range(500_000, 500_200)
_GRAVE: Final = ("high", "critical")


class Judged(NamedTuple):
    """Counts of pairs by kind and severity (None: no incident)."""

    counts: Counter[tuple[str, str | None]]
    wrong: tuple[tuple[Pair, float], ...]

    def precision(self, severities: tuple[str, ...] | None = None) -> float:
        found = {key: n for key, n in self.counts.items() if _is_in(key[1], severities)}
        return sum(n for (kind, _), n in found.items() if kind == "impersonator") / max(
            1, sum(found.values())
        )

    def recall(self, severities: tuple[str, ...] | None = None) -> float:
        guilty = {key: n for key, n in self.counts.items() if key[0] == "impersonator"}
        return sum(n for key, n in guilty.items() if _is_in(key[1], severities)) / max(
            1, sum(guilty.values())
        )

    @property
    def f1(self) -> float:
        precision, recall = self.precision(), self.recall()
        return 2 * precision * recall / max(1e-9, precision + recall)

    @property
    def grave_precision(self) -> float:
        """At severity `high` and above."""
        return self.precision(_GRAVE)


def judge(judged: Iterable[Pair]) -> Judged:
    """Every pair, by the weights that come with the package."""
    score = scorer()
    counts: Counter[tuple[str, str | None]] = Counter()
    wrong = []
    for pair in judged:
        match = score.match(Prepared(pair.person), pair.account)
        counts[pair.kind, match.severity] += 1
        if pair.guilty is (match.severity is None):
            wrong.append((pair, match.score))
    return Judged(counts, tuple(wrong))


def held_out() -> Judged:
    """Two thousand pairs of two hundred persons, with words that no weight was fitted on."""
    return judge(pairs(PERSONS, 1))


def written(name: str = "written.toml") -> Judged:
    """The pairs that a person wrote, in a file beside this one."""
    found = []
    for each in tomllib.loads((Path(__file__).parent / name).read_text())["person"]:
        person = Person(
            handles=tuple(each["handles"]),
            names=tuple(each["names"]),
            bio=each.get("bio", ""),
            own=tuple(each.get("own", ())),
        )
        for kind in KINDS:
            for line in each.get(kind, ()):
                handle, name, said = (part.strip() for part in line.split("|"))
                found.append(Pair(person, Account(handle=handle, display_name=name, bio=said), kind))
    return judge(found)


def table(judged: Judged) -> str:
    """A Markdown table: the figures, and the confusion by kind."""
    severities = ("critical", "high", "medium", "low", None)
    rows = [
        "| pairs | precision | recall | F1 | precision at `high` and above | recall there |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| {judged.counts.total()} | {judged.precision():.4f} | {judged.recall():.4f} | {judged.f1:.4f} "
        f"| {judged.grave_precision:.4f} | {judged.recall(_GRAVE):.4f} |",
        "",
        "| kind | critical | high | medium | low | no incident |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows += [
        f"| {kind} | " + " | ".join(str(judged.counts[kind, severity]) for severity in severities) + " |"
        for kind in KINDS
        if any(judged_kind == kind for judged_kind, _ in judged.counts)
    ]
    return "\n".join(rows)


def _is_in(severity: str | None, severities: tuple[str, ...] | None) -> bool:
    return severity is not None and (severities is None or severity in severities)
