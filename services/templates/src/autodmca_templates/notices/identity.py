"""Who signs a notice and how to reach them.

Owns reading the layout that people close a letter with: a closing word and a name under it, a labelled
line, a typed name as the answer to a form. Redactions (`[private]`) and template variables count as
the value they stand for; blanks ("Signature: ____") do not. Never guesses whether a name is real.
"""

import re
from typing import Final

from .forms import Notice, Question, Role, Said, affirms, refuses
from .statements import Evidence
from .text import Line, normalise

_VALUE: Final = re.compile(r"<private>|<email>|<url>|[^\W_]")
_NOTHING: Final = re.compile(r"\W*(?:n/?a|none|no|unknown|not (?:available|provided|applicable)|tbd|blank|_+|-+|x{3,})\W*$")

# (i) "a physical or electronic signature"; the E-SIGN Act, 15 U.S.C. 7006(5), takes any symbol meant as one.
_SLASHED: Final = re.compile(r"(?:^|\s)(?:/s/|/s\.|s/|/\s?[a-z<][\w<>. -]{1,40}\s?/\s*$)\s*\S")
_SIGN_LABEL: Final = re.compile(
    r"\W*(?:\d+\W+)?(?:(?:my|the|physical|electronic|digital|e|or|and|typed|legal|authori[sz]ed|owner's|sender's) ?){0,5}"
    r"(?:signature|signed|signatory|sign|undersigned)\b(?: (?:by|of|below|is below|name|electronically|copyright owner|claimant))*"
    r"(?: \([^)]{0,60}\))?\W*[:=-]?\s*"
)
_SIGNED: Final = re.compile(r"\b(?:(?:is|as|attached is|consider this|this is|here is) my (?:\w+ )?signature|(?:digitally|electronically) signed)\b")
_CLOSING: Final = re.compile(
    r"(?:\W|\d)*(?:(?:yours?|very|most|with|many|kind(?:est)?|best|warm(?:est)?|sincere|respectfully|truly|my|our|all the|and)[ ,]*){0,4}"
    r"(?:sincerely|faithfully|truly|regards?|thanks?|thank you|cheers|respectfully|yours|best|cordially|greetings|wishes|"
    r"submitted|salutations?|gratefully|saludos|cordialement|gr(?:u|ü)(?:ß|ss)e|atenciosamente|rgds|sincere)\b"
    r"(?:(?:[ ,!.]*(?:yours|sincerely|so much|very much|in advance|again|for your (?:\w+ ?){1,6}|and|you|kind|best|regards))*)[ ,.!:;-]*"
)
_NAME: Final = re.compile(
    r"[\s*_>~–—-]*(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?(?:[A-Z\u00c0-\u024f][\w\u00c0-\u024f'’.-]{0,20}|[A-Z]\.)"
    r"(?: (?:[A-Z\u00c0-\u024f][\w\u00c0-\u024f'’.-]{0,20}|de|von|van|der|bin|al|la|di|da|of|the|&)){0,4},?[\s*_\\]*$"
)
_NOT_A_NAME: Final = re.compile(
    r"\b(?:sent from|attach|dmca|notice|github|copyright|request|confidential|date[d:]?|url|http|www|page|end|united states|"
    r"usa|thanks?|thank you|regards|sincerely|hello|hi|dear|repository|retraction|yes|no|team)\b"
)
_DATE: Final = re.compile(r"\W*(?:date[d ]*\W*)?(?:\d{1,4}[ ./-]\w{1,9}[ ./-]\d{1,4}|[a-z]{3,9} \d{1,2},? \d{4}|\d{1,2} [a-z]{3,9},? \d{4})\W*$")
_ASKS_SIGNATURE: Final = re.compile(r"\bsign(?:ature|ing|ed)?\b|\bfull (?:legal )?name\b|\btype your (?:\w+ )?name\b")
_HAND: Final = re.compile(r"\W*(?:<private>\W*){1,4}")
_UNSIGNED: Final = re.compile(r"\bunsigned\b|\bnot signed\b|\bsignature (?:missing|omitted|to follow)|\bno signature")
_LONGEST_CLOSING_LINE: Final = 64
_OTHER_LABEL: Final = re.compile(
    r"\b(?:contact\w*|address|phone|telephone|e ?mail|info(?:rmation)?|details|urls?|links?|repositor\w+|files?|follow\w*|works?|"
    r"material|location|at|are|is|here)\b[^:]{0,30}:$"
)
_CLOSE: Final = 8
"""How many of a letter's last lines may hold the name that signs it."""


def find_signature(notice: Notice) -> Evidence | None:
    """The signature: a labelled or slashed one, a form's typed name, a name under a closing, a last line."""
    rows = _own_rows(notice)
    norms = [normalise(row.raw[:300]) for row in rows]
    found = _labelled_signature(rows, norms) or _typed_name(notice) or _closing_name(rows, norms)
    if found or any(_ASKS_SIGNATURE.search(question.norm) for question in notice.questions):
        return found
    contact = [q.answer for q in notice.questions if q.answer and _is_about_contact(q)]
    answers = [(answer[0].start, answer[-1].end) for answer in contact]
    return _last_name(rows, norms, answers)


def _labelled_signature(rows: list[Line], norms: list[str]) -> Evidence | None:
    for index, norm in enumerate(norms):
        if _UNSIGNED.search(norm):
            continue
        if _SLASHED.search(norm) or _SIGNED.search(norm):
            return Evidence(rows[index].start, rows[index].end)
        label = _SIGN_LABEL.match(norm)
        if label is None or len(norm) > 160:
            continue
        value = norm[label.end() :]
        if value and (":" in norm[: label.end()] or _HAND.fullmatch(value) or _NAME.match(rows[index].raw[-len(value) :])):
            if _VALUE.search(value) and not _NOTHING.match(value):
                return Evidence(rows[index].start, rows[index].end)
        elif not value and index + 1 < len(rows) and _is_name(rows[index + 1], norms[index + 1]):
            return Evidence(rows[index].start, rows[index + 1].end)
    return None


def _typed_name(notice: Notice) -> Evidence | None:
    for question in reversed(notice.questions):
        if not _ASKS_SIGNATURE.search(question.norm) or refuses(question.answer):
            continue
        answer = question.answer[0]
        if not _NOTHING.match(answer.norm) and len(answer.norm) < 100 and not answer.norm.endswith(":"):
            return Evidence(answer.start, answer.end)
    return None


def _closing_name(rows: list[Line], norms: list[str]) -> Evidence | None:
    for index in range(len(rows) - 1, max(-1, len(rows) - 40), -1):
        closing = _CLOSING.match(norms[index])
        if closing is None:
            continue
        rest = norms[index][closing.end() :].strip()
        if rest and len(rest) < 60 and (_HAND.fullmatch(rest) or _NAME.match(rows[index].raw[-len(rest) :])):
            return Evidence(rows[index].start, rows[index].end)
        if not rest and index + 1 < len(rows) and _signs(rows[index + 1], norms[index + 1]):
            return Evidence(rows[index].start, rows[index + 1].end)
    return None


def _last_name(rows: list[Line], norms: list[str], answers: list[tuple[int, int]]) -> Evidence | None:
    """A name among the last lines, unless it answers how to reach the writer."""
    for index in range(len(rows) - 1, max(0, len(rows) - _CLOSE), -1):
        if len(norms[index]) > _LONGEST_CLOSING_LINE and not norms[index].startswith("<url>"):
            break
        if any(start <= rows[index].start < end for start, end in answers):
            continue
        if _is_name(rows[index], norms[index]) and not _OTHER_LABEL.search(norms[index - 1]):
            return Evidence(rows[index].start, rows[index].end)
    return None


def _signs(row: Line, norm: str) -> bool:
    """Whether a line right under a closing word is who closes: any short line that is not something else."""
    return _is_name(row, norm) or (bool(re.fullmatch(r"\W*[^\W\d_<][^:?<@]{1,60}", norm)) and not _NOT_A_NAME.search(norm))


def _is_name(row: Line, norm: str) -> bool:
    numbered = re.sub(r"^\W*\d+\W+", "", norm)
    if _HAND.fullmatch(numbered) or re.match(r"\W*<private>", numbered):
        return len(numbered) < 80
    if re.match(r"\W*(?:full |legal |printed |your )*name\W*[:=]\W*[^\W_<]*.*\S", norm) and _VALUE.search(norm.partition(":")[2]):
        return len(norm) < 100
    name, comma, rest = row.raw.partition(",")
    if comma and "<" in norm and " " in name.strip() and _NAME.match(name) and len(rest) < 60:
        return True
    return bool(_NAME.match(row.raw)) and not _NOT_A_NAME.search(norm) and not _DATE.match(norm) and len(norm) < 60


# (iv) "information reasonably sufficient to permit the service provider to contact the complaining party, such
# as an address, telephone number, and, if available, an electronic mail address"; (g)(3)(D) asks name, address, phone.
_CONTACT_LABEL: Final = re.compile(
    r"\W*(?:\(?\w{1,3}[.)] ?)?(?:(?:my|our|your|business|office|work|home|physical|street|mailing|postal|contact|primary|preferred|direct|cell|"
    r"mobile|land|telephone|phone|e|company|legal|full|registered|current|both) ?){0,4}"
    r"(?:e ?mails?|mail|phone|telephone|tel|mobile|cell(?:phone)?|fax|address(?:es)?|contact(?: (?:info(?:rmation)?|details?|me|person|number|data))?|"
    r"postal code|post ?code|zip(?: ?code)?|zipcode|city|country|street|state|number|whatsapp|skype|ph|t|m|e|numbers?)"
    r"(?: ?(?:id|address|number|no|#|code|and|or|/|&|phone|email|details|information|e mail|line|optional|is|are|as follows|follows|listed|below|:))*"
    r"(?: ?\([^)]{0,60}\))?[ .]*[:=-]\s*"
)
_REACH: Final = re.compile(
    r"\b(?:contact(?:ed|ing)?|reach(?:ed)?|call(?:ed)?|e ?mail(?:ed)?|mail|write|respond|reply|phone|telephone|questions|get (?:back|in touch)|touch)\b"
    r"[^.]{0,160}<(?:private|email)>|<(?:private|email)>[^.]{0,60}\b(?:contact|reach|call|questions)\b|"
    r"\b(?:tel|phone|telephone|mobile|cell|fax|e ?mail|address)\b[^.<>?]{0,30}<(?:private|email)>"
)
_PHONE: Final = re.compile(r"(?<![\w/.=-])\+?\(?\d[\d() .-]{7,18}\d(?![\w/=-])")
_STREET: Final = re.compile(
    r"\b\d{1,5}[a-z]? (?:[\w.'-]+ ){1,4}(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|way|suite|floor|plaza|square)\b|"
    r"\bp\.? ?o\.? box \d|\b[a-z]{2} \d{5}(?:-\d{4})?\b"
)
_PHONE_WORD: Final = re.compile(r"\b(?:tel\w*|phone|mobile|cell\w*|fax|call|ph|whatsapp|contact|reach|number)\b|(?:^|\W)\+\d")
_ASKS_CONTACT: Final = re.compile(
    r"\b(?:telephone|phone|physical address|e ?mail address|mailing address|your (?:\w+ )?address|contact (?:you|information|details)|"
    r"contacting (?:you|the complaining)|reach you|get back to you|name, address)\b"
)
_THEIRS: Final = re.compile(r"\b(?:infringer|infringing|defendant|other party|copyright@|user'?s?|accused|dmca@|their|his|her)\b")


def find_contact(notice: Notice) -> Evidence | None:
    """How to reach the writer: a labelled line, a sentence that says how, an answer, an address block."""
    rows = _own_rows(notice)
    norms = [normalise(row.raw[:400]) for row in rows]
    return _labelled_contact(rows, norms) or _answered_contact(notice) or _said_contact(notice) or _block(rows, norms)


def _labelled_contact(rows: list[Line], norms: list[str]) -> Evidence | None:
    for index, norm in enumerate(norms):
        label = _CONTACT_LABEL.match(norm)
        if label is None or _THEIRS.search(norm[: label.end()]):
            continue
        value, end = norm[label.end() :], rows[index].end
        if not value and index + 1 < len(norms) and not rows[index + 1].strong:
            value, end = norms[index + 1], rows[index + 1].end
        if _VALUE.search(value) and not _NOTHING.match(value) and not value.endswith("?"):
            return Evidence(rows[index].start, end)
    return None


def _answered_contact(notice: Notice) -> Evidence | None:
    for question in notice.questions:
        if _is_about_contact(question) and not refuses(question.answer) and not affirms(question.answer):
            return Evidence(question.answer[0].start, question.answer[-1].end)
    return None


def _is_about_contact(question: Question) -> bool:
    return bool(_ASKS_CONTACT.search(question.norm)) and not _THEIRS.search(question.norm)


def _said_contact(notice: Notice) -> Evidence | None:
    for each in notice.said:
        if each.role is Role.SAID and (_REACH.search(each.norm) or _gives(each)):
            return Evidence(each.start, each.end)
    return None


def _gives(each: Said) -> bool:
    if "<email>" in each.norm and not _THEIRS.search(each.norm):
        return True
    if _STREET.search(each.norm):
        return True
    phone = _PHONE.search(each.norm)
    return phone is not None and (bool(_PHONE_WORD.search(each.norm)) or phone.group() == each.norm) and not _DATE.match(each.norm)


def _block(rows: list[Line], norms: list[str]) -> Evidence | None:
    """Two or more redacted lines at the end: a name and what was written under it; or under "contact"."""
    for index, norm in enumerate(norms[:-1]):
        if re.search(r"\bcontact\b|\baddress\b|\breach\b", norm) and len(norm) < 120 and "<private>" in norms[index + 1]:
            return Evidence(rows[index].start, rows[index + 1].end)
    tail = [index for index in range(max(0, len(rows) - _CLOSE), len(rows)) if _HAND.fullmatch(norms[index])]
    marks = sum(norms[index].count("<private>") for index in tail)
    return Evidence(rows[tail[0]].start, rows[tail[-1]].end) if marks > 1 else None


def _own_rows(notice: Notice) -> list[Line]:
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
