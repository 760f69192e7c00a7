"""Whether two pictures show the same photograph or drawing, by the geometry of their local features.

Owns the measurements: features that look alike are matched, the map between the pictures is fitted (a
homography, by RANSAC), and then each feature of the reference is looked for where the map says it must be.
In a copy nearly all are there, within a pixel or two. In another photograph of the same scene, as the other
half of a stereo pair, many are near and not there: what is nearer to the camera has moved. In another page
of the same layout only the layout is there. Decides nothing; knows no state. The same input gives the same
numbers.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from autodmca_ai_detection.pictures.features import Features, mirrored

_ALIKE_BITS: Final = 72
"""Of 256; unrelated patches differ in 100 and more."""
_NEAR_BITS: Final = 84
"""Of 256, where the place already fits."""
_RATIO: Final = 0.88
_LEAST: Final = 5
"""Matches without which no map is fitted: four fix one."""
_TIGHT: Final = 0.008
_LOOSE: Final = 0.08
"""Of the reference's longer side."""

_CELLS: Final = 5
_REACH: Final = (0.06, 0.03, 0.015)
"""How far from its place a feature may be to count when the map is fitted again, in the same parts."""

_WHOLE: Final = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
"""The corners of a picture, as parts of its sides."""

Matrix = npt.NDArray[np.floating[Any]]


class Transform(NamedTuple):
    """How the reference lies in the picture that was looked at.

    The reference was turned by `angle` degrees clockwise, then exchanged left and right if `mirror`. `box`:
    the part of it that is seen, left, top, right and bottom as parts of its sides. `scale`: its longer side
    as a part of the picture's longer side. `cover`: the part of the picture that it takes. `outline`: where
    the corners of the whole reference lie in the picture, as parts of its sides; outside of 0-1 for what was
    cut away.
    """

    box: tuple[float, float, float, float]
    angle: float
    mirror: bool
    scale: float
    cover: float
    outline: tuple[tuple[float, float], ...]


class Evidence(NamedTuple):
    """What two pictures have in common.

    `inliers`: features that the map joins. `spread`: the part of the seen reference that they lie in.
    `explained`: of the features that should be seen, how many are. `shifted`: of those that are near where
    they should be, how many are not there. `residual`: the median distance, as a part of the reference's
    longer side. `bits`: the median difference of their codes. `holes`: of the features that should be seen,
    how many lie where none is, while elsewhere they are: something else is shown there.
    """

    inliers: int
    spread: float
    explained: float
    shifted: float
    residual: float
    bits: float
    holes: float
    transform: Transform


def nothing(turns: int = 0, *, mirror: bool = False) -> Evidence:
    """What stands for two pictures that no feature joins, though one may be the other as a whole, turned by
    so many quarters clockwise."""
    whole = Transform(
        box=(0.0, 0.0, 1.0, 1.0), angle=90.0 * turns, mirror=mirror, scale=1.0, cover=1.0, outline=_WHOLE
    )
    return Evidence(
        inliers=0,
        spread=0.0,
        explained=0.0,
        shifted=1.0,
        residual=_TIGHT,
        bits=72.0,
        holes=1.0,
        transform=whole,
    )


def compare(query: Features, reference: Features, flipped: Features | None = None) -> Evidence | None:
    """The evidence for the better of the picture and its mirror image; None if nothing joins the two.

    `flipped`: `mirrored(query)`, for who compares one picture with many.
    """
    plain = _compare(query, reference, mirror=False)
    turned = _compare(flipped or mirrored(query), reference, mirror=True)
    both = [each for each in (plain, turned) if each is not None]
    return max(both, key=lambda each: each.inliers, default=None)


def _distances(left: Features, right: Features) -> npt.NDArray[np.int16]:
    """Bits that differ, of each pair of codes."""
    mine, theirs = left.codes.view(np.uint64), right.codes.view(np.uint64)
    found = np.zeros((len(mine), len(theirs)), dtype=np.int16)
    for word in range(mine.shape[1]):
        found += np.bitwise_count(mine[:, word, None] ^ theirs[None, :, word])
    return found


def _compare(query: Features, reference: Features, *, mirror: bool) -> Evidence | None:
    if len(query.codes) < _LEAST or len(reference.codes) < _LEAST:
        return None
    distances = _distances(reference, query)
    pairs = _matches(distances)
    if len(pairs) < _LEAST:
        return None
    pairs = _agreeing(reference.places[pairs[:, 0]], query.places[pairs[:, 1]], pairs)
    if len(pairs) < _LEAST:
        return None
    matrix = _fit(reference, query, pairs)
    if matrix is None:
        return None
    return _evidence(query, reference, distances, matrix, mirror=mirror)


def _matches(distances: npt.NDArray[np.int16]) -> npt.NDArray[np.intp]:
    """Pairs of a reference's feature and the query's that is most like it, if no other is nearly so."""
    best = distances.argmin(axis=1)
    rows = np.arange(len(distances))
    least = distances[rows, best].astype(np.float32)
    second = np.partition(distances, 1, axis=1)[:, 1] if distances.shape[1] > 1 else least + 256
    good = (least <= _ALIKE_BITS) & (least <= _RATIO * second)
    return np.stack((rows[good], best[good]), axis=1)


def _agreeing(
    reference: npt.NDArray[np.float32], query: npt.NDArray[np.float32], pairs: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """The pairs that agree with most others on scale and angle, give or take what perspective does."""
    scale = np.log2(query[:, 2] / reference[:, 2])
    angle = query[:, 3] - reference[:, 3]
    near = np.abs(scale[:, None] - scale[None, :]) < 0.7
    turned = np.abs(_turn(angle[:, None] - angle[None, :])) < 0.5
    friends = near & turned
    centre = int(friends.sum(axis=1).argmax())
    found: npt.NDArray[np.intp] = pairs[friends[centre]]
    return found


def _fit(reference: Features, query: Features, pairs: npt.NDArray[np.intp]) -> Matrix | None:
    """The homography from the reference to the query, in parts of their longer sides."""
    source = reference.places[pairs[:, 0], :2].astype(np.float64)
    target = query.places[pairs[:, 1], :2].astype(np.float64)
    matrix: Any
    matrix, mask = cv2.findHomography(source, target, cv2.USAC_MAGSAC, 0.006, maxIters=2000, confidence=0.999)
    if matrix is not None and int(mask.sum()) >= 8 and _plausible(matrix, reference):
        return np.asarray(matrix, dtype=np.float64)
    matrix, mask = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=0.008, maxIters=2000, confidence=0.999
    )
    if matrix is None or int(mask.sum()) < _LEAST:
        return None
    found: Matrix = np.vstack((matrix, (0.0, 0.0, 1.0)))
    return found if _plausible(found, reference) else None


def _plausible(matrix: Matrix, reference: Features) -> bool:
    """Whether a picture can be so distorted and still be one: the corners stay in order, none is folded."""
    corners = _corners(reference)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    if (depth <= 1e-6).any() or depth.max() > 4 * depth.min():
        return False
    quad = _mapped(matrix, corners)
    edges = np.roll(quad, -1, axis=0) - quad
    turns = edges[:, 0] * np.roll(edges, -1, axis=0)[:, 1] - edges[:, 1] * np.roll(edges, -1, axis=0)[:, 0]
    if (turns <= 0).any():
        return False
    sides = np.linalg.norm(edges, axis=1) / (
        reference.width, reference.height, reference.width, reference.height
    )  # fmt: skip
    return bool(sides.min() > 0.03 and sides.max() < 40 and sides.max() < 4 * sides.min())


def _corners(features: Features) -> Matrix:
    w, h = features.width, features.height
    return np.array([(0, 0), (w, 0), (w, h), (0, h)], dtype=np.float64)


def _mapped(matrix: Matrix, points: Matrix) -> Matrix:
    with_one = np.c_[points, np.ones(len(points))] @ matrix.T
    found: Matrix = with_one[:, :2] / with_one[:, 2:]
    return found


class _Seen(NamedTuple):
    """Pairs of features that look alike and have the size and the direction that a map gives them; `offset`:
    how far apart, as a part of the reference's longer side. `visible`: what of the reference should be
    seen."""

    mine: npt.NDArray[np.intp]
    theirs: npt.NDArray[np.intp]
    offset: Matrix
    bits: npt.NDArray[np.int16]
    seen: npt.NDArray[np.bool_]
    visible: npt.NDArray[np.bool_]


class _Alike(NamedTuple):
    """Every pair of features that may be the same, by their codes alone."""

    mine: npt.NDArray[np.intp]
    theirs: npt.NDArray[np.intp]
    bits: npt.NDArray[np.int16]


def _look(query: Features, reference: Features, alike: _Alike, matrix: Matrix) -> _Seen:
    points = reference.places[:, :2].astype(np.float64)
    expected = _mapped(matrix, points)
    seen = (
        (expected[:, 0] > 0) & (expected[:, 0] < query.width)
        & (expected[:, 1] > 0) & (expected[:, 1] < query.height)
    )  # fmt: skip
    scale, angle = _local(matrix, points)
    sizes = reference.places[:, 2] * scale
    smallest, largest = np.percentile(query.places[:, 2], (2, 99))
    mine, theirs, bits = alike
    # What is far from its place is most of it, and is left out before anything else is worked out.
    apart = expected[mine] - query.places[theirs, :2]
    reach = np.where(seen, 1.001 * _LOOSE * scale, -1.0)
    near = np.flatnonzero((np.abs(apart[:, 0]) < reach[mine]) & (np.abs(apart[:, 1]) < reach[mine]))
    mine, theirs, bits, apart = mine[near], theirs[near], bits[near], apart[near]
    growth = np.log2(query.places[theirs, 2] / sizes[mine])
    turn = _turn(query.places[theirs, 3] - reference.places[mine, 3] - angle[mine])
    offset = np.linalg.norm(apart, axis=1) / scale[mine]
    fits = (np.abs(growth) < 0.6) & (np.abs(turn) < 0.4) & (offset < _LOOSE)
    return _Seen(
        mine[fits],
        theirs[fits],
        offset[fits],
        bits[fits],
        seen,
        seen & (sizes > smallest) & (sizes < 1.3 * largest),
    )


def _refined(query: Features, reference: Features, alike: _Alike, matrix: Matrix) -> Matrix:
    """The map fitted again to what lies near where it says, from further away to nearer: the first one is
    made of few features that stand together, and is wrong elsewhere."""
    best, most = matrix, -1
    for reach in _REACH:
        look = _look(query, reference, alike, matrix)
        count = len(np.unique(look.mine[look.offset < _TIGHT]))
        if count > most:
            best, most = matrix, count
        order = np.lexsort((look.bits, look.mine))
        order = order[look.offset[order] < reach]
        _, first = np.unique(look.mine[order], return_index=True)
        pairs = order[first]
        if len(pairs) < 2 * _LEAST:
            break
        found: Any
        found, _ = cv2.findHomography(
            reference.places[look.mine[pairs], :2].astype(np.float64),
            query.places[look.theirs[pairs], :2].astype(np.float64),
            cv2.USAC_ACCURATE,
            0.006 * float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))),
            maxIters=500,
            confidence=0.999,
        )
        if found is None or not _plausible(found, reference):
            break
        matrix = np.asarray(found, dtype=np.float64)
    look = _look(query, reference, alike, matrix)
    return matrix if len(np.unique(look.mine[look.offset < _TIGHT])) > most else best


def _evidence(
    query: Features, reference: Features, distances: npt.NDArray[np.int16], matrix: Matrix, *, mirror: bool
) -> Evidence | None:
    mine, theirs = np.nonzero(distances <= _NEAR_BITS)
    alike = _Alike(mine, theirs, distances[mine, theirs])
    matrix = _refined(query, reference, alike, matrix)
    look = _look(query, reference, alike, matrix)
    tight = look.offset < _TIGHT
    there = np.zeros(len(look.seen), dtype=np.bool_)
    there[look.mine[tight]] = True
    count = int(there.sum())
    if count < _LEAST:
        return None
    near = np.zeros(len(look.seen), dtype=np.bool_)
    near[look.mine[look.bits <= _ALIKE_BITS]] = True
    moved = int((near & ~there).sum())
    return Evidence(
        inliers=count,
        spread=_spread(reference.places[:, :2], there, look.seen),
        explained=count / max(count, int(look.visible.sum())),
        shifted=moved / (count + moved),
        residual=float(np.median(look.offset[tight])),
        bits=float(np.median(look.bits[tight])),
        holes=_holes(reference, there, look.visible),
        transform=_transform(query, reference, matrix, mirror=mirror),
    )


def _turn(angles: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Angles as turns of at most half a circle either way."""
    found: npt.NDArray[Any] = np.mod(angles + np.pi, 2 * np.pi) - np.pi
    return found


def _local(matrix: Matrix, points: Matrix) -> tuple[Matrix, Matrix]:
    """How the map scales and turns what lies at each point."""
    step = 1e-3
    here = _mapped(matrix, points)
    right = (_mapped(matrix, points + np.array((step, 0.0))) - here) / step
    down = (_mapped(matrix, points + np.array((0.0, step))) - here) / step
    area = np.abs(right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0])
    # The mean of both directions: perspective turns them apart.
    angle = np.arctan2(right[:, 1] - down[:, 0], right[:, 0] + down[:, 1])
    return np.sqrt(np.maximum(area, 1e-9)), angle


def _spread(
    points: npt.NDArray[np.float32], there: npt.NDArray[np.bool_], seen: npt.NDArray[np.bool_]
) -> float:
    """The hull of what was found as a part of the hull of what should be seen."""

    def hull(which: npt.NDArray[np.bool_]) -> float:
        return float(cv2.contourArea(cv2.convexHull(points[which])))

    return hull(there) / max(hull(seen | there), 1e-6)


def _holes(reference: Features, there: npt.NDArray[np.bool_], visible: npt.NDArray[np.bool_]) -> float:
    """By cells of a grid over the reference; one that has too few features to tell counts as no hole."""
    sides = (reference.width, reference.height)
    column, row = np.minimum((reference.places[:, :2] / sides * _CELLS).astype(int), _CELLS - 1).T
    cell = row * _CELLS + column
    wanted = np.bincount(cell[visible | there], minlength=_CELLS**2)
    found = np.bincount(cell[there], minlength=_CELLS**2)
    live = found > 0.3 * found.sum() / max(1, (found > 0).sum())
    rate = found[live].sum() / max(1, wanted[live].sum())
    dead = (wanted * rate >= 2) & (found <= 0.25 * rate * wanted)
    return float(wanted[dead].sum() / max(1, wanted.sum()))


def _transform(query: Features, reference: Features, matrix: Matrix, *, mirror: bool) -> Transform:
    inverse = np.linalg.inv(matrix)
    back = _mapped(inverse, _corners(query)) / (reference.width, reference.height)
    left, top = np.clip(back.min(axis=0), 0, 1)
    right, bottom = np.clip(back.max(axis=0), 0, 1)
    middle = np.array([[reference.width / 2, reference.height / 2]])
    scale, angle = _local(matrix, middle)
    # By sampling: a polygon's intersection is wrong where edges coincide, as those of a plain copy do.
    grid = np.stack(np.meshgrid(*[(np.arange(32) + 0.5) / 32] * 2), axis=-1).reshape(-1, 2)
    under = _mapped(inverse, grid * (query.width, query.height)) / (reference.width, reference.height)
    outline = _mapped(matrix, _corners(reference)) / (query.width, query.height)
    return Transform(
        box=(float(left), float(top), float(right), float(bottom)),
        angle=round(math.degrees(float(angle[0])), 1),
        mirror=mirror,
        scale=float(scale[0]),
        cover=float(((under >= 0) & (under <= 1)).all(axis=1).mean()),
        # Features of a mirror image lie as in the mirror.
        outline=tuple((1 - float(x) if mirror else float(x), float(y)) for x, y in outline),
    )
