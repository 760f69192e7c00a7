"""Pairs to learn from, made of a reference while its picture is at hand.

Owns which pairs are made: copies by real edits, and what must not be taken for one: the same scene from
beside, the other half of a page, another picture in the same frame, copies of other references. Pure, and
the same for the same input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

import numpy as np

from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.pictures import fingerprint, hashes
from autodmca_ai_detection.pictures.decoding import Decoded, Grey
from autodmca_ai_detection.pictures.fingerprint import Fingerprint
from autodmca_ai_detection.pictures.verification import compare
from autodmca_ai_detection.training import edits
from autodmca_ai_detection.training.measures import Measures, Pair, measured

MOST_COPIES: Final = 200
_OTHERS: Final = 3
"""Other references that each copy is compared with."""


def pairs_of(
    picture: str, grey: Grey, others: Mapping[str, Fingerprint], *, copies: int = 28, seed: int = 0
) -> list[Pair]:
    """Pairs of one reference: `copies` edited copies, and about as many pairs that are none.

    `others`: fingerprints of references that show something else. Blocks: 0.2 s of a core for each copy.
    Raises Unusable for a picture that makes no reference.
    """
    copies = min(copies, MOST_COPIES)
    rng = np.random.default_rng(int.from_bytes(sha256(f"{seed} {picture}".encode()).digest()[:8]))
    kept = fingerprint.of_reference(_decoded(grey))
    names = sorted(name for name in others if name != picture)
    made: list[Pair] = []
    kinds = [name for _ in range(copies // len(edits.COPIES) + 1) for name in edits.COPIES][:copies]
    for number, kind in enumerate(kinds):
        query = _query(edits.COPIES[kind](grey, rng))
        if query is None:
            continue
        made.append(_pair(picture, picture, kind, query, kept, copy=True))
        if names and number % 2 == 0:
            chosen = rng.choice(names, min(_OTHERS, len(names)), replace=False)
            made += [
                _pair(name, picture, "another picture", query, others[name], copy=False)
                for name in map(str, chosen)
            ]
    made += [
        _pair(picture, picture, kind, query, reference, copy=False)
        for kind, query, reference in _lookalikes(grey, kept, copies // 6 + 1, rng)
    ]
    return made


def compared(query: Fingerprint, reference: Fingerprint) -> Measures:
    """What a model is told of two pictures."""
    return measured(
        compare(query.features, reference.features), *hashes.nearest(query.hashes, reference.hashes)
    )


def _lookalikes(
    grey: Grey, kept: Fingerprint, rounds: int, rng: np.random.Generator
) -> Iterator[tuple[str, Fingerprint, Fingerprint]]:
    """Kind, picture and reference of pairs that are no copies."""
    half = grey.shape[0] // 2
    upper = _query(grey[:half])
    for number in range(rounds):
        beside = _query(_edited(edits.seen_from_beside(grey, rng), rng))
        if beside is not None:
            yield "seen from beside", beside, kept
        lower = _query(_edited(grey[half:], rng))
        if upper is not None and lower is not None:
            yield "the other half", lower, upper
        framed = _query(edits.in_frame(grey, number))
        frame = _query(_edited(edits.in_frame(edits.stand_in(rng), number), rng))
        if framed is not None and frame is not None:
            yield "the same frame", frame, framed


def _edited(grey: Grey, rng: np.random.Generator) -> Grey:
    """As it is, or edited once: what is no copy is posted again as well."""
    kind = str(rng.choice(sorted(edits.SINGLE)))
    return edits.SINGLE[kind](grey, rng) if rng.random() < 0.6 else grey


def _pair(
    reference: str, source: str, kind: str, query: Fingerprint, kept: Fingerprint, *, copy: bool
) -> Pair:
    return Pair(reference=reference, source=source, copy=copy, kind=kind, measures=compared(query, kept))


def _query(grey: Grey) -> Fingerprint | None:
    try:
        return fingerprint.of_query(_decoded(grey))
    except Unusable:
        return None


def _decoded(grey: Grey) -> Decoded:
    grey = edits.at_working_size(grey)
    return Decoded(grey, "grey", grey.shape[1], grey.shape[0], 1)
