"""Perceptual hashes: 64 bits each, near for pictures that look alike as a whole.

pHash: signs of the 8 x 8 lowest frequencies of a discrete cosine transform against their median (Zauner,
2010). dHash: whether each of 8 x 8 places is darker than its right neighbour. Taken of the eight turned and
mirrored versions, since neither survives that. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from autodmca_ai_detection.pictures.decoding import Grey

VERSIONS: Final = 8
_PHASH_SIDE: Final = 32
_TELLING: Final = 12


class Hashes(NamedTuple):
    """Of one version of a picture; 64 bits each."""

    phash: int
    dhash: int


def versions(grey: Grey) -> tuple[Hashes, ...]:
    """Of the picture turned by 0, 90, 180 and 270 degrees anticlockwise, then of its mirror image
    likewise."""
    # Both hashes look at small pictures alone, whose sides are equal: those are turned, which costs nothing.
    small = cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA)
    return tuple(
        _hashes(np.ascontiguousarray(np.rot90(base, turns)))
        for base in (small, np.fliplr(small))
        for turns in range(4)
    )


def nearest(query: tuple[Hashes, ...], reference: tuple[Hashes, ...]) -> tuple[int, int]:
    """The least distances of pHash and of dHash of all versions from the upright one, in bits."""
    upright = reference[0]
    return (
        min((each.phash ^ upright.phash).bit_count() for each in query),
        min((each.dhash ^ upright.dhash).bit_count() for each in query),
    )


def whole(query: tuple[Hashes, ...], reference: tuple[Hashes, ...]) -> tuple[int, int]:
    """By how many bits the version that is nearest by both hashes differs in either of them, and its number.
    64 where the reference's dHash has too few bits of one kind to tell pictures apart."""
    upright = reference[0]
    if not _TELLING <= upright.dhash.bit_count() <= 64 - _TELLING:
        return 64, 0
    return min(
        (max((each.phash ^ upright.phash).bit_count(), (each.dhash ^ upright.dhash).bit_count()), number)
        for number, each in enumerate(query)
    )


def _hashes(grey: cv2.typing.MatLike) -> Hashes:
    even = cv2.resize(grey, (_PHASH_SIDE, _PHASH_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(even)[:8, :8].reshape(-1)
    # The first value is the mean brightness: it says nothing of what is seen.
    phash = low > np.median(low[1:])
    phash[0] = False
    places = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    dhash = places[:, 1:] > places[:, :-1]
    return Hashes(_number(phash), _number(dhash.reshape(-1)))


def _number(bits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes())
