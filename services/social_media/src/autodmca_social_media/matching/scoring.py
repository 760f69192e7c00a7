"""The score of an account against a watched person: fitted weights on what was measured.

Owns the reading of `weights.json`, which `python -m tests.quality.fit_matching` writes, and how a score
becomes a severity and signals. A logistic regression: the score is the probability that the account is an
impersonator, and each signal's part in it is its figure times its weight. Fails with ValueError for a file
of weights that are not those of `features.NAMES`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import exp
from operator import mul
from typing import Final, Literal

import msgspec
from autodmca_events.scalars import Urgency
from autodmca_events.social_media import Signal
from msgspec import Struct

from autodmca_social_media.matching.features import NAMES, Prepared, figures, is_own
from autodmca_social_media.matching.profiles import Account

Verdict = Literal["own", "no_match", "match"]


class Weights(Struct, frozen=True, kw_only=True):
    """`thresholds`: the least score of each severity that is an incident."""

    bias: float
    weights: dict[str, float]
    thresholds: dict[Urgency, float]


class Part(Struct, frozen=True):
    """A signal: what was measured, what it weighs, and what it added to the log-odds of the score."""

    name: str
    value: float
    weight: float
    contribution: float


class Match(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`score`: 0-1. `severity`: None where this is no incident. `signals`: in the words of the event;
    `parts`: everything that counted, the heaviest first."""

    verdict: Verdict
    score: float
    severity: Urgency | None = None
    signals: tuple[Signal, ...] = ()
    parts: tuple[Part, ...] = ()


_SIGNALS: Final[tuple[tuple[Signal, tuple[str, ...]], ...]] = (
    ("handle_exact", ("handle_exact",)),
    ("handle_near", ("handle_near", "handle_contained")),
    ("homoglyph", ("homoglyph",)),
    ("affix", ("handle_bait", "handle_fan", "handle_parody", "handle_region")),
    ("display_name", ("display_near",)),
    ("avatar_match", ("avatar_match",)),
    ("bio_copy", ("bio_copy",)),
    ("content_match", ("content_match",)),
)
_RISING: Final[tuple[Urgency, ...]] = ("critical", "high", "medium", "low")


class Scorer:
    """Scores with one set of weights."""

    def __init__(self, weights: Weights) -> None:
        if tuple(weights.weights) != NAMES:
            raise ValueError("weights.json is not of these figures; run python -m tests.quality.fit_matching")
        self.weights = weights
        self._weights = tuple(weights.weights.values())

    def score(self, prepared: Prepared, account: Account) -> float:
        """0-1; 0 for the person's own accounts."""
        if is_own(prepared, account):
            return 0.0
        return self.of(figures(prepared, account))

    def of(self, measured: tuple[float, ...]) -> float:
        """The score of what `figures` measured."""
        odds = self.weights.bias + sum(map(mul, measured, self._weights))
        return 1.0 / (1.0 + exp(-max(-60.0, min(60.0, odds))))

    def severity(self, score: float) -> Urgency | None:
        """How grave an incident with this score is; None: it is none."""
        thresholds = self.weights.thresholds
        return next((urgency for urgency in _RISING if score >= thresholds[urgency]), None)

    def match(self, prepared: Prepared, account: Account) -> Match:
        """The score with all that led to it."""
        if is_own(prepared, account):
            return Match(verdict="own", score=0.0)
        measured = figures(prepared, account)
        score = self.of(measured)
        severity = self.severity(score)
        found = dict(zip(NAMES, measured, strict=True))
        parts = [
            Part(name, round(value, 4), round(weight, 4), round(value * weight, 4))
            for (name, value), weight in zip(found.items(), self._weights, strict=True)
            if value
        ]
        parts.sort(key=lambda part: -abs(part.contribution))
        return Match(
            verdict="no_match" if severity is None else "match",
            score=round(score, 4),
            severity=severity,
            signals=tuple(name for name, of in _SIGNALS if any(found[each] > 0 for each in of)),
            parts=tuple(parts),
        )


@cache
def scorer() -> Scorer:
    """With the weights that come with the package."""
    content = files("autodmca_social_media.matching").joinpath("weights.json").read_bytes()
    return Scorer(msgspec.json.decode(content, type=Weights))
