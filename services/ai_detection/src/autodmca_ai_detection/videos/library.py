"""One user's videos, and which part of which of them a video shows.

Owns the decision: frames are looked for among the frames of all references, as pictures are; then those of
one reference must follow each other as in it, at one speed. A few frames that fit are not enough where the
video has more. Rebuilt from fingerprints in state, never shared between users. Searching blocks, and is not
to overlap with a change.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from autodmca_ai_detection.pictures.judgement import Verdict, verdict
from autodmca_ai_detection.pictures.library import Library
from autodmca_ai_detection.pictures.verification import Transform
from autodmca_ai_detection.videos.fingerprint import INTERVAL, VideoFingerprint

Floats = npt.NDArray[np.float64]

_SPEEDS: Final = tuple(float(each) for each in np.round(np.linspace(0.75, 1.35, 25), 4))
_SLACK: Final = 0.75
"""Seconds by which a frame may be off, beside half of the distance between the reference's frames."""
_ENOUGH: Final = 2.5
"""Frames that follow each other, from which on it is a match rather than perhaps one."""
_EXACT: Final = 0.002
"""The median residual of frames, as a part of the longer side, up to which it is the same recording: copies
had at most 0.0017, the same scene taken by another camera at least 0.0024."""
_BETWEEN: Final = "\0"


class VideoMatch(NamedTuple):
    """A reference that a video shows. `query_part`, `reference_part`: from when to when, in seconds. `speed`:
    how much of the reference passes in a second. `frames`: how many of the video's `of` frames fit.
    `transform`: how the reference's picture lies in the frame that fits best."""

    reference: str
    confidence: float
    query_part: tuple[float, float]
    reference_part: tuple[float, float]
    speed: float
    frames: int
    of: int
    transform: Transform

    @property
    def verdict(self) -> Verdict:
        return verdict(self.confidence)


class _Hit(NamedTuple):
    """A frame of the query and one of a reference that show the same."""

    query: float
    reference: float
    inliers: int
    residual: float
    transform: Transform


class VideoLibrary:
    """Add and remove references by their ids, then `search`."""

    def __init__(self) -> None:
        self._kept: dict[str, VideoFingerprint] = {}
        self._frames = Library()

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, reference: str, video: VideoFingerprint) -> None:
        """Keep one; it takes the place of what had its id. Raises ValueError for an id with a zero in it."""
        if _BETWEEN in reference:
            raise ValueError("a reference's id has no zero character")
        if reference in self._kept:
            self.remove(reference)
        self._kept[reference] = video
        for number, frame in enumerate(video.frames):
            self._frames.add(f"{reference}{_BETWEEN}{number}", frame)

    def remove(self, reference: str) -> None:
        """Forget one. Raises KeyError."""
        for number in range(len(self._kept.pop(reference).frames)):
            self._frames.remove(f"{reference}{_BETWEEN}{number}")

    def search(self, query: VideoFingerprint) -> list[VideoMatch]:
        """Those of which frames are shown, the surest first."""
        hits: dict[str, list[_Hit]] = defaultdict(list)
        for time, frame in zip(query.times, query.frames, strict=True):
            for match in self._frames.search(frame):
                if match.verdict == "match":
                    name, _, number = match.reference.partition(_BETWEEN)
                    at = self._kept[name].times[int(number)]
                    evidence = match.evidence
                    hits[name].append(_Hit(time, at, evidence.inliers, evidence.residual, evidence.transform))
        found = [
            _followed(name, each, len(query.frames), _distance(self._kept[name]))
            for name, each in hits.items()
        ]
        return sorted(found, key=lambda match: (-match.confidence, -match.frames, match.reference))


def _distance(video: VideoFingerprint) -> float:
    """Seconds between frames, as a rule."""
    return float(np.median(np.diff(video.times))) if len(video.times) > 1 else INTERVAL


def _followed(name: str, hits: list[_Hit], of: int, distance: float) -> VideoMatch:
    """The speed and the start by which most frames fit; of equal ones those by which more features do."""
    mine, theirs = np.array([hit.query for hit in hits]), np.array([hit.reference for hit in hits])
    weight = np.array([float(hit.inliers) for hit in hits]) ** 2
    slack = distance / 2 + _SLACK
    best: tuple[int, float, float, float] = (0, 0.0, 0.0, 0.0)  # frames, features, speed, start
    for speed in _SPEEDS:
        starts = theirs - speed * mine
        for start in np.unique(starts):
            off = np.abs(starts - start)
            fits = off <= slack
            count = len(np.unique(mine[fits]))
            near = float((weight[fits] * (1 - off[fits] / slack)).sum())
            best = max(best, (count, near, speed, float(start)))
    count, _, speed, start = best
    fits = np.abs(theirs - speed * mine - start) <= slack
    speed, start = _refined(mine[fits], theirs[fits], weight[fits], speed, start)
    first, last = float(mine[fits].min()), float(mine[fits].max())
    nearest: dict[float, _Hit] = {}
    for hit in (hit for hit, fit in zip(hits, fits, strict=True) if fit):
        if hit.query not in nearest or hit.inliers > nearest[hit.query].inliers:
            nearest[hit.query] = hit
    residual = float(np.median([hit.residual for hit in nearest.values()]))
    enough, exact = 2 * (count - min(_ENOUGH, of - 0.5)), (_EXACT - residual) / 0.0001
    surest = max(nearest.values(), key=lambda hit: hit.inliers)
    return VideoMatch(
        name,
        round(1 / (1 + math.exp(-min(enough, exact))), 4),
        (round(first, 2), round(last, 2)),
        (round(max(0.0, start + speed * first), 2), round(max(0.0, start + speed * last), 2)),
        round(speed, 3),
        count,
        of,
        surest.transform,
    )


def _refined(mine: Floats, theirs: Floats, weight: Floats, speed: float, start: float) -> tuple[float, float]:
    """By least squares, where there is enough to tell."""
    if np.ptp(mine) < 3:
        return speed, start
    fitted, begin = np.polyfit(mine, theirs, 1, w=np.sqrt(weight))
    if not _SPEEDS[0] <= fitted <= _SPEEDS[-1]:
        return speed, start
    return float(fitted), float(begin)
