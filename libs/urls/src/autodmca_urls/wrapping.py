"""URLs that a line's end has broken.

Owns three rules. Between `<` and `>` whitespace is to be ignored (RFC 3986, appendix C). Elsewhere a URL
goes on in the next line only where a mailer's fixed width shows: the line is about as long as such lines
are, the next one begins with something that is part of a URL and of no sentence, and the lines are no list;
or where a long URL and the end of a file's name are a paragraph. Pure; looks a bounded number of lines
ahead, so that a caller stays linear in the text.
"""

from __future__ import annotations

import re
from typing import Final

_MAX_LINES: Final = 8
_MAX_LINE: Final = 1024
_SHORTEST_WRAPPED: Final = 64
_LONGEST_WRAPPED: Final = 84
_SHORTEST_PARAGRAPH: Final = 90
_FILE_END: Final = re.compile(r"[A-Za-z0-9_-]*\.[A-Za-z0-9]{1,5}")
_BLANK_BEFORE: Final = re.compile(r"(?:\A|\n[ \t\r]*\n)[ \t]*\Z")
_BLANK_AFTER: Final = re.compile(r"[ \t]*(?:\Z|\r?\n[ \t]*(?:\r?\n|\Z))")
_BREAK: Final = re.compile(r"[ \t]*\r?\n[ \t]*(?:(?:>|&gt;)[ \t]?)*")
_PIECE: Final = re.compile(r"[A-Za-z0-9/._~:?#@!$&'*+,;=%()-]+")
_OWN: Final = re.compile(r"(?:h(?:tt|xx)ps?|ftp):|www\.", re.IGNORECASE)
_CUT_AT: Final = frozenset("-/%=&?_+#")
_PART: Final = re.compile(r"[/%=_&]|\.[A-Za-z0-9]{1,5}[.,;)]?$|\d")


def continuation(text: str, start: int, end: int) -> str:
    """What follows the part of a URL at `start` to `end` and belongs to it, line breaks included; else ""."""
    if start and text[start - 1] == "<" and text.startswith(("\r", "\n", " ", "\t"), end):
        return _in_angles(text, end)
    return _wrapped(text, start, end)


def joined(rest: str) -> str:
    """A continuation without its line breaks."""
    return _BREAK.sub("", rest) if rest else ""


def _in_angles(text: str, end: int) -> str:
    at = end
    for _ in range(_MAX_LINES):
        gap = _BREAK.match(text, at)
        piece = _PIECE.match(text, gap.end(), gap.end() + _MAX_LINE) if gap is not None else None
        if piece is None or _OWN.match(piece.group()):
            return ""
        at = piece.end()
        if text.startswith(">", at):
            return text[end:at]
    return ""


def _wrapped(text: str, start: int, end: int) -> str:
    """At most one line's worth: the next line's first word, where everything speaks for a broken URL."""
    gap = _BREAK.match(text, end)
    if gap is None:
        return ""
    begin = text.rfind("\n", max(0, start - _LONGEST_WRAPPED - 1), start) + 1
    if not begin and start > _LONGEST_WRAPPED:
        return ""
    piece = _PIECE.match(text, gap.end(), gap.end() + _MAX_LINE)
    if piece is None or _OWN.match(piece.group()) or piece.group()[0] in "(*-+":
        return ""
    fixed = _SHORTEST_WRAPPED <= end - begin <= _LONGEST_WRAPPED and _goes_on(text[end - 1], piece.group())
    if not fixed and not _is_paragraph(text, start, end, piece):
        return ""
    return "" if _is_list(text, piece) else text[end : piece.end()]


def _goes_on(last: str, piece: str) -> bool:
    """Whether a URL that ends so, and a word that begins so, are one."""
    return (last in _CUT_AT or piece[0] in "/%=&?#_.") and _PART.search(piece) is not None


def _is_paragraph(text: str, start: int, end: int, piece: re.Match[str]) -> bool:
    """Whether a long URL and the end of a file's name make up a paragraph of two lines."""
    return (
        end - start >= _SHORTEST_PARAGRAPH
        and "." not in text[text.rfind("/", start, end) : end]
        and _FILE_END.fullmatch(piece.group()) is not None
        and _BLANK_BEFORE.search(text, max(0, start - 8), start) is not None
        and _BLANK_AFTER.match(text, piece.end()) is not None
    )


def _is_list(text: str, piece: re.Match[str]) -> bool:
    """Whether the line after the next is like it: then each stands for itself."""
    gap = _BREAK.match(text, piece.end())
    after = _PIECE.match(text, gap.end(), gap.end() + _MAX_LINE) if gap is not None else None
    return after is not None and "/" in after.group() and not _OWN.match(after.group())
