"""How to reach the writer of a notice.

Owns labelled lines, sentences that say how, answers to a form, and blocks of redacted lines. Somebody
else's address ("the infringer's e-mail") is none. Never checks that an address works.
"""

import re
from typing import Final

from .forms import Notice, Question, Role, Said, affirms, refuses
from .layout import CLOSE, DATE, HAND, NOTHING, VALUE, own_rows
from .statements import Evidence
from .text import Line, normalise

# (iv) "information reasonably sufficient to permit the service provider to contact the complaining party,
# such as an address, telephone number, and, if available, an electronic mail address"; (g)(3)(D) asks for
# name, address and telephone number.
_CONTACT_LABEL: Final = re.compile(
    r"\W*(?:\(?\w{1,3}[.)] ?)?(?:(?:my|our|your|business|office|work|home|physical|street|mailing|"
    r"postal|contact|primary|preferred|direct|cell|mobile|land|telephone|phone|e|company|legal|full|"
    r"registered|current|both) ?){0,4}(?:e ?mails?|mail|phone|telephone|tel|mobile|cell(?:phone)?|fax|"
    r"address(?:es)?|contact(?: (?:info(?:rmation)?|details?|me|person|number|data))?|postal code|"
    r"post ?code|zip(?: ?code)?|zipcode|city|country|street|state|number|whatsapp|skype|ph|t|m|e|"
    r"numbers?)(?: ?(?:id|address|number|no|#|code|and|or|/|&|phone|email|details|information|e mail|"
    r"line|optional|is|are|as follows|follows|listed|below|:))*(?: ?\([^)]{0,60}\))?[ .]*[:=-]\s*"
)
_REACH: Final = re.compile(
    r"\b(?:contact(?:ed|ing)?|reach(?:ed)?|call(?:ed)?|e ?mail(?:ed)?|mail|write|respond|reply|phone|"
    r"telephone|questions|get (?:back|in touch)|touch)\b[^.]{0,160}<(?:private|email)>|<(?:private|"
    r"email)>[^.]{0,60}\b(?:contact|reach|call|questions)\b|\b(?:tel|phone|telephone|mobile|cell|fax|"
    r"e ?mail|address)\b[^.<>?]{0,30}<(?:private|email)>"
)
_PHONE: Final = re.compile(r"(?<![\w/.=-])\+?\(?\d[\d() .-]{7,18}\d(?![\w/=-])")
_STREET: Final = re.compile(
    r"\b\d{1,5}[a-z]? (?:[\w.'-]+ ){1,4}(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|"
    r"dr|court|way|suite|floor|plaza|square)\b|\bp\.? ?o\.? box \d|\b[a-z]{2} \d{5}(?:-\d{4})?\b"
)
_PHONE_WORD: Final = re.compile(
    r"\b(?:tel\w*|phone|mobile|cell\w*|fax|call|ph|whatsapp|contact|reach|number)\b|(?:^|\W)\+\d"
)
_ASKS_CONTACT: Final = re.compile(
    r"\b(?:telephone|phone|physical address|e ?mail address|mailing address|your (?:\w+ )?address|"
    r"contact (?:you|information|details)|contacting (?:you|the complaining)|reach you|"
    r"get back to you|name, address)\b"
)
_THEIRS: Final = re.compile(
    r"\b(?:infringer|infringing|defendant|other party|copyright@|user'?s?|accused|dmca@|their|his|her)\b"
)


def find_contact(notice: Notice) -> Evidence | None:
    """How to reach the writer: a labelled line, a sentence that says how, an answer, an address block."""
    rows = own_rows(notice)
    norms = [normalise(row.raw[:400]) for row in rows]
    return (
        _labelled_contact(rows, norms)
        or _answered_contact(notice)
        or _said_contact(notice)
        or _block(rows, norms)
    )


def _labelled_contact(rows: list[Line], norms: list[str]) -> Evidence | None:
    for index, norm in enumerate(norms):
        label = _CONTACT_LABEL.match(norm)
        if label is None or _THEIRS.search(norm[: label.end()]):
            continue
        value, end = norm[label.end() :], rows[index].end
        if not value and index + 1 < len(norms) and not rows[index + 1].strong:
            value, end = norms[index + 1], rows[index + 1].end
        if VALUE.search(value) and not NOTHING.match(value) and not value.endswith("?"):
            return Evidence(rows[index].start, end)
    return None


def _answered_contact(notice: Notice) -> Evidence | None:
    for question in notice.questions:
        if is_about_contact(question) and not refuses(question.answer) and not affirms(question.answer):
            return Evidence(question.answer[0].start, question.answer[-1].end)
    return None


def is_about_contact(question: Question) -> bool:
    return bool(_ASKS_CONTACT.search(question.norm)) and not _THEIRS.search(question.norm)


def _said_contact(notice: Notice) -> Evidence | None:
    for each in notice.said:
        if each.role is Role.SAID and (_reaches(each) or _gives(each)):
            return Evidence(each.start, each.end)
    return None


def _reaches(each: Said) -> bool:
    how = _REACH.search(each.norm)
    return how is not None and not _THEIRS.search(each.norm, max(0, how.start() - 30), how.end())


def _gives(each: Said) -> bool:
    if "<email>" in each.norm and not _THEIRS.search(each.norm):
        return True
    if _STREET.search(each.norm):
        return True
    phone = _PHONE.search(each.norm)
    return (
        phone is not None
        and (bool(_PHONE_WORD.search(each.norm)) or phone.group() == each.norm)
        and not DATE.match(each.norm)
    )


def _block(rows: list[Line], norms: list[str]) -> Evidence | None:
    """Two or more redacted lines at the end: a name and what was written under it; or under "contact"."""
    for index, norm in enumerate(norms[:-1]):
        if (
            re.search(r"\bcontact\b|\baddress\b|\breach\b", norm)
            and len(norm) < 120
            and "<private>" in norms[index + 1]
        ):
            return Evidence(rows[index].start, rows[index + 1].end)
    tail = [index for index in range(max(0, len(rows) - CLOSE), len(rows)) if HAND.fullmatch(norms[index])]
    marks = sum(norms[index].count("<private>") for index in tail)
    return Evidence(rows[tail[0]].start, rows[tail[-1]].end) if marks > 1 else None
