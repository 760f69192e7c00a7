"""Notices in Spanish, French, German, Portuguese and Japanese: what they are and hold, at low confidence.

Owns the reading of a text by `foreign_cues`: sentences without accents and case, a statement where all of its
patterns meet in one. It is plainer than the reading of English, knows neither forms nor quoted mails,
and so is
never surer than HIGHEST. Pure and linear in the text; reads its first MAX_READ characters.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from autodmca_urls.finding import FoundUrl, find_urls

from .foreign_cues import TONGUES, Tongue
from .kinds import Verdict
from .model import ElementName
from .statements import Evidence

MAX_READ: Final = 100_000
HIGHEST: Final = 0.6
LOWEST: Final = 0.3
_MAX_SENTENCE: Final = 1_500
_COUNTERS: Final[tuple[ElementName, ...]] = ("cnPerjuryMistake", "cnJurisdiction", "cnService")
_CLAIMS: Final[tuple[ElementName, ...]] = ("goodFaith", "perjuryAuthority")
_END: Final = re.compile(
    r"[.!?;](?=\s)|[。！？；]|\n[ \t]*\n|\n(?=[ \t]*(?:[-*•]|\(?\w{1,3}[.)])[ \t])|:[ \t]*\n"
)
_MAIL: Final = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.\w|\[private\]|\{\{[^{}]{0,80}(?:mail|phone|contact|address)"
)
_PHONE: Final = re.compile(r"\+?\d(?:[ ().\u2010-\u2015/-]{0,2}\d){7,14}|\[private\]|\{\{[^{}]{0,80}phone")
_NAME: Final = re.compile(r"[^\W\d_]{2}|\[private\]|\{\{")
_SLASHED: Final = re.compile(r"/s/\s*\S")


class Part(NamedTuple):
    """A sentence at [start, end) of the text, without accents and case."""

    start: int
    end: int
    norm: str


class Foreign(NamedTuple):
    """A text in one of the languages, read once."""

    tongue: Tongue
    text: str
    parts: list[Part]
    urls: list[FoundUrl]


def read(text: str, language: str) -> Foreign | None:
    """Read a text; None for a language without cues."""
    if language not in TONGUES:
        return None
    text = text[:MAX_READ]
    return Foreign(TONGUES[language], text, _parts(text), find_urls(text))


def decide(foreign: Foreign) -> Verdict:
    """The kind that the statements and the words of asking point to."""
    tongue = foreign.tongue
    words = [part.norm for part in foreign.parts]
    countering = sum(find(foreign, name) is not None for name in _COUNTERS)
    claiming = sum(find(foreign, name) is not None for name in _CLAIMS)
    named = any(map(tongue.counter.search, words))
    asked = any(map(tongue.request.search, words)) and any(map(tongue.copied.search, words))
    if sum(len(tongue.about.findall(each)) for each in words) >= 2 and not _signed(foreign):
        return Verdict("other", LOWEST)
    if any(map(tongue.retraction.search, words)) and not claiming and not countering:
        return Verdict("retraction", 0.5)
    if countering >= 2 or (named and (countering or not claiming)):
        return Verdict("counter_notice", HIGHEST if countering and named else 0.5)
    if claiming or asked:
        return Verdict("takedown", HIGHEST if claiming and asked else 0.5)
    return Verdict("other", LOWEST)


def find(foreign: Foreign, name: ElementName) -> Evidence | None:
    """Where the text holds an element; None when nowhere."""
    match name:
        case "signature" | "cnSignature":
            return _signature(foreign)
        case "contactInfo":
            return _first(foreign, _MAIL) or _first(foreign, _PHONE)
        case "cnContact":
            return _first(foreign, _PHONE)
        case "materialLocation":
            urls = foreign.urls
            return Evidence(urls[0].start, urls[0].end) if urls else None
    patterns = foreign.tongue.statements[name]
    for part in foreign.parts:
        if all(pattern.search(part.norm) for pattern in patterns):
            return Evidence(part.start, part.end)
    return None


def _first(foreign: Foreign, pattern: re.Pattern[str]) -> Evidence | None:
    match = pattern.search(foreign.text)
    return Evidence(*match.span()) if match else None


def _signed(foreign: Foreign) -> bool:
    return _signature(foreign) is not None


def _signature(foreign: Foreign) -> Evidence | None:
    """A name after the words that close a letter, in the line or in the next that is not blank."""
    if slashed := _SLASHED.search(foreign.text):
        return Evidence(slashed.start(), slashed.end())
    at = 0
    closed = False
    found: Evidence | None = None
    for line in foreign.text.splitlines(keepends=True):
        start, at = at, at + len(line)
        bare = line.strip()
        if not bare:
            continue
        closing = foreign.tongue.closing.search(_plain(bare))
        if closing is not None and len(bare) <= 120:
            rest = re.split(r"[:：,、]", bare, maxsplit=1)
            closed = True
            if len(rest) == 2 and _NAME.search(rest[1]):
                found, closed = Evidence(start, start + len(line.rstrip())), False
        elif closed and _NAME.search(bare) and len(bare) <= 120:
            found, closed = Evidence(start, start + len(line.rstrip())), False
    return found


def _parts(text: str) -> list[Part]:
    parts = []
    plain = _plain(text)
    start = 0
    ends = [*(match.end() for match in _END.finditer(text)), len(text)]
    for end in ends:
        for begin in range(start, end, _MAX_SENTENCE):
            stop = min(end, begin + _MAX_SENTENCE)
            norm = plain[begin:stop]
            if norm.strip():
                lead = len(norm) - len(norm.lstrip())
                parts.append(Part(begin + lead, begin + len(norm.rstrip()), " ".join(norm.split())))
        start = end
    return parts


def _plain(text: str) -> str:
    """Without accents and case, each character in its place."""
    return "".join(map(_bare, text))


def _bare(char: str) -> str:
    if char.isascii():
        return char.lower()
    base = unicodedata.normalize("NFD", char)[0]
    # Of kana, the marks are no accents.
    return (base if base.isascii() else char).lower()[:1]
