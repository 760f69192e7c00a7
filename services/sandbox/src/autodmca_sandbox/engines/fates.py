"""What an engine will decide about a URL, and when: the same for the same seed, engine and URL. Pure."""

from __future__ import annotations

import hashlib
from typing import Final, Literal, NamedTuple

Decision = Literal["removed", "no_action"]

_NO_ACTION: Final = 0.22
_UNKNOWN: Final = 0.08
_RELISTED: Final = 0.15
_APPEALS_WON: Final = 0.5
REASONS: Final = (
    "The page shows a licensed copy.",
    "The notice does not say which work is copied on this page.",
    "The page links to the work and does not host it.",
    "The use appears to be fair use; see our policy on commentary.",
)


class Fate(NamedTuple):
    """`delay`, 0 to 1: where in the span of review times this URL is decided."""

    indexed: bool
    decision: Decision
    reason: str | None
    appeal_wins: bool
    relisted: bool
    delay: float


def fate_of(seed: int, engine: str, url: str) -> Fate:
    """What happens to a URL that nobody has decided about by hand."""
    draws = iter(hashlib.blake2b(f"{seed}|{engine}|{url}".encode(), digest_size=24).digest())

    def draw() -> float:
        return (next(draws) << 16 | next(draws) << 8 | next(draws)) / 2**24

    indexed = draw() >= _UNKNOWN
    stays = draw() < _NO_ACTION
    reason = REASONS[int(draw() * len(REASONS))] if stays else None
    return Fate(
        indexed,
        "no_action" if stays else "removed",
        reason,
        draw() < _APPEALS_WON,
        draw() < _RELISTED,
        draw(),
    )
