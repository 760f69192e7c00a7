"""The answer of an analysis: what a notice is, which statutory elements it holds, and where.

Owns the names of the kinds and the wire form of the answer; elements are called what the events'
catalogue calls them. Never looks at text.
"""

from typing import Final, Literal, get_args

import msgspec
from autodmca_events.templates import NoticeElement

NoticeKind = Literal["takedown", "counter_notice", "retraction", "reversal", "anti_circumvention", "other"]

ElementName = NoticeElement
_ALL: Final[tuple[ElementName, ...]] = get_args(ElementName)

TAKEDOWN_ELEMENTS: Final = _ALL[:7]
"""17 U.S.C. 512(c)(3)(A)(i)-(vi); its (vi) holds two statements, accuracy and authority."""

COUNTER_NOTICE_ELEMENTS: Final = _ALL[7:]
"""17 U.S.C. 512(g)(3)(A)-(D); its (D) holds three, contact, jurisdiction and service."""

MAX_QUOTE: Final = 400
"""Longest quote of an element, in characters; `end` is where the quote ends."""


class Element(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One statutory element: whether the text holds it, and the words that show it.

    `start` and `end` are character offsets (code points) into the analysed text and
    `quote == text[start:end]`; an absent element has 0, 0 and "".
    """

    name: ElementName
    present: bool
    start: int = 0
    end: int = 0
    quote: str = ""


class Analysis(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one text is, how sure that is (0-1), its elements in the statute's order, and its URLs.

    `elements` lists the seven of a takedown for `takedown` and `anti_circumvention`, the six of a
    counter-notice for `counter_notice`, and none for `retraction`, `reversal` and `other`: the
    statute asks nothing of those. `language` is a code of BCP 47, "und" for one that is not known: the
    confidence is low for all but "en", and without cues for a language a notice in it is `other`.
    """

    kind: NoticeKind
    confidence: float
    elements: list[Element]
    urls: list[str]
    language: str = "en"
