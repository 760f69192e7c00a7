"""All that is kept of a text: a number for each word and where it stood, never the text.

Owns the form in which a fingerprint is stored and sent: version 1 is little-endian, then per word 4 bytes of
its number and 2 + 2 of the distance to the word before and of its length. What has another version or length
raises ValueError.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from autodmca_ai_detection.texts import words
from autodmca_ai_detection.texts.words import Numbers, Spans, TextLimits

VERSION: Final = 1
SHINGLE: Final = 3
"""Words of a run: of those of a text of which each fifth word was changed, half are left."""
_HEAD: Final = struct.Struct("<BI")
_WORD_BYTES: Final = 8
_MOST: Final = 65_535
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


class TextFingerprint(NamedTuple):
    """See `words.Words`."""

    numbers: Numbers
    spans: Spans


def of_text(text: str | bytes | memoryview, limits: TextLimits | None = None) -> TextFingerprint:
    """Of a text, or of a file's bytes. Raises Unusable."""
    return TextFingerprint(
        *words.read(text if isinstance(text, str) else words.decoded(text, limits), limits)
    )


def dump(fingerprint: TextFingerprint) -> bytes:
    """The fingerprint as it is stored, 8 bytes a word: at most 160 kB."""
    starts, ends = fingerprint.spans[:, 0], fingerprint.spans[:, 1]
    gaps = starts - np.r_[np.int32(0), ends[:-1]]
    steps = np.clip(np.stack((gaps, ends - starts), axis=1), 0, _MOST).astype("<u2")
    return b"".join(
        (_HEAD.pack(VERSION, len(starts)), fingerprint.numbers.astype("<u4").tobytes(), steps.tobytes())
    )


def load(data: bytes) -> TextFingerprint:
    """What `dump` wrote. Raises ValueError."""
    if len(data) < _HEAD.size or data[0] != VERSION:
        raise ValueError(f"no fingerprint of a text of version {VERSION}")
    _, count = _HEAD.unpack_from(data)
    if len(data) != _HEAD.size + count * _WORD_BYTES:
        raise ValueError(f"a fingerprint of {count} words has {_HEAD.size + count * _WORD_BYTES} bytes")
    numbers = np.frombuffer(data, "<u4", count, _HEAD.size).astype(np.uint32)
    steps = np.frombuffer(data, "<u2", count * 2, _HEAD.size + 4 * count).reshape(-1, 2).astype(np.int32)
    ends = np.cumsum(steps.sum(axis=1), dtype=np.int32)
    return TextFingerprint(numbers, np.stack((ends - steps[:, 1], ends), axis=1))


def shingles(numbers: Numbers) -> npt.NDArray[np.uint64]:
    """A number for each run of SHINGLE words."""
    count = max(0, len(numbers) - SHINGLE + 1)
    found = np.zeros(count, dtype=np.uint64)
    for n in range(SHINGLE):
        found = (found ^ numbers[n : n + count]) * _MIX
        found ^= found >> np.uint64(29)
    return found
