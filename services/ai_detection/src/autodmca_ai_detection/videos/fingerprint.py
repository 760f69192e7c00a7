"""All that is kept of a video: the fingerprints of sampled frames and their times, never a frame.

Owns the form in which a fingerprint is stored and sent: version 1 is little-endian, the seconds and the
number of frames, then for each its time, the length of its fingerprint and that (see
`pictures.fingerprint`). What has another version or length raises ValueError.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.pictures import features, fingerprint, hashes
from autodmca_ai_detection.pictures.fingerprint import LEAST_FEATURES, Fingerprint
from autodmca_ai_detection.videos.decoding import Frame, VideoLimits, sampled

VERSION: Final = 1
INTERVAL: Final = 1.0
"""Seconds between frames at least; of a long video they are further apart."""
REFERENCE_FRAMES: Final = 96
QUERY_FRAMES: Final = 32
_REFERENCE_FEATURES: Final = 120
_QUERY_FEATURES: Final = 300
_HEAD: Final = struct.Struct("<BfH")
_FRAME: Final = struct.Struct("<fI")


class VideoFingerprint(NamedTuple):
    """`times`: of the frames, in seconds from the first one."""

    seconds: float
    times: tuple[float, ...]
    frames: tuple[Fingerprint, ...]


def of_reference(data: bytes | memoryview, limits: VideoLimits | None = None) -> VideoFingerprint:
    """To be kept. Blocks. Raises Unusable."""
    found = sampled(data, frames=REFERENCE_FRAMES, interval=INTERVAL, limits=limits)
    return _made(found.frames, found.seconds, _REFERENCE_FEATURES)


def of_query(data: bytes | memoryview, limits: VideoLimits | None = None) -> VideoFingerprint:
    """To be looked for. Blocks. Raises Unusable."""
    found = sampled(data, frames=QUERY_FRAMES, interval=INTERVAL, limits=limits)
    return _made(found.frames, found.seconds, _QUERY_FEATURES)


def _made(frames: tuple[Frame, ...], seconds: float, most: int) -> VideoFingerprint:
    kept: list[tuple[float, Fingerprint]] = []
    for time, grey in frames:
        found = features.extract(grey, most)
        if len(found.codes) >= LEAST_FEATURES:
            kept.append((time, Fingerprint(hashes.versions(grey), found)))
    if not kept:
        raise Unusable("featureless", "no frame of it shows anything that could be told from others")
    return VideoFingerprint(seconds, tuple(time for time, _ in kept), tuple(each for _, each in kept))


def dump(video: VideoFingerprint) -> bytes:
    """The fingerprint as it is stored, about 5 kB a frame and at most 500 kB for a reference."""
    parts = [_HEAD.pack(VERSION, video.seconds, len(video.frames))]
    for time, frame in zip(video.times, video.frames, strict=True):
        data = fingerprint.dump(frame)
        parts += [_FRAME.pack(time, len(data)), data]
    return b"".join(parts)


def load(data: bytes) -> VideoFingerprint:
    """What `dump` wrote. Raises ValueError."""
    if len(data) < _HEAD.size or data[0] != VERSION:
        raise ValueError(f"no fingerprint of a video of version {VERSION}")
    _, seconds, count = _HEAD.unpack_from(data)
    at = _HEAD.size
    times: list[float] = []
    frames: list[Fingerprint] = []
    for _ in range(count):
        if len(data) < at + _FRAME.size:
            raise ValueError("a fingerprint of a video that ends too early")
        time, length = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        times.append(time)
        frames.append(fingerprint.load(data[at : at + length]))
        at += length
    if at != len(data):
        raise ValueError(f"a fingerprint of a video of {at} bytes that has {len(data)}")
    return VideoFingerprint(seconds, tuple(times), tuple(frames))
