"""Local features: what of a picture is found again after crops, turns, overlays and changes of perspective.

Owns how they are chosen (few, spread over the picture and over sizes) and how they are told apart: SIFT
(Lowe, 2004), made binary (each of 128 values against two thresholds of its own descriptor: Zhou et al.,
"Scalar quantization for large scale image search", 2012), so that a feature is 32 bytes and eight of its
picture's geometry. Looks at grey pixels alone. Never fails: a picture without detail has no features.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from autodmca_ai_detection.pictures.decoding import Grey

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]

REFERENCE_FEATURES: Final = 400
QUERY_FEATURES: Final = 600
CODE_BYTES: Final = 32
_GRID: Final = 8
_SMALL_SIDE: Final = 320
"""A smaller picture is enlarged to it: SIFT finds little at the edge of its finest scale."""

cv2.setNumThreads(1)


class Features(NamedTuple):
    """`places`: n x 4, x and y as parts of the picture's longer side, size likewise, angle in radians.
    `codes`: n x 32 bytes. `width`, `height`: the picture's sides as parts of the longer one."""

    places: Floats
    codes: Codes
    width: float
    height: float


def _mirror_order() -> npt.NDArray[np.intp]:
    """Where the 128 values of a mirrored patch's descriptor stand in the patch's own: rows of cells from
    bottom to top, directions the other way round."""
    row, column, direction = np.indices((4, 4, 8))
    order: npt.NDArray[np.intp] = ((3 - row) * 4 + column) * 8 + (8 - direction) % 8
    return order.reshape(-1)


_MIRROR: Final = _mirror_order()


def extract(grey: Grey, most: int) -> Features:
    """At most `most` features of a picture."""
    height, width = grey.shape
    long = max(height, width)
    if long < _SMALL_SIDE:
        factor = _SMALL_SIDE / long
        grey = np.asarray(
            cv2.resize(grey, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_CUBIC),
            dtype=np.uint8,
        )
    scale = float(max(grey.shape))
    sift = cv2.SIFT.create(nfeatures=2 * most, contrastThreshold=0.01, edgeThreshold=12)
    found, values = sift.detectAndCompute(grey, None)
    size = width / long, height / long
    if not found:
        return Features(np.empty((0, 4), np.float32), np.empty((0, CODE_BYTES), np.uint8), *size)
    places = np.array([(*k.pt, k.size, np.deg2rad(k.angle)) for k in found], dtype=np.float32)
    strength = np.array([k.response for k in found], dtype=np.float32)
    chosen = _spread(places, strength, scale, most)
    places = places[chosen]
    places[:, :3] /= scale
    return Features(places, encoded(values[chosen].astype(np.float32)), *size)


def _spread(places: Floats, strength: Floats, scale: float, most: int) -> npt.NDArray[np.intp]:
    """The strongest of each cell of a grid and of each doubling of size in turn, until there are enough."""
    level = np.clip(np.log2(places[:, 2] / 2.0), 0, 5).astype(int)
    cells = np.minimum((places[:, :2] / scale * _GRID).astype(int), _GRID - 1)
    room = (level * _GRID + cells[:, 1]) * _GRID + cells[:, 0]
    order = np.lexsort((-strength, room))
    starts = np.flatnonzero(np.r_[True, room[order][1:] != room[order][:-1]])
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    # A coarse level has few: it gives all of them before the finest gives its third.
    turn = rank - level[order] * 2
    picked = order[np.lexsort((-strength[order], turn))][:most]
    return np.sort(picked)


def encoded(values: Floats) -> Codes:
    """SIFT's values, n x 128, to codes, n x 32: above the descriptor's median, and above its upper
    quarter."""
    ranked = np.sort(values, axis=1)
    middle, upper = ranked[:, 63:65].mean(axis=1), ranked[:, 95:97].mean(axis=1)
    bits = np.concatenate((values > middle[:, None], values > upper[:, None]), axis=1)
    return np.ascontiguousarray(np.packbits(bits, axis=1))


def mirrored(features: Features) -> Features:
    """The features that the picture would have in a mirror (left and right exchanged)."""
    places = features.places.copy()
    places[:, 0] = features.width - places[:, 0]
    places[:, 3] = np.mod(np.pi - places[:, 3], 2 * np.pi)
    bits = np.unpackbits(features.codes, axis=1)
    order = np.concatenate((_MIRROR, 128 + _MIRROR))
    codes = np.ascontiguousarray(np.packbits(bits[:, order], axis=1))
    return Features(places, codes, features.width, features.height)
