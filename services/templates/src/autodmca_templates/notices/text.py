"""The text as its writer laid it out: passages of one thought each, cut into sentences, in plain words.

Owns offsets: everything it yields says where it stands in the given text. Owns normalisation: Markdown,
HTML, quotes, dashes, wraps, contracted negations and redactions come out as lower-case plain words, with
`<private>`, `<url>` and `<email>` for what is not prose. Every step is linear in the text; beyond MAX_TEXT
characters, MAX_LINES lines, or MAX_PROSE characters of plain words, the middle is left out: a notice that
long is a list of addresses (each counts as one word), and what it states stands at its ends. Never fails.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeVar

MAX_TEXT: Final = 400_000
MAX_LINES: Final = 16_000
MAX_PROSE: Final = 160_000
_MAX_SENTENCE: Final = 1_200

_T = TypeVar("_T")


class Line(NamedTuple):
    """A non-blank line without its quoting marks; `strong` when all of it is a heading or bold."""

    start: int
    end: int
    raw: str
    quoted: bool
    strong: bool
    fresh: bool
    """Begins a passage: follows a blank line, or starts with a list mark, a label or a table row."""


class Passage(NamedTuple):
    """Lines that read on from each other."""

    start: int
    end: int
    quoted: bool
    strong: bool


class Sentence(NamedTuple):
    """A sentence at [start, end) of the text and its normal form."""

    start: int
    end: int
    norm: str


_QUOTE_MARK: Final = re.compile(r"[ \t]*(?:(?:>|&gt;)[ \t]?)+|[ \t]*\|[ \t](?=[^|\n]*$)")
_THREAD: Final = re.compile(
    r"[ \t>]*(?:-{2,}[ \t]*(?:original message|forwarded message|forwarded by|urspr)"
    r"|begin forwarded message|on\b.{4,200}\bwrote[ \t]*:[ \t]*$)",
    re.IGNORECASE,
)
_FRESH: Final = re.compile(
    r"[ \t]*(?:[-*+•·o–][ \t]+|#{1,6}[ \t]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})\\?[.)][ \t]*\S|\||"
    r"[A-Za-z][\w /'’()-]{0,40}:(?:\s|$)|<?https?://|hxxps?:)"
)
_HEADING: Final = re.compile(r"[ \t]*#{1,6}[ \t]*\S")
_ENDS: Final = re.compile(
    r"(?:[?:]|[a-z0-9)\]]{3}[.!])[\"'”’)*_ \t\\]*$|:[ \t]*[\"“].*[\"”][*_ \t\\]*$|https?://\S+[ \t\\]*$"
)


def lines(text: str) -> list[Line]:
    """The non-blank lines in order, at most MAX_LINES of them (the first three quarters and the last)."""
    found: list[Line] = []
    at = 0
    fresh, thread, bold = True, False, False
    cut, resume = _kept(len(text), MAX_TEXT)
    before = text[:cut].split("\n")
    rows = before + text[resume:].split("\n") if resume < len(text) else before
    head, tail = _kept(len(rows), MAX_LINES)
    for number, row in enumerate(rows):
        if number == len(before):
            at = resume
        start, at = at, at + len(row) + 1
        if head <= number < tail:
            continue
        body = row.strip()
        if not body:
            fresh, bold = True, False
            continue
        if body.isspace() or body in {"&nbsp;", ">"}:
            fresh = True
            continue
        mark = _QUOTE_MARK.match(row)
        if _THREAD.match(row):
            thread = not _answers_below(rows, number)
        begin = start + (mark.end() if mark else 0)
        raw = text[begin : start + len(row)].rstrip()
        if not raw.strip():
            fresh = True
            continue
        opened = raw.lstrip().startswith(("**", "__"))
        closed = raw.rstrip(" \\:?.").endswith(("**", "__"))
        strong = bold or bool(_HEADING.match(raw)) or (opened and (closed or raw.count("**") % 2 == 1))
        starts = fresh or bool(_FRESH.match(raw))
        found.append(
            Line(begin, begin + len(raw), raw, thread or mark is not None, strong, starts and not bold)
        )
        bold = (bold or opened) and not closed and (bold or raw.count("**") % 2 == 1)
        fresh = not bold and bool(_ENDS.search(raw[-300:]))
    return found


def passages(rows: list[Line]) -> Iterator[Passage]:
    """Lines joined into passages, in order."""
    current: Passage | None = None
    for row in rows:
        breaks = row.fresh or current is None or (current.quoted, current.strong) != (row.quoted, row.strong)
        if current is not None and not breaks:
            current = current._replace(end=row.end)
            continue
        if current is not None:
            yield current
        current = Passage(row.start, row.end, row.quoted, row.strong)
    if current is not None:
        yield current


_SENTENCE_END: Final = re.compile(r"[.!?;][\"')\]*_”’]{0,3}\s+(?=[\"'(\[*_“‘]{0,3}[A-Z0-9/<{\[])")
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:[A-Za-z]|inc|ltd|llc|corp|co|no|nos|sec|art|para|mr|mrs|ms|dr|st|vs|etc|u\.?s\.?c?|e\.g|i\.e)|^\W*\d+)\.$",
    re.IGNORECASE,
)


def sentences(text: str, start: int, end: int) -> Iterator[Sentence]:
    """The sentences of text[start:end] in order, none longer than a long paragraph."""
    piece = text[start:end]
    at = 0
    for stop in _SENTENCE_END.finditer(piece):
        if _ABBREVIATION.search(piece[max(at, stop.start() - 6) : stop.start() + 1]):
            continue
        yield from _bounded(piece, at, stop.end(), start)
        at = stop.end()
    yield from _bounded(piece, at, len(piece), start)


def _bounded(piece: str, start: int, end: int, offset: int) -> Iterator[Sentence]:
    while start < end:
        stop = end
        if end - start > _MAX_SENTENCE:
            space = piece.rfind(" ", start + 1, start + _MAX_SENTENCE)
            stop = space + 1 if space > start else start + _MAX_SENTENCE
        body = piece[start:stop]
        kept = body.strip(" \t\r\n*_#\\")
        if kept:
            begin = start + body.index(kept)
            yield Sentence(offset + begin, offset + begin + len(kept), normalise(kept))
        start = stop


# One character for one: typographic quotes, dashes, spaces and widths to their plain forms.
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´ʼ＇", "'"),
        **dict.fromkeys("“”„‟″«»＂", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "
        ),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", None),
        "İ": "i",
    }
)
_TAG: Final = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,9}(?:[ \n][^<>]{0,500})?/?>")
_URL: Final = re.compile(
    r"(?:https?|hxxps?)(?:://|\[:\]//)[^\s<>\"']+|\bwww\.[^\s<>\"']+|\bgithub\.com/[^\s<>\"']+"
)
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}")
_REDACTED: Final = re.compile(
    r"[\[<(](?:private|redacted|removed for privacy|name redacted|personal[^\])>]{0,30})[\])>]"
)
_INVALID: Final = re.compile(
    r"\[(?:invalid|previously removed[^\]]{0,30}|inaccessible|no longer available)\]"
)
_SLOT: Final = re.compile(r"\{\{([^{}]{1,200})\}\}|\{%[^{}]{0,200}%\}")
_MARKS: Final = re.compile(r"(?<![\w])_+|_+(?![\w])|[*~`\\|\[\]#{}]+")
_HYPHEN: Final = re.compile(r"(?<=[a-z])-\s?(?=[a-z])")
_SPACES: Final = re.compile(r"\s+")


def normalise(piece: str) -> str:
    """Lower-case plain words of one piece of text, single-spaced."""
    if "&" in piece:
        piece = html.unescape(piece)
    if not piece.isascii():
        piece = unicodedata.normalize("NFKC", piece.translate(_PLAIN)).translate(_PLAIN)
    plain = piece.lower()
    if "<" in plain:
        plain = _TAG.sub(" ", plain)
    plain = _URL.sub(" <url> ", plain)
    if "@" in plain:
        plain = _EMAIL.sub(" <email> ", plain)
    if "{" in plain:
        plain = _SLOT.sub(_slot, plain)
    if "n't" in plain or "cannot" in plain:
        plain = (
            plain.replace("can't", "can not")
            .replace("cannot", "can not")
            .replace("won't", "will not")
            .replace("n't", " not")
        )
    plain = _REDACTED.sub(" <private> ", plain)
    plain = _INVALID.sub(" <invalid> ", plain)
    plain = _MARKS.sub(" ", plain)
    plain = _HYPHEN.sub(" ", plain)
    return _SPACES.sub(" ", plain).strip()


def _slot(found: re.Match[str]) -> str:
    """A template's variable stands for the value it will have; its name says of what kind."""
    name = found.group(1)
    if name is None:
        return " "
    if re.search(r"url|link|location", name):
        return " <url> "
    return " <email> " if "email" in name or "e_mail" in name else " <private> "


def _answers_below(rows: list[str], number: int) -> bool:
    """Whether the thread below is marked line by line, so that answers between the lines can be told."""
    return any(row.lstrip().startswith((">", "&gt;")) for row in rows[number + 1 : number + 6])


def _kept(count: int, limit: int) -> tuple[int, int]:
    """The span left out of `count` to keep `limit`, three quarters of them from the front."""
    if count <= limit:
        return count, count
    return limit * 3 // 4, count - limit // 4


def bounded(items: Iterable[_T], size: Callable[[_T], int], limit: int) -> list[_T]:
    """The items, without the middle when their sizes add up to more than `limit`."""
    every = list(items)
    head, tail = 0, len(every)
    room = limit * 3 // 4
    while head < tail and (room := room - size(every[head])) >= 0:
        head += 1
    room += limit // 4
    while head < tail and (room := room - size(every[tail - 1])) >= 0:
        tail -= 1
    return every[:head] + every[tail:]
