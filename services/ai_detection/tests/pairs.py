"""Pairs that a model learns from, without a picture."""

from __future__ import annotations

import random

from autodmca_ai_detection.training.measures import Measures, Pair


def known(*, swapped: bool = False) -> list[Pair]:
    """Pairs as pictures give them: copies share much, others share little, with some of each between."""
    chosen = random.Random(3)
    pairs = []
    for number in range(240):
        copy = number % 2 == 0
        sure = chosen.gauss(0.75 if copy else 0.25, 0.15)
        part = min(1.0, max(0.0, sure))
        pairs.append(
            Pair(
                reference=f"r{number % 24}",
                source=f"r{number % 24}",
                copy=copy is not swapped,
                kind="given",
                measures=Measures(
                    inliers=int(120 * part), spread=part, explained=part, shifted=1 - part,
                    residual=0.008 * (1 - part), bits=60 - 30 * part, holes=1 - part, scale=1.0, cover=part,
                    phash=int(40 * (1 - part)), dhash=int(40 * (1 - part)),
                ),
            )
        )  # fmt: skip
    return pairs
