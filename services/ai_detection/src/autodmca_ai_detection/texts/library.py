"""One user's texts, and which of them a text was copied from.

Owns an index in memory: MinHash signatures of windows in bands (`datasketch`), which propose; `alignment`
decides. Rebuilt from fingerprints in state, never stored, never shared between users. Searching blocks, and
is not to overlap with a change. Owns the thresholds, chosen on texts that `make quality` does not judge by.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Final, NamedTuple

from datasketch import MinHashLSH

from autodmca_ai_detection.pictures.judgement import Verdict, verdict
from autodmca_ai_detection.texts.alignment import Passage, passages
from autodmca_ai_detection.texts.fingerprint import TextFingerprint
from autodmca_ai_detection.texts.signatures import PERMUTATIONS, signatures

_BANDS: Final = (64, 2)
"""Bands and rows: two windows of which a quarter of runs is shared are proposed 98 times of 100."""
_MOST_PROPOSED: Final = 16
_COPIED_WORDS: Final = 25
"""Between 22, the most that unrelated texts shared in a row, and 28, the least of copies."""
_SHARED_WORDS: Final = 12
_SHARED_PART: Final = 0.4


class TextMatch(NamedTuple):
    """A reference that a text was, perhaps, copied from. `query_part`, `reference_part`: how many of the
    words of either stand in the passages, as parts of 1."""

    reference: str
    confidence: float
    passages: tuple[Passage, ...]
    words: int
    query_part: float
    reference_part: float

    @property
    def verdict(self) -> Verdict:
        return verdict(self.confidence)


class TextLibrary:
    """Add and remove references by their ids, then `search`."""

    def __init__(self) -> None:
        self._kept: dict[str, TextFingerprint] = {}
        self._windows: dict[str, int] = {}
        self._index = MinHashLSH(num_perm=PERMUTATIONS, params=_BANDS)

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, reference: str, fingerprint: TextFingerprint) -> None:
        """Keep one; it takes the place of what had its id."""
        if reference in self._kept:
            self.remove(reference)
        count = 0
        for count, signature in enumerate(signatures(fingerprint), start=1):
            self._index.insert((reference, count), signature)
        self._kept[reference], self._windows[reference] = fingerprint, count

    def remove(self, reference: str) -> None:
        """Forget one. Raises KeyError."""
        del self._kept[reference]
        for number in range(1, self._windows.pop(reference) + 1):
            self._index.remove((reference, number))

    def search(self, query: TextFingerprint) -> list[TextMatch]:
        """Those that have a passage in common with the text, the surest first."""
        found = [
            _match(name, query, kept, common)
            for name in self._proposed(query)
            if (common := passages(query, (kept := self._kept[name])))
        ]
        return sorted(found, key=lambda match: (-match.confidence, -match.words, match.reference))

    def _proposed(self, query: TextFingerprint) -> list[str]:
        votes: Counter[str] = Counter()
        for signature in signatures(query):
            votes.update({name for name, _ in self._index.query(signature)})
        return sorted(votes, key=lambda name: (-votes[name], name))[:_MOST_PROPOSED]


def _match(name: str, query: TextFingerprint, reference: TextFingerprint, common: list[Passage]) -> TextMatch:
    words = sum(each.words for each in common)
    query_part = min(1.0, words / len(query.numbers))
    reference_part = min(1.0, words / len(reference.numbers))
    longest = common[0].words
    # A long passage is copied; a shorter one is when it is much of either text.
    needed = _SHARED_WORDS if max(query_part, reference_part) >= _SHARED_PART else _COPIED_WORDS
    confidence = 1 / (1 + math.exp(-8 * math.log((longest + 0.5) / needed)))
    return TextMatch(
        name, round(confidence, 4), tuple(common), words, round(query_part, 4), round(reference_part, 4)
    )
