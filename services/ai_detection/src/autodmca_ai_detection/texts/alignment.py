"""Which passages two texts have in common, though some of their words differ.

Owns the measurement: runs of three words that stand in both are joined into passages where they follow each
other at about the same distance in both; then the words that are equal in between are counted. Decides
nothing. Time is bounded: runs that stand in the other text more than a few times propose nothing, and the
rest are at most _MOST_SEEDS.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from autodmca_ai_detection.texts.fingerprint import SHINGLE, TextFingerprint, shingles

LEAST_WORDS: Final = 8
LEAST_DENSITY: Final = 0.5
_REACH: Final = 16
"""Words between two runs of one passage, in either text."""
_DRIFT: Final = 6
"""Words by which that distance may differ between the texts."""
_REPEATS: Final = 8
_MOST_SEEDS: Final = 60_000
MOST_PASSAGES: Final = 100


class Passage(NamedTuple):
    """A stretch of the text that was looked at and one of the reference: where they begin and end, in
    characters. `words`: how many are equal and in the same order. `density`: what part that is of the longer
    of the two."""

    query: tuple[int, int]
    reference: tuple[int, int]
    words: int
    density: float


class _Chain:
    """Runs that belong together: pairs of places in the query and the reference, in words."""

    def __init__(self, i: int, j: int) -> None:
        self.places = [(i, j)]


def passages(query: TextFingerprint, reference: TextFingerprint) -> list[Passage]:
    """The passages that both have, those of the most words first; none shares its words with a better one."""
    found = []
    for chain in _chains(_seeds(query, reference)):
        (first_i, first_j), (last_i, last_j) = chain.places[0], chain.places[-1]
        length = max(last_i - first_i, last_j - first_j) + SHINGLE
        words = _equal(chain.places, query, reference)
        if words >= LEAST_WORDS and words >= LEAST_DENSITY * length:
            found.append((words, words / length, first_i, last_i + SHINGLE, first_j, last_j + SHINGLE))
    found.sort(key=lambda each: (-each[0], *each[1:]))
    taken = np.zeros(len(query.numbers), dtype=np.bool_)
    kept: list[Passage] = []
    for words, density, i, i_end, j, j_end in found:
        if 2 * int(taken[i:i_end].sum()) > i_end - i:
            continue
        taken[i:i_end] = True
        kept.append(
            Passage(
                (int(query.spans[i, 0]), int(query.spans[i_end - 1, 1])),
                (int(reference.spans[j, 0]), int(reference.spans[j_end - 1, 1])),
                words,
                round(density, 4),
            )
        )
        if len(kept) == MOST_PASSAGES:
            break
    return kept


def _seeds(query: TextFingerprint, reference: TextFingerprint) -> list[tuple[int, int]]:
    """Places of runs that both have, by the query's place."""
    mine, theirs = shingles(query.numbers), shingles(reference.numbers)
    order = np.argsort(theirs, kind="stable")
    sorted_ = theirs[order]
    low = np.searchsorted(sorted_, mine, "left")
    count = np.searchsorted(sorted_, mine, "right") - low
    count[count > _REPEATS] = 0
    i = np.repeat(np.arange(len(mine)), count)
    within = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    j = order[np.repeat(low, count) + within]
    return list(zip(i.tolist(), j.tolist(), strict=True))[:_MOST_SEEDS]


def _chains(seeds: list[tuple[int, int]]) -> list[_Chain]:
    """Seeds joined to the chain whose end is nearest by drift."""
    done: list[_Chain] = []
    live: list[_Chain] = []
    for i, j in seeds:
        live = [each for each in live if i - each.places[-1][0] <= _REACH]
        best: _Chain | None = None
        least = _DRIFT + 1
        for each in live:
            last_i, last_j = each.places[-1]
            drift = abs((i - last_i) - (j - last_j))
            if i > last_i and 0 < j - last_j <= _REACH and drift < least:
                best, least = each, drift
        if best is None:
            best = _Chain(i, j)
            done.append(best)
            live.append(best)
        else:
            best.places.append((i, j))
    return done


def _equal(places: list[tuple[int, int]], query: TextFingerprint, reference: TextFingerprint) -> int:
    """Words of a chain that are equal and in the same order."""
    total = SHINGLE
    for (i, j), (next_i, next_j) in pairwise(places):
        step = min(next_i - i, next_j - j)
        total += min(step, SHINGLE)
        if step > SHINGLE:
            mine = query.numbers[i + SHINGLE : next_i].tolist()
            theirs = reference.numbers[j + SHINGLE : next_j].tolist()
            blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
            total += sum(block.size for block in blocks)
    return total
