"""One call from a text to what it is and holds.

Owns the order of steps: read, decide the kind, find the kind's elements, list addresses. Pure and
deterministic; takes any string, never fails, and is linear in the text.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from autodmca_urls.finding import distinct, find_urls

from . import foreign
from .contact import find_contact
from .forms import Notice, Role, read
from .kinds import Verdict, decide
from .language import language_of
from .material import find_place, find_removed, find_work
from .model import (
    COUNTER_NOTICE_ELEMENTS,
    MAX_QUOTE,
    TAKEDOWN_ELEMENTS,
    Analysis,
    Element,
    ElementName,
    NoticeKind,
)
from .signature import find_signature
from .statements import Evidence, find_statement

_FINDERS: Final[dict[ElementName, Callable[[Notice], Evidence | None]]] = {
    "signature": find_signature,
    "workIdentification": find_work,
    "materialLocation": find_place,
    "contactInfo": find_contact,
    "goodFaith": partial(find_statement, name="goodFaith"),
    "accuracy": partial(find_statement, name="accuracy"),
    "perjuryAuthority": partial(find_statement, name="perjuryAuthority"),
    "cnSignature": find_signature,
    "cnMaterial": find_removed,
    "cnPerjuryMistake": partial(find_statement, name="cnPerjuryMistake"),
    "cnContact": find_contact,
    "cnJurisdiction": partial(find_statement, name="cnJurisdiction"),
    "cnService": partial(find_statement, name="cnService"),
}

_ELEMENTS: Final[dict[NoticeKind, tuple[ElementName, ...]]] = {
    "takedown": TAKEDOWN_ELEMENTS,
    "anti_circumvention": TAKEDOWN_ELEMENTS,
    "counter_notice": COUNTER_NOTICE_ELEMENTS,
}


def analyse(text: str) -> Analysis:
    """What a notice is and holds. A mail that only forwards or quotes a notice is read as that notice.

    The addresses are those of the text, without those of a host's preamble to somebody's notice.
    """
    language = language_of(text)
    if language != "en":
        return _foreign(text, language)
    notice, verdict = _read(text)
    names = _ELEMENTS.get(verdict.kind, ())
    host = [each for each in notice.said if each.role is Role.HOST] if names else []
    return Analysis(
        kind=verdict.kind,
        confidence=verdict.confidence,
        elements=[_element(notice, name) for name in names],
        urls=distinct([url for url in notice.urls if not any(h.start <= url.start < h.end for h in host)]),
    )


def find_elements(text: str, elements: Sequence[ElementName]) -> list[Element]:
    """The named elements in the order asked, whatever the kind of the text.

    Template variables count as filled in.
    """
    read_foreign = foreign.read(text, language_of(text))
    if read_foreign is not None:
        return [_quoted(text, name, foreign.find(read_foreign, name)) for name in elements]
    notice, _ = _read(text)
    return [_element(notice, name) for name in elements]


def _read(text: str) -> tuple[Notice, Verdict]:
    notice = read(text)
    verdict = decide(notice)
    if verdict.kind == "other" and any(row.quoted for row in notice.rows):
        unquoted = read(text, quoted_counts=True)
        return unquoted, decide(unquoted)
    return notice, verdict


def _element(notice: Notice, name: ElementName) -> Element:
    return _quoted(notice.text, name, _FINDERS[name](notice))


def _foreign(text: str, language: str) -> Analysis:
    """Of a text that is not English: what its language's cues say, or nothing."""
    words = foreign.read(text, language)
    verdict = foreign.decide(words) if words else Verdict("other", foreign.LOWEST)
    names = _ELEMENTS.get(verdict.kind, ()) if words else ()
    return Analysis(
        kind=verdict.kind,
        confidence=verdict.confidence,
        elements=[_quoted(text, name, foreign.find(words, name)) for name in names] if words else [],
        urls=distinct(find_urls(text)),
        language=language,
    )


def _quoted(text: str, name: ElementName, evidence: Evidence | None) -> Element:
    if evidence is None:
        return Element(name=name, present=False)
    end = min(evidence.end, evidence.start + MAX_QUOTE)
    return Element(name=name, present=True, start=evidence.start, end=end, quote=text[evidence.start : end])
