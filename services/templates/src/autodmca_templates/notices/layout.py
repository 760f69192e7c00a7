"""The lines of a notice that are its writer's, and what a line may hold.

Owns the forms shared by signatures and contact lines: a value, a blank, a redaction, a date. Redactions
(`[private]`) and template variables count as the value they stand for.
"""

import re
from typing import Final

from .forms import Notice, Role
from .text import Line

VALUE: Final = re.compile(r"<private>|<email>|<url>|[^\W_]")
NOTHING: Final = re.compile(
    r"\W*(?:n/?a|none|no|unknown|not (?:available|provided|applicable)|tbd|blank|_+|-+|x{3,})\W*$"
)
DATE: Final = re.compile(
    r"\W*(?:date[d ]*\W*)?(?:\d{1,4}[ ./-]\w{1,9}[ ./-]\d{1,4}|[a-z]{3,9} \d{1,2},? \d{4}|"
    r"\d{1,2} [a-z]{3,9},? \d{4})\W*$"
)
HAND: Final = re.compile(r"\W*(?:<private>\W*){1,4}")
CLOSE: Final = 8
"""How many of a letter's last lines may hold the name that signs it."""


def own_rows(notice: Notice) -> list[Line]:
    """The lines that are the writer's: not quoted, and neither the host's nor a question."""
    kept: list[Line] = []
    at = 0
    for row in notice.rows:
        while at < len(notice.said) and notice.said[at].end <= row.start:
            at += 1
        inside = at < len(notice.said) and notice.said[at].start < row.end
        role = notice.said[at].role if inside else Role.SAID
        if not row.quoted and role is not Role.HOST and not (role is Role.ASKED and not _closes(row)):
            kept.append(row)
    return kept


def _closes(row: Line) -> bool:
    """A line of labels may read like an instruction ("Sign: [private]") and yet hold a value."""
    return "[" in row.raw or ":" in row.raw
