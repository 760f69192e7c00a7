"""What people do to pictures before they post them again, done to grey ones of working size.

Owns the kinds of edits that a model learns from (`COPIES`), and what is no copy though it looks like one.
`make quality` judges by edits that are written elsewhere in another way. Pure: the same picture and the same
generator give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from autodmca_ai_detection.pictures.decoding import WORKING_SIDE, Grey

Edit = Callable[[Grey, np.random.Generator], Grey]


def _compressed(grey: Grey, rng: np.random.Generator) -> Grey:
    _, file = cv2.imencode(".jpg", grey, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 80))))
    return _grey(np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)))


def _shrunk(grey: Grey, rng: np.random.Generator) -> Grey:
    side = rng.uniform(80, 400)
    factor = side / max(grey.shape)
    return _sized(grey, max(16, round(grey.shape[1] * factor)), max(16, round(grey.shape[0] * factor)))


def _cropped(grey: Grey, rng: np.random.Generator) -> Grey:
    height, width = grey.shape
    tall, wide = (round(side * rng.uniform(0.45, 0.95)) for side in (height, width))
    top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    return _grey(grey[top : top + tall, left : left + wide])


def _framed(grey: Grey, rng: np.random.Generator) -> Grey:
    top, bottom, left, right = (round(max(grey.shape) * rng.uniform(0, 0.3)) for _ in range(4))
    return np.pad(grey, ((top, bottom), (left, right)), constant_values=int(rng.integers(0, 256)))


def _stamped(grey: Grey, rng: np.random.Generator) -> Grey:
    """With boxes of one shade and words on them, on up to a third of it."""
    made = grey.copy()
    height, width = made.shape
    for _ in range(int(rng.integers(1, 4))):
        wide, tall = round(width * rng.uniform(0.2, 0.9)), round(height * rng.uniform(0.08, 0.2))
        left, top = int(rng.integers(0, width - wide + 1)), int(rng.integers(0, height - tall + 1))
        cv2.rectangle(made, (left, top), (left + wide, top + tall), int(rng.integers(0, 256)), -1)
        _write(made, rng, left, top + tall * 3 // 4, tall / 40)
    return made


def _captioned(grey: Grey, rng: np.random.Generator) -> Grey:
    made = grey.copy()
    height, width = made.shape
    for row in (height // 7, height * 19 // 20):
        _write(made, rng, width // 20, row, width / 420)
    return made


def _turned(grey: Grey, rng: np.random.Generator) -> Grey:
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(0, 360), rng.uniform(0.6, 1.0))
    return _grey(cv2.warpAffine(grey, turn, (width, height), borderValue=int(rng.integers(0, 256))))


def _mirrored(grey: Grey, _rng: np.random.Generator) -> Grey:
    return _grey(np.fliplr(grey))


def _tilted(grey: Grey, rng: np.random.Generator) -> Grey:
    height, width = grey.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + rng.uniform(0, 0.14, (4, 2)) * (width, height) * np.sign(
        (width, height) - 2 * corners + 1
    )
    map_ = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return _grey(cv2.warpPerspective(grey, map_, (width, height)))


def _blurred(grey: Grey, rng: np.random.Generator) -> Grey:
    return _grey(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.6, 2.6)))


def _grained(grey: Grey, rng: np.random.Generator) -> Grey:
    return _grey(grey + rng.normal(0, rng.uniform(5, 28), grey.shape))


def _toned(grey: Grey, rng: np.random.Generator) -> Grey:
    bent = 255 * (grey / 255.0) ** rng.uniform(0.5, 2.0)
    return _grey((bent - 128) * rng.uniform(0.5, 1.7) + 128 + rng.uniform(-30, 30))


def _beside(grey: Grey, rng: np.random.Generator) -> Grey:
    """Small, in a larger picture of grain and boxes."""
    side = int(rng.integers(480, 720))
    canvas = _grained(np.full((side, side), int(rng.integers(40, 216)), np.uint8), rng)
    canvas = _stamped(canvas, rng)
    factor = rng.uniform(0.45, 0.9) * side / max(grey.shape)
    small = _sized(grey, max(16, int(grey.shape[1] * factor)), max(16, int(grey.shape[0] * factor)))
    top, left = (int(rng.integers(0, side - edge + 1)) for edge in small.shape)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


SINGLE: Final[dict[str, Edit]] = {
    "compressed": _compressed,
    "shrunk": _shrunk,
    "cropped": _cropped,
    "framed": _framed,
    "stamped": _stamped,
    "captioned": _captioned,
    "turned": _turned,
    "mirrored": _mirrored,
    "tilted": _tilted,
    "blurred": _blurred,
    "grained": _grained,
    "toned": _toned,
    "beside": _beside,
}


def _chained(grey: Grey, rng: np.random.Generator) -> Grey:
    for name in rng.choice(sorted(SINGLE), 3, replace=False):
        grey = SINGLE[str(name)](grey, rng)
    return grey


COPIES: Final[dict[str, Edit]] = {**SINGLE, "chain of three": _chained}


def seen_from_beside(grey: Grey, rng: np.random.Generator) -> Grey:
    """As another camera sees the scene, a step aside: each of five layers has moved further than the next."""
    height, width = grey.shape
    depth = _waves(grey.shape, rng, 8)
    layers = np.digitize(depth, np.quantile(depth, (0.2, 0.4, 0.6, 0.8)))
    step = max(grey.shape) * rng.uniform(0.015, 0.03)
    shift = (step * (layers + 0.5 * depth)).astype(np.float32)
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return _grey(cv2.remap(grey, across + shift, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def at_working_size(grey: Grey) -> Grey:
    """As decoding gives it: the longer side is WORKING_SIDE at most."""
    factor = WORKING_SIDE / max(grey.shape)
    if factor >= 1:
        return _grey(grey)
    return _sized(grey, max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))


def in_frame(grey: Grey, seed: int) -> Grey:
    """In the frame of a post, which is the same for the same seed."""
    frame = np.random.default_rng(seed)
    canvas = np.full((560, 400), 250, np.uint8)
    for row in (24, 60, 470, 500, 530):
        _write(canvas, frame, 12, row, 0.6, ink=20)
    cv2.circle(canvas, (360, 40), 24, 90, -1)
    canvas[80:450] = _sized(grey, 400, 370)
    return canvas


def stand_in(rng: np.random.Generator) -> Grey:
    """A picture of nothing, with some detail everywhere."""
    return _stamped(_grained(_grey(255 * _waves((360, 480), rng, 24)), rng), rng)


def _waves(shape: tuple[int, ...], rng: np.random.Generator, cells: int) -> npt.NDArray[np.float32]:
    """A surface from 0 to 1 that rises and falls a few times."""
    coarse = rng.random((cells, cells)).astype(np.float32)
    surface = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(surface, 0, 1), dtype=np.float32)


def _write(
    made: Grey, rng: np.random.Generator, left: int, row: int, scale: float, ink: int | None = None
) -> None:
    words = "".join(chr(rng.integers(97, 123)) if rng.random() < 0.85 else " " for _ in range(16))
    shade = int(rng.integers(0, 256)) if ink is None else ink
    cv2.putText(made, words, (left, row), cv2.FONT_HERSHEY_SIMPLEX, scale, shade, max(1, round(scale * 2)))


def _sized(grey: Grey, width: int, height: int) -> Grey:
    shrinks = width * height < grey.size
    return _grey(
        cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    )


def _grey(values: npt.NDArray[Any]) -> Grey:
    return np.ascontiguousarray(np.clip(values, 0, 255).astype(np.uint8))
