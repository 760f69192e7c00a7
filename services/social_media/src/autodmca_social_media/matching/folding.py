"""Text as the eye takes it: what looks alike is the same afterwards.

Owns the folding of handles, names and bios. Look-alikes across scripts are those of Unicode's confusables
table (UTS #39), which `disarm` carries; leetspeak and letters that are told apart only in some fonts
(I, l, 1; rn, m) are folded here. Folding twice changes nothing that comparing would see. Never fails.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import disarm

_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
_LETTER_OF: Final = dict(zip("0134578$@!|+€£¥₮¢iIjJ", "oleastbsalltelytclLlL", strict=True))
_LEET: Final = str.maketrans(_LETTER_OF)
_ASCII_LEET: Final = bytes(ord(_LETTER_OF.get(chr(code), chr(code))) for code in range(256))
_ASCII_OTHERS: Final = bytes(
    code for code in range(128) if not (chr(code).isalnum() or chr(code) in _LETTER_OF)
)
"""Deleted in the same pass: five times as fast as a translation of text, which every comparison needs."""
_REPEATED: Final = re.compile(r"(.)\1+")
_PUNYCODE: Final = re.compile(r"\bxn--[a-z0-9-]{1,59}", re.ASCII | re.IGNORECASE)
_LONGEST: Final = 5_000
"""Characters of a text that are looked at; no platform allows longer ones."""


def visible(text: str) -> str:
    """Lower-case text without what cannot be seen, with each character as the Latin or other letter that it
    looks like, and punycode decoded. Spaces and punctuation stay."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST]
    if "--" in text:
        text = _PUNYCODE.sub(_decoded, text)
    if text.isascii():
        return text.lower()
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)))
    return _MARKS.sub("", unicodedata.normalize("NFKD", disarm.skeleton_key(plain))).lower()


def letters(seen: str) -> str:
    """What `visible` gave, as letters and digits alone and leetspeak as the letters that are meant."""
    if seen.isascii():
        folded = seen.encode().translate(_ASCII_LEET, _ASCII_OTHERS).decode()
    else:
        folded = "".join(filter(str.isalnum, seen.translate(_LEET)))
    if "rn" in folded:
        folded = folded.replace("rn", "m")
    return folded.replace("vv", "w") if "vv" in folded else folded


def fold(text: str) -> str:
    """`text` as a handle or a name is compared: see `visible` and `letters`."""
    return letters(visible(text))


def single(folded: str) -> str:
    """Without doubled letters."""
    return _REPEATED.sub(r"\1", folded)


def local_part(handle: str) -> str:
    """The name in a handle: `@ada@instance.example` and `ada.bsky.social` are `ada`; so is `ada.example`, a
    handle that is a domain of one's own."""
    handle = handle.strip().lstrip("@\uff20")
    name, at, _ = handle.partition("@")
    if at:
        return name
    if "." not in handle:
        return handle
    lower = handle.lower()
    for end in _HOSTS:
        if lower.endswith(end):
            return handle[: -len(end)]
    first, _, last = handle.rpartition(".")
    return first if first and last.lower() in _TOP_LEVEL else handle


def latin(text: str) -> str:
    """A transliteration of a name in another script, folded; empty where there is none."""
    return fold(romanised(text))


def romanised(text: str) -> str:
    """A transliteration of a name in another script, in small letters; empty where there is none."""
    return "" if text.isascii() else disarm.transliterate(text, errors="ignore").lower()


def _decoded(match: re.Match[str]) -> str:
    try:
        return match.group().lower()[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return match.group()


_HOSTS: Final = (".bsky.social", ".bsky.team", ".brid.gy")
_TOP_LEVEL: Final = frozenset(
    """
    com org net io dev app me tv xyz blog co info social team page site online zone art club gg ai fm
    """.split()  # noqa: SIM905
)
