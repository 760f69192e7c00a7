"""A video's file to a few grey frames and the times at which they are shown, under limits.

Owns which containers are read (MP4, MOV, WebM, Matroska, by their content) and the limits of bytes, seconds,
pixels and frames. What would take too long to decode as a whole is known by its key frames alone. What a
file says of its length is not believed. Fails with Unusable.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.pictures.decoding import LEAST_SIDE, MOST_NARROW, WORKING_SIDE, Grey

_FORMATS: Final = (
    ("mov", re.compile(rb"....(ftyp|moov|wide|mdat|free|skip)", re.DOTALL)),
    ("matroska", re.compile(rb"\x1a\x45\xdf\xa3")),
)
_ENDS_EARLY: Final = 0.8
"""The part of the length that a file announces which must be there."""


class VideoLimits(NamedTuple):
    """What a video may be."""

    data_bytes: int = 100 * 1024 * 1024
    pixels: int = 9_000_000
    """Of one frame."""
    seconds: float = 900.0
    all_pixels: int = 4_000_000_000
    """Of all frames, from which on key frames alone are decoded: half a minute of a core."""
    frames: int = 60_000


class Frame(NamedTuple):
    """`time`: when it is shown, in seconds from the first one."""

    time: float
    grey: Grey


class Sampled(NamedTuple):
    """`frames`: in the order of their times, upright, at most WORKING_SIDE. `seconds`: to the last frame."""

    frames: tuple[Frame, ...]
    format: str
    width: int
    height: int
    seconds: float


def sampled(
    data: bytes | memoryview, *, frames: int, interval: float, limits: VideoLimits | None = None
) -> Sampled:
    """At most so many frames over the whole video, no two nearer than `interval` seconds. Raises
    Unusable."""
    limits = limits or VideoLimits()
    if not len(data):
        raise Unusable("empty", "there is no byte in it")
    if len(data) > limits.data_bytes:
        raise Unusable("too_large", f"{len(data):,} bytes; {limits.data_bytes:,} are allowed")
    kind = next((name for name, begins in _FORMATS if begins.match(data)), None)
    if kind is None:
        raise Unusable("unknown_format", "neither MP4, MOV, WebM nor Matroska")
    try:
        with av.open(io.BytesIO(data), "r", format=kind, metadata_errors="replace") as container:
            return _sampled(container, kind, frames, interval, limits)
    except (av.FFmpegError, ValueError, OverflowError, UnicodeError) as error:
        raise Unusable("malformed", f"it is damaged or ends too early: {error}"[:200]) from error


def _sampled(
    container: InputContainer, kind: str, most: int, interval: float, limits: VideoLimits
) -> Sampled:
    if not container.streams.video:
        raise Unusable("no_video", "there is no video in it")
    stream = container.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    _check(width, height, limits)
    seconds = _announced(container, stream)
    if seconds > limits.seconds:
        raise Unusable("too_long", f"{seconds:,.0f} seconds; {limits.seconds:,.0f} are allowed")
    stream.thread_type = "NONE"  # so that what it takes is counted, and bounded by its worker
    count = stream.frames or round(seconds * float(stream.average_rate or 25))
    if count * width * height > limits.all_pixels:
        stream.codec_context.skip_frame = "NONKEY"
    found: list[Frame] = []
    last = 0.0
    for number, (time, frame) in enumerate(_timed(container, stream)):
        if time > limits.seconds or number >= limits.frames:
            raise Unusable("too_long", f"over {limits.seconds:,.0f} seconds or {limits.frames:,} frames")
        last = max(last, time)
        if found and time < found[-1].time + interval:
            continue
        _check(frame.width, frame.height, limits)
        found.append(Frame(time, _grey(frame)))
        if len(found) > most:
            found, interval = found[::2], 2 * interval
    if not found:
        raise Unusable("malformed", "no frame of it can be decoded")
    if stream.codec_context.skip_frame != "NONKEY" and last < _ENDS_EARLY * seconds - 1:
        raise Unusable("malformed", f"it ends after {last:.1f} of {seconds:.1f} seconds")
    return Sampled(tuple(found), kind, width, height, last)


def _check(width: int, height: int, limits: VideoLimits) -> None:
    if width * height > limits.pixels:
        raise Unusable("too_many_pixels", f"{width} x {height} pixels; {limits.pixels:,} in all are allowed")
    short, long = sorted((width, height))
    if short < LEAST_SIDE:
        raise Unusable("too_small", f"{width} x {height} pixels; each side needs {LEAST_SIDE}")
    if long > MOST_NARROW * short:
        raise Unusable(
            "too_narrow", f"{width} x {height} pixels: one side over {MOST_NARROW} times the other"
        )


def _announced(container: InputContainer, stream: VideoStream) -> float:
    """The length in seconds; 0 where the file does not say."""
    if stream.duration is not None and stream.time_base is not None:
        return max(0.0, float(stream.duration * stream.time_base))
    return max(0.0, (container.duration or 0) / av.time_base)


def _timed(container: InputContainer, stream: VideoStream) -> Iterator[tuple[float, VideoFrame]]:
    """Frames that have a time, from the first one on."""
    first: float | None = None
    for frame in container.decode(stream):
        if frame.pts is None:
            continue
        if first is None:
            first = frame.time
        yield max(0.0, frame.time - first), frame


def _grey(frame: VideoFrame) -> Grey:
    factor = min(1.0, WORKING_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * factor)) for side in (frame.width, frame.height))
    small = frame.reformat(width=width, height=height, format="gray", interpolation="AREA", threads=1)
    grey = small.to_ndarray()
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(grey, turns), dtype=np.uint8)
