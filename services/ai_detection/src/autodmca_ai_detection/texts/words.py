"""A text to the words that fingerprints are made of, and where in the text each stands.

Owns what a word is (case, accents written in two ways, full-width letters and invisible characters make no
difference; a URL is one word; in a script without spaces each character is one) and the limits of size.
Keeps no word, only a number for each. Fails with Unusable.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from autodmca_ai_detection.errors import Unusable

Numbers = npt.NDArray[np.uint32]
Spans = npt.NDArray[np.int32]

LEAST_WORDS: Final = 20
_INVISIBLE: Final = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff"
_ALONE: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(
    rf"https?://[^\s<>()\[\]\"'`]+|[{_ALONE}]|(?:(?![{_ALONE}])[\w{_INVISIBLE}'’])+", re.IGNORECASE
)
_DROPPED: Final = re.compile(rf"[{_INVISIBLE}'’_]")
_ODD: Final = re.compile("[\0-\x08\x0e-\x1f\ufffe\uffff]")


class TextLimits(NamedTuple):
    """What a text may be."""

    data_bytes: int = 2 * 1024 * 1024
    words: int = 20_000
    word_characters: int = 64
    """What a longer word has beyond them makes no difference."""


class Words(NamedTuple):
    """`numbers`: of each word, equal for equal ones. `spans`: n x 2, where each begins and ends, in
    characters."""

    numbers: Numbers
    spans: Spans


def decoded(data: bytes | memoryview, limits: TextLimits | None = None) -> str:
    """A file's bytes as text: UTF-8, or UTF-16 that says so. Raises Unusable."""
    limits = limits or TextLimits()
    if not len(data):
        raise Unusable("empty", "there is no byte in it")
    if len(data) > limits.data_bytes:
        raise Unusable("too_large", f"{len(data):,} bytes; {limits.data_bytes:,} are allowed")
    head = bytes(data[:2])
    try:
        text = str(data, "utf-16" if head in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable("malformed", f"byte {error.start:,} is no text in {error.encoding}") from error
    odd = _ODD.search(text)
    if odd is not None:
        raise Unusable("malformed", f"character {odd.start():,} is U+{ord(odd[0]):04X}, which no text has")
    return text


def read(text: str, limits: TextLimits | None = None) -> Words:
    """The words of a text, in order. Raises Unusable for one that is too short or too long."""
    limits = limits or TextLimits()
    if len(text) > limits.data_bytes:
        raise Unusable("too_large", f"{len(text):,} characters; {limits.data_bytes:,} are allowed")
    numbers: list[int] = []
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        word = _normal(found[0])[: limits.word_characters]
        if not word:
            continue
        if len(numbers) == limits.words:
            raise Unusable("too_large", f"over {limits.words:,} words")
        numbers.append(int.from_bytes(blake2b(word.encode(), digest_size=4).digest()))
        spans.append(found.span())
    if len(numbers) < LEAST_WORDS:
        raise Unusable("too_small", f"{len(numbers)} words; {LEAST_WORDS} are needed")
    return Words(np.array(numbers, dtype=np.uint32), np.array(spans, dtype=np.int32))


def _normal(word: str) -> str:
    return unicodedata.normalize("NFKC", _DROPPED.sub("", word)).casefold()
