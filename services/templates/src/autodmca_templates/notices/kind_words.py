"""What a cue of a kind is, and the vocabulary of cues: names of notices, verbs of asking and undoing.

Owns the alternations to be put into a larger pattern; decides nothing by itself.
"""

import re
from typing import Final, NamedTuple

from .model import NoticeKind

NOTICE: Final = (
    r"(?:notices?|notifications?|take ?downs?|claims?|requests?|complaints?|reports?|dmcas?|"
    r"submissions?|strikes?|counter ?notices?|counter ?notifications?|counter ?claims?|filings?)"
)
TAKE_BACK: Final = (
    r"(?:retract(?:ing|s)?|withdraw(?:ing|s)?|rescind(?:ing|s)?|revok(?:e|ing|es)|cancel(?:l?ing|s)?|"
    r"disregard|annul|take back|taking back|nullify|void|recall|undo|retire|pull back|call off|"
    r"renounce|reverse|reversing|overturn)"
)
TAKEN_BACK: Final = (
    r"(?:retracted|withdrawn|withdrew|rescinded|revoked|cancell?ed|disregarded|annulled|taken back|"
    r"nullified|voided|dropped|lifted|closed|ignored|dismissed|undone)"
)
BRING_BACK: Final = (
    r"(?:put (?:[^ ]+ ){1,4}back|restor(?:e|ed|ing)|re ?instat(?:e|ed|ing)|re ?enabl(?:e|ed|ing)|"
    r"un ?block(?:ed|ing)?|re ?activat(?:e|ed|ing)|put back|bring back|reopen|re ?publish|unsuspend|"
    r"unlock(?:ed|ing)?|re ?instatement|restoration|make available again)"
)
THING: Final = (
    r"(?:repositor(?:y|ies)|repos?|contents?|projects?|accounts?|files?|materials?|code|forks?|gists?|"
    r"access|pages?|<url>|it|them)"
)
REMOVE: Final = (
    r"(?:remov(?:e|al|ed|ing)|take ?down|taken down|taking down|disabl(?:e|ed|ing)|delet(?:e|ed|ion|"
    r"ing)|block(?:ed)?|cease|suspend)"
)
ASK: Final = (
    r"(?:please|pls|kindly|request(?:s|ed|ing)?|ask(?:s|ed|ing)?|demand|want|require|urge|would like|"
    r"need|must|hope|immediately|expeditiously)"
)


class KindCue(NamedTuple):
    """Words that speak for a kind (or, with a negative weight, against it)."""

    kind: NoticeKind
    weight: float
    pattern: re.Pattern[str]
    said_only: bool
    """Counts only in the writer's own sentences, not in what a form asks."""


def said(kind: NoticeKind, weight: float, *patterns: str) -> KindCue:
    return KindCue(kind, weight, re.compile("|".join(patterns)), said_only=True)


def anywhere(kind: NoticeKind, weight: float, *patterns: str) -> KindCue:
    return KindCue(kind, weight, re.compile("|".join(patterns)), said_only=False)
