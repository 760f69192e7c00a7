"""Who signs a notice.

Owns reading the ways that people sign: `/s/`, a labelled line, a typed name as the answer to a form, a
name under a closing word, a name among the last lines. A blank ("Signature: ____") signs nothing. Never
guesses whether a name is real.
"""

import re
from typing import Final

from .contact import is_about_contact
from .forms import Notice, refuses
from .layout import CLOSE, DATE, HAND, NOTHING, VALUE, own_rows
from .statements import Evidence
from .text import Line, normalise

# (i) "a physical or electronic signature"; the E-SIGN Act, 15 U.S.C. 7006(5), takes any symbol meant as one.
_SLASHED: Final = re.compile(r"(?:^|\s)(?:/s/|/s\.|s/)\s*\S|^\W*/\s?[a-z<][\w<>. -]{1,40}\s?/\W*$")
_SIGN_LABEL: Final = re.compile(
    r"\W*(?:\d+\W+)?(?:(?:my|the|physical|electronic|digital|e|or|and|typed|legal|authori[sz]ed|"
    r"owner's|sender's) ?){0,5}(?:signature|signed|signatory|sign|undersigned)\b(?: (?:by|of|below|"
    r"is below|name|electronically|copyright owner|claimant))*(?: \([^)]{0,60}\))?\W*[:=-]?\s*"
)
_SIGNED: Final = re.compile(
    r"\b(?:(?:is|as|attached is|consider this|this is|here is) my (?:\w+ )?signature|(?:digitally|"
    r"electronically) signed)\b"
)
_CLOSING: Final = re.compile(
    r"(?:\W|\d)*(?:(?:yours?|very|most|with|many|kind(?:est)?|best|warm(?:est)?|sincere|respectfully|"
    r"truly|my|our|all the|and)[ ,]*){0,4}(?:sincerely|faithfully|truly|regards?|thanks?|thank you|"
    r"cheers|respectfully|yours|best|cordially|greetings|wishes|submitted|salutations?|gratefully|"
    r"saludos|cordialement|gr(?:u|ü)(?:ß|ss)e|atenciosamente|rgds|sincere)\b(?:(?:[ ,!.]*(?:yours|"
    r"sincerely|so much|very much|in advance|again|for your (?:\w+ ?){1,6}|and|you|kind|best|"
    r"regards))*)[ ,.!:;-]*"
)
_NAME: Final = re.compile(
    r"[\s*_>~–—-]*(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?(?:[A-Z\u00c0-\u024f][\w\u00c0-\u024f'’.-]{0,20}|"
    r"[A-Z]\.)(?: (?:[A-Z\u00c0-\u024f][\w\u00c0-\u024f'’.-]{0,20}|de|von|van|der|bin|al|la|di|da|of|"
    r"the|&)){0,4},?[\s*_\\]*$"
)
_NOT_A_NAME: Final = re.compile(
    r"\b(?:sent from|attach|dmca|notice|github|copyright|request|confidential|date[d:]?|url|http|www|"
    r"page|end|united states|usa|works?|original|infring\w*|material|code|location|information|"
    r"statement|summary|thanks?|thank you|regards|sincerely|hello|hi|dear|repository|retraction|yes|"
    r"no|team)\b"
)
_ASKS_SIGNATURE: Final = re.compile(
    r"\bsign(?:ature|ing|ed)?\b|\bfull (?:legal )?name\b|\btype your (?:\w+ )?name\b"
)
_UNSIGNED: Final = re.compile(
    r"\bunsigned\b|\bnot signed\b|\bsignature (?:missing|omitted|to follow)|\bno signature"
)
_CLOSED: Final = re.compile(
    r"\b(?:sincerely|regards|faithfully|truly|thanks|thank you|cheers|respectfully|signed)\b"
    r"[ ,.:!-]{0,4}<private>\W*$"
)
_LONGEST_CLOSING_LINE: Final = 64
_OTHER_LABEL: Final = re.compile(
    r"\b(?:contact\w*|address|phone|telephone|e ?mail|info(?:rmation)?|details|urls?|links?|"
    r"repositor\w+|files?|follow\w*|works?|material|location|at|are|is|here)\b[^:]{0,30}:$"
)
_PROSE: Final = re.compile(r"(?:\w+ ){3,}\w+[.!]$")


def find_signature(notice: Notice) -> Evidence | None:
    """The signature: a labelled or slashed one, a form's typed name, a name under a closing, a last line."""
    rows = own_rows(notice)
    norms = [normalise(row.raw[:300]) for row in rows]
    found = _labelled_signature(rows, norms) or _typed_name(notice) or _closing_name(rows, norms)
    if found or any(_ASKS_SIGNATURE.search(question.norm) for question in notice.questions):
        return found
    contact = [q.answer for q in notice.questions if q.answer and is_about_contact(q)]
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
        if value and (
            ":" in norm[: label.end()] or HAND.fullmatch(value) or _NAME.match(rows[index].raw[-len(value) :])
        ):
            if VALUE.search(value) and not NOTHING.match(value):
                return Evidence(rows[index].start, rows[index].end)
        elif not value and index + 1 < len(rows) and _is_name(rows[index + 1], norms[index + 1]):
            return Evidence(rows[index].start, rows[index + 1].end)
    return None


def _typed_name(notice: Notice) -> Evidence | None:
    for question in reversed(notice.questions):
        if not _ASKS_SIGNATURE.search(question.norm) or refuses(question.answer):
            continue
        answer = question.answer[0]
        if not NOTHING.match(answer.norm) and len(answer.norm) < 100 and not answer.norm.endswith(":"):
            return Evidence(answer.start, answer.end)
    return None


def _closing_name(rows: list[Line], norms: list[str]) -> Evidence | None:
    for index in range(len(rows) - 1, max(-1, len(rows) - 40), -1):
        closing = _CLOSING.match(norms[index])
        if closing is None:
            continue
        rest = norms[index][closing.end() :].strip()
        if (
            rest
            and len(rest) < 60
            and (re.match(r"\W*<private>", rest) or _NAME.match(rows[index].raw[-len(rest) :]))
        ):
            return Evidence(rows[index].start, rows[index].end)
        if not rest and index + 1 < len(rows) and _signs(rows[index + 1], norms[index + 1]):
            return Evidence(rows[index].start, rows[index + 1].end)
    return _closed_in_the_line(rows[-1], norms[-1]) if rows else None


def _closed_in_the_line(row: Line, norm: str) -> Evidence | None:
    """A text that lost its line breaks still ends "... Sincerely, [private]"."""
    return Evidence(max(row.start, row.end - 80), row.end) if _CLOSED.search(norm) else None


def _last_name(rows: list[Line], norms: list[str], answers: list[tuple[int, int]]) -> Evidence | None:
    """A name among the last lines, unless it answers how to reach the writer."""
    for index in range(len(rows) - 1, max(0, len(rows) - CLOSE), -1):
        if (
            len(norms[index]) > _LONGEST_CLOSING_LINE or _PROSE.search(norms[index])
        ) and "<url>" not in norms[index]:
            break
        if any(start <= rows[index].start < end for start, end in answers):
            continue
        if _is_name(rows[index], norms[index]) and not _OTHER_LABEL.search(norms[index - 1]):
            return Evidence(rows[index].start, rows[index].end)
    return None


def _signs(row: Line, norm: str) -> bool:
    """Whether a line right under a closing word is who closes: any short line that is not something else."""
    return _is_name(row, norm) or (
        bool(re.fullmatch(r"\W*[^\W\d_<][^:?<@]{1,60}", norm)) and not _NOT_A_NAME.search(norm)
    )


def _is_name(row: Line, norm: str) -> bool:
    numbered = re.sub(r"^\W*\d+\W+", "", norm)
    if HAND.fullmatch(numbered) or re.match(r"\W*<private>", numbered):
        return len(numbered) < 80
    if re.match(
        r"\W*(?:(?:my|the|your|full|legal|printed|typed) ){0,4}name\W*[:=]\W*[^\W_<]*.*\S", norm
    ) and VALUE.search(norm.partition(":")[2]):
        return len(norm) < 100
    name, comma, rest = row.raw.partition(",")
    if comma and "<" in norm and " " in name.strip() and _NAME.match(name) and len(rest) < 60:
        return True
    return (
        bool(_NAME.match(row.raw))
        and not _NOT_A_NAME.search(norm)
        and not DATE.match(norm)
        and len(norm) < 60
    )
