"""What is measured of two pictures, and the pairs that a model learns from.

Owns the figures that a model sees and their version: a model is of use with the figures that it was fitted
on, and with no others, so that VERSION rises whenever a figure's meaning changes, here or in `pictures`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from autodmca_ai_detection.pictures.verification import Evidence, nothing

VERSION: Final = 1
NAMES: Final = (
    "inliers", "spread", "explained", "shifted", "residual", "bits", "holes", "scale", "cover", "phash",
    "dhash",
)  # fmt: skip
"""What the columns of `figures` are made of, in this order."""
_NOTHING: Final = nothing()
"""What stands for two pictures that nothing joins."""

Part = Annotated[float, Meta(ge=0, le=1)]
Floats = npt.NDArray[np.float64]


class Measures(Struct, frozen=True, kw_only=True):
    """Of a picture that was looked at and a reference. See `pictures.verification.Evidence`; nothing joins
    the two where `inliers` is 0. `phash`, `dhash`: the least distances of hashes, in bits of 64."""

    inliers: Annotated[int, Meta(ge=0, le=100_000)]
    spread: Annotated[float, Meta(ge=0, le=100)]
    explained: Part
    shifted: Part
    residual: Part
    bits: Annotated[float, Meta(ge=0, le=256)]
    holes: Part
    scale: Annotated[float, Meta(gt=0, le=10_000)]
    cover: Part
    phash: Annotated[int, Meta(ge=0, le=64)]
    dhash: Annotated[int, Meta(ge=0, le=64)]


class Pair(Struct, frozen=True, kw_only=True):
    """Two pictures, what is measured of them, and whether one is made of the other.

    `reference` and `source` name photographs, not files: what the reference shows, and what the other picture
    was made of. Pairs are held out by these names. `kind`: how the pair came to be.
    """

    reference: Annotated[str, Meta(min_length=1, max_length=200)]
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    copy: bool
    kind: Annotated[str, Meta(max_length=60)]
    measures: Measures


_PAIRS: Final = msgspec.json.Decoder(list[Pair])


def measured(evidence: Evidence | None, phash: int, dhash: int) -> Measures:
    """What a model is told. `evidence`: None if nothing joins the two pictures."""
    found = evidence if evidence is not None and evidence.inliers else _NOTHING
    return Measures(
        inliers=found.inliers,
        spread=_short(min(found.spread, 100.0)),
        explained=_short(found.explained),
        shifted=_short(found.shifted),
        residual=_short(min(found.residual, 1.0)),
        bits=_short(found.bits),
        holes=_short(found.holes),
        scale=_short(min(max(found.transform.scale, 1e-4), 1e4)),
        cover=_short(found.transform.cover),
        phash=phash,
        dhash=dhash,
    )


def evidence_of(measures: Measures) -> Evidence:
    """As `pictures.judgement` reads it, without the place that was found."""
    transform = _NOTHING.transform._replace(scale=measures.scale, cover=measures.cover)
    return Evidence(
        inliers=measures.inliers,
        spread=measures.spread,
        explained=measures.explained,
        shifted=measures.shifted,
        residual=measures.residual,
        bits=measures.bits,
        holes=measures.holes,
        transform=transform,
    )


def figures(measures: Sequence[Measures]) -> Floats:
    """A row for each: its eleven figures at sizes near 1, and their products."""
    rows = np.array([_row(each) for each in measures], dtype=np.float64).reshape(-1, len(NAMES))
    left, right = np.triu_indices(len(NAMES))
    return np.concatenate((rows, rows[:, left] * rows[:, right]), axis=1)


def _row(each: Measures) -> tuple[float, ...]:
    return (
        math.log1p(each.inliers) / 4,
        min(each.spread, 1.5),
        each.explained,
        each.shifted,
        min(each.residual, 0.02) * 150,
        each.bits / 64,
        each.holes,
        abs(math.log(each.scale)),
        each.cover,
        each.phash / 32,
        each.dhash / 32,
    )


def dump_pairs(pairs: Sequence[Pair]) -> bytes:
    """Pairs as they are stored, about 300 bytes each."""
    return msgspec.json.encode(pairs)


def load_pairs(data: bytes) -> list[Pair]:
    """What `dump_pairs` wrote. Raises msgspec.ValidationError, which names the field."""
    return _PAIRS.decode(data)


def digest(pairs: Sequence[Pair]) -> str:
    """Of these pairs in this order."""
    return sha256(dump_pairs(pairs)).hexdigest()


def _short(value: float) -> float:
    """Six digits are more than is measured."""
    return float(f"{value:.6g}")
