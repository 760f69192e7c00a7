"""What a notice is, by the weights of many cues.

Owns the decision and its confidence. Statements of the statute weigh most, then what the writer asks for.
A letter that takes a notice back is a retraction, whichever notice it was; the host's account of what it
undid is a reversal. Never looks at file names or addresses.
"""

import math
import re
from typing import Final, NamedTuple

from .claim_cues import CLAIM_CUES
from .cues import STATEMENTS, weigh
from .descriptions import marks_of
from .forms import Notice, Role
from .kind_words import KindCue
from .model import ElementName, NoticeKind
from .undoing_cues import UNDOING_CUES

_STATED: Final[dict[ElementName, tuple[NoticeKind, float]]] = {
    "goodFaith": ("takedown", 3.0),
    "accuracy": ("takedown", 0.5),
    "perjuryAuthority": ("takedown", 2.5),
    "cnPerjuryMistake": ("counter_notice", 4.0),
    "cnJurisdiction": ("counter_notice", 2.5),
    "cnService": ("counter_notice", 2.5),
}
_ENOUGH: Final = 2.0
_CIRCUMVENTION_ENOUGH: Final = 4.0
_OPENING: Final = 4
_FIRST: Final = re.compile(
    r"\b(?:i|we|my|our (?!policy|dmca|takedown|guide|terms)|me|i'm|we're|undersigned|thanks?|thank you)\b|"
    r"<private>|\bplease (?!do not hesitate|contact|see|visit|note)"
)
_TOPIC: Final = re.compile(
    r"\b(?:dmcas?|take ?downs?|copyright\w*|infring\w*|notices?|notifications?|claims?|complaints?|"
    r"repositor\w+|repos?|forks?|github)\b|<url>"
)
_IMPERSONAL: Final = 0.5
"""People write their own notices; a text in which nobody speaks is more likely about them."""
_OPENING_FACTOR: Final = 1.5
_DECLARES: Final = 3.0
"""A cue of this weight says what the letter is; people say that first, and quote or retell others later."""
_REFUSED_CIRCUMVENTION: Final = re.compile(
    r"\b(?:not|no) (?:[^ ]+ ){0,4}(?:sufficient|enough|adequate)? ?(?:information|"
    r"evidence)(?: [^ ]+){0,8} (?:valid )?anti ?circumvention"
)
"""A host's note that it took a notice for its copyright claims alone."""


class Verdict(NamedTuple):
    """A kind and how sure it is, 0-1."""

    kind: NoticeKind
    confidence: float


def decide(notice: Notice) -> Verdict:
    """The kind whose cues weigh most, `other` when none weighs enough, or the text is about notices."""
    verdict = _heaviest(notice)
    if verdict.kind not in ("other", "reversal"):
        marks = marks_of(notice)
        if marks.describes:
            return Verdict("other", _confidence(marks.about, 2 * marks.own))
    return verdict


def _heaviest(notice: Notice) -> Verdict:
    weights = _weights(notice)
    circumvention = weights.pop("anti_circumvention")
    kind = max(weights, key=lambda each: weights[each])
    best = weights.pop(kind)
    if best < _ENOUGH:
        if circumvention >= _CIRCUMVENTION_ENOUGH:
            return Verdict("anti_circumvention", _confidence(circumvention, best))
        return Verdict("other", round(1 - 0.5 * max(best, 0.0) / _ENOUGH, 3))
    confidence = _confidence(best, max(weights.values()))
    if kind == "takedown" and circumvention >= _CIRCUMVENTION_ENOUGH:
        return Verdict("anti_circumvention", confidence)
    return Verdict(kind, confidence)


def _weights(notice: Notice) -> dict[NoticeKind, float]:
    weights: dict[NoticeKind, float] = dict.fromkeys(
        ("takedown", "counter_notice", "retraction", "reversal", "anti_circumvention"), 0.0
    )
    spoken = [each for each in notice.said if each.role is not Role.QUOTED]
    own = [each for each in spoken if each.role is not Role.HOST]
    for name, (kind, weight) in _STATED.items():
        statement = STATEMENTS[name]
        if any(weigh(statement, each.norm) >= statement.enough for each in own):
            weights[kind] += weight
    opening = {each.start for each in own[:_OPENING]}
    for cue in (*CLAIM_CUES, *UNDOING_CUES):
        words = spoken if cue.kind == "reversal" else own
        weights[cue.kind] += _best(cue, [(each.norm, each.role, each.start in opening) for each in words])
    if not any(_FIRST.search(each.norm) for each in own):
        for kind in ("takedown", "counter_notice", "retraction"):
            weights[kind] *= _IMPERSONAL
    if not any(_TOPIC.search(each.norm) for each in spoken):
        for kind in ("retraction", "reversal"):
            weights[kind] *= _IMPERSONAL
    if any(_REFUSED_CIRCUMVENTION.search(each.norm) for each in spoken):
        weights["anti_circumvention"] = 0.0
    return weights


def _best(cue: KindCue, words: list[tuple[str, Role, bool]]) -> float:
    """A cue counts once, at its weightiest place; in the opening a letter says what it is."""
    best = 0.0
    for norm, role, opens in words:
        if role is Role.ASKED and cue.said_only:
            continue
        weight = cue.weight * (_OPENING_FACTOR if opens and cue.weight >= _DECLARES else 1.0)
        if best < weight and cue.pattern.search(norm):
            best = weight
    if cue.weight < 0 and any(cue.pattern.search(norm) for norm, role, _ in words if role is not Role.ASKED):
        return cue.weight
    return best


def _confidence(best: float, second: float) -> float:
    """Logistic in the margin: 0.5 where two kinds weigh the same, near 1 for a whole form."""
    return round(1 / (1 + math.exp(-0.45 * (best - max(second, 0.0)))), 3)
