"""What a pool and its workers say to each other: one job in, one reply out, each a frame of parts.

A frame is its kind (1 byte), the number of its parts (4 bytes), the length of each (8 bytes), big-endian,
and the parts. The first is JSON, because a caller's numbers may be longer than 64 bits; the others are its
`Blob`s in order, and no bytes of theirs are copied here. Both ends are this code at one version, so nothing
here needs to be compatible. A pool does not trust a worker: whatever is no frame, breaks a bound or
holds no such message raises FrameError.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from autodmca_service.workers.confinement import Part
from autodmca_service.workers.jobs import Blob

_HEAD: Final = struct.Struct(">BI")
HEAD_BYTES: Final = _HEAD.size
MAX_PARTS: Final = 64

T = TypeVar("T")
Cause = Literal["cpu_time", "memory", "crash"]


class FrameError(Exception):
    """No frame, one that breaks a bound, or one whose message is none of those that it may be."""


class Kind(IntEnum):
    """What a frame holds."""

    JOB = 1
    READY = 2
    DONE = 3
    """The job's own answer."""
    ABORTED = 4
    FAILED = 5


class Ready(Struct, frozen=True):
    """A worker's first word, once its module is loaded. `missing` says of what isolation it lacks, why."""

    missing: dict[Part, str]


class Aborted(Struct, frozen=True):
    """The job cannot be done within its limits; the worker ends."""

    cause: Cause
    reason: str


class Failed(Struct, frozen=True):
    """The job's function raised: a mistake of the program; the worker ends."""

    trace: str


class Frame:
    """One message as it is sent. `pieces` are to be written in order, `size` is their bytes."""

    def __init__(self, kind: Kind, message: Any) -> None:
        blobs: list[memoryview] = []

        def beside(value: Any) -> int:
            if not isinstance(value, Blob):
                raise NotImplementedError(f"{type(value).__name__} is neither JSON nor a Blob")
            blobs.append(value.data)
            return len(blobs) - 1

        text = msgspec.json.encode(message, enc_hook=beside)
        if len(blobs) >= MAX_PARTS:
            raise FrameError(f"a message has {len(blobs)} blobs; at most {MAX_PARTS - 1} are sent")
        lengths = (len(text), *(blob.nbytes for blob in blobs))
        head = _HEAD.pack(kind, len(lengths)) + struct.pack(f">{len(lengths)}Q", *lengths)
        # Without blobs, a message leaves in one write.
        self.pieces: Sequence[memoryview] = (memoryview(head + text), *blobs)
        self.size: int = sum(piece.nbytes for piece in self.pieces)


def head_of(data: bytes) -> tuple[Kind, int]:
    """A frame's kind, and the bytes of the lengths that follow."""
    kind, parts = _HEAD.unpack(data)
    if kind not in set(Kind) or not 1 <= parts <= MAX_PARTS:
        raise FrameError(f"a frame announced {parts} parts of kind {kind}")
    return Kind(kind), parts * 8


def lengths_of(data: bytes, limit: int) -> tuple[int, ...]:
    """The lengths of a frame's parts, in all at most `limit`."""
    lengths = struct.unpack(f">{len(data) // 8}Q", data)
    if sum(lengths) > limit:
        raise FrameError(f"a frame announced {sum(lengths)} bytes; {limit} are allowed")
    return lengths


def message_of(parts: Sequence[bytes | bytearray], message_type: type[T]) -> T:
    """The message of a frame's parts; its blobs are views of them."""
    text, *blobs = parts

    def besides(wanted: type, value: Any) -> Any:
        if wanted is not Blob or type(value) is not int or not 0 <= value < len(blobs):
            raise ValueError("is no blob of this frame")
        return Blob(blobs[value])

    try:
        return msgspec.json.decode(text, type=message_type, dec_hook=besides)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise FrameError(f"a frame holds no such message: {error}") from error
