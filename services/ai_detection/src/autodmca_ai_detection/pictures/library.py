"""One user's references, and which of them a picture is made of.

Owns two indexes in memory, both FAISS's over binary codes: pHashes, and the codes of local features, whose
votes find what a hash does not. They only propose; the geometry decides. Rebuilt from fingerprints in
state, never stored, never shared between users. Memory: about 30 kB a reference. Searching blocks, and is
not to overlap with a change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from autodmca_ai_detection.pictures import hashes
from autodmca_ai_detection.pictures.features import CODE_BYTES, Codes, Features, mirrored
from autodmca_ai_detection.pictures.fingerprint import Fingerprint
from autodmca_ai_detection.pictures.judgement import Verdict, confidence, confidence_of_whole, verdict
from autodmca_ai_detection.pictures.verification import Evidence, compare, nothing

HASH_BITS: Final = 10
"""How many of 64 bits may differ for a reference to be proposed."""
_MOST_BY_HASH: Final = 8
_MOST_BY_VOTE: Final = 8
_NEIGHBOURS: Final = 3
_VOTE_BITS: Final = 72
_VOTERS: Final = 400
"""Features of the picture that vote: what is shown small still has enough of them."""
_LEAST_VOTES: Final = 3.0
_SMALL: Final = 30_000
"""Codes below which all are compared; above, those of the nearest cells."""
_STEP: Final = 1 << 16
"""A feature's number in the index: its reference's, times this."""

faiss.omp_set_num_threads(1)


class Match(NamedTuple):
    """A reference that a picture is, perhaps, made of. Distances are of pHash and dHash, in bits of 64."""

    reference: str
    confidence: float
    evidence: Evidence
    phash: int
    dhash: int

    @property
    def verdict(self) -> Verdict:
        return verdict(self.confidence)


class Library:
    """Add and remove references by their ids, then `search`."""

    def __init__(self) -> None:
        self._kept: dict[str, Fingerprint] = {}
        self._names: list[str] = []
        self._hashes: HashIndex = HashIndex()
        self._codes: Any = None
        self._stale = False

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, reference: str, fingerprint: Fingerprint) -> None:
        """Keep one; it takes the place of what had its id."""
        self._kept[reference] = fingerprint
        self._stale = True

    def remove(self, reference: str) -> None:
        """Forget one. Raises KeyError."""
        del self._kept[reference]
        self._stale = True

    def search(self, query: Fingerprint) -> list[Match]:
        """Those that have anything in common with the picture, the surest first."""
        if not self._kept:
            return []
        if self._stale:
            self._build()
        flipped = mirrored(query.features)
        found = [
            match
            for name in self._proposed(query, flipped)
            if (match := self._matched(name, query, flipped)) is not None
        ]
        return sorted(found, key=lambda match: (-match.confidence, -match.evidence.inliers, match.reference))

    def _matched(self, name: str, query: Fingerprint, flipped: Features) -> Match | None:
        """By geometry, or as a whole where geometry finds nothing or is unsure."""
        kept = self._kept[name]
        evidence = compare(query.features, kept.features, flipped)
        bits, version = hashes.whole(query.hashes, kept.hashes)
        by_hash = confidence_of_whole(bits)
        if evidence is None:
            if verdict(by_hash) == "no_match":
                return None
            evidence = nothing(version % 4, mirror=version >= 4)
        by_detail = confidence(evidence) if evidence.inliers else 0.0
        return Match(name, max(by_detail, by_hash), evidence, *hashes.nearest(query.hashes, kept.hashes))

    def _build(self) -> None:
        self._names = sorted(self._kept)  # so that all replicas number them alike
        kept = [self._kept[name] for name in self._names]
        self._hashes = HashIndex()
        self._hashes.add(np.array([each.hashes[0].phash for each in kept], dtype=np.uint64))
        codes = np.concatenate([each.features.codes for each in kept])
        counts = [len(each.features.codes) for each in kept]
        numbers = (
            np.repeat(np.arange(len(kept), dtype=np.int64) * _STEP, counts) + np.arange(len(codes)) % _STEP
        )
        self._codes = _code_index(codes, numbers)
        self._stale = False

    def _proposed(self, query: Fingerprint, flipped: Features) -> Iterator[str]:
        wanted = np.array([each.phash for each in query.hashes], dtype=np.uint64)
        near = {number for _, number, _ in sorted(self._hashes.within(wanted, HASH_BITS))[:_MOST_BY_HASH]}
        votes = self._votes(query.features, flipped)
        ranked = sorted(votes, key=lambda number: (-votes[number], number))[:_MOST_BY_VOTE]
        for number in sorted(near | {number for number in ranked if votes[number] >= _LEAST_VOTES}):
            yield self._names[number]

    def _votes(self, query: Features, flipped: Features) -> dict[int, float]:
        """Each feature of the picture and of its mirror image votes for those that have one like it; one that
        many have says little."""
        count = len(query.codes)
        voters = np.linspace(0, count - 1, min(count, _VOTERS)).astype(np.intp)
        codes = np.concatenate((query.codes[voters], flipped.codes[voters]))
        distances, numbers = self._codes.search(codes, _NEIGHBOURS)
        votes: dict[int, float] = defaultdict(float)
        for row, near in zip(numbers // _STEP, (distances <= _VOTE_BITS) & (numbers >= 0), strict=True):
            owners = set(row[near].tolist())
            for owner in owners:
                votes[owner] += 1 / len(owners)
        return votes


class HashIndex:
    """64-bit hashes by the order in which they were added."""

    def __init__(self) -> None:
        self._index = faiss.IndexBinaryFlat(64)

    def add(self, values: npt.NDArray[np.uint64]) -> None:
        """Append hashes."""
        self._index.add(_bytes(values))

    def within(self, values: npt.NDArray[np.uint64], bits: int) -> list[tuple[int, int, int]]:
        """All that differ from any of `values` in at most `bits` bits: distance, number, which value."""
        limits, distances, numbers = self._index.range_search(_bytes(values), bits + 1)
        which = np.repeat(np.arange(len(values)), np.diff(limits.astype(np.int64)))
        return list(zip(distances.tolist(), numbers.tolist(), which.tolist(), strict=True))


def _bytes(values: npt.NDArray[np.uint64]) -> Codes:
    return values.view(np.uint8).reshape(-1, 8)


def _code_index(codes: Codes, numbers: npt.NDArray[np.int64]) -> Any:
    flat = faiss.IndexBinaryFlat(CODE_BYTES * 8)
    if len(codes) < _SMALL:
        index: Any = faiss.IndexBinaryIDMap(flat)
    else:
        cells = int(2 * np.sqrt(len(codes)))
        index = faiss.IndexBinaryIVF(flat, CODE_BYTES * 8, cells)
        index.nprobe = max(8, cells // 140)
        # Cells around features drawn from all: as good here as fitted ones, and made at once.
        flat.add(codes[np.random.default_rng(0).choice(len(codes), cells, replace=False)])
        index.is_trained = True
    index.add_with_ids(codes, numbers)
    return index
