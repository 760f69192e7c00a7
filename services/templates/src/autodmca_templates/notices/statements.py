"""The statements a notice must make: good faith, accuracy, authority, mistake, jurisdiction, service.

Owns weighing the writer's sentences by the cues and taking "yes" for an answer to a question that holds
the statement. A question without an answer, quoted words and the host's words state nothing.
"""

import re
from typing import Final, NamedTuple

from .cues import STATEMENTS, Statement, weigh
from .forms import Notice, Question, Role, affirms, refuses
from .model import ElementName

_ASKED_ENOUGH: Final = 0.75
"""Share of a statement's weight at which a question is about it: questions are shorter than statements."""


_POINTS_BACK: Final = re.compile(r"\b(?:foregoing|above|this|these|all of which|so|said)\b")


class Evidence(NamedTuple):
    """The words at [start, end) of the text that show an element."""

    start: int
    end: int


def find_statement(notice: Notice, name: ElementName) -> Evidence | None:
    """Where the writer makes a statement, the weightiest place first; None when nowhere."""
    statement = STATEMENTS[name]
    refused = {
        question.answer[0].start
        for question in notice.questions
        if question.answer and refuses(question.answer)
    }
    best: tuple[float, Evidence] | None = None
    for index, each in enumerate(notice.said):
        if each.role is not Role.SAID or each.start in refused or _is_refused(notice, index):
            continue
        weight = weigh(statement, each.norm)
        end = each.end
        if weight < statement.enough and statement.span > 1:
            weight, end = _in_a_row(notice, index, statement, statement.span if weight else 2)
        if weight >= statement.enough and (best is None or weight > best[0]):
            best = (weight, Evidence(each.start, end))
    return best[1] if best else _answered(notice, statement)


def _in_a_row(notice: Notice, index: int, statement: Statement, span: int) -> tuple[float, int]:
    """The weight of sentences that follow each other, and the end of the last one needed.

    A first sentence without the statement's anchor counts only when the second one points back at it.
    """
    words = notice.said[index].norm
    weight, end = 0.0, notice.said[index].end
    for each in notice.said[index + 1 : index + span]:
        if each.role is not Role.SAID or (span == 2 and not _POINTS_BACK.search(each.norm)):
            break
        words = f"{words} {each.norm}"
        weight, end = weigh(statement, words), each.end
        if weight == 0.0 or weight >= statement.enough:
            break
    return weight, end


def _is_refused(notice: Notice, index: int) -> bool:
    """Whether a statement printed by a form is followed by "No": then the writer did not make it."""
    if not notice.said[index].strong or index + 1 >= len(notice.said):
        return False
    after = notice.said[index + 1]
    return (
        after.role is Role.SAID
        and not after.strong
        and any(map(str.isalnum, after.norm))
        and refuses((after,))
    )


def _answered(notice: Notice, statement: Statement) -> Evidence | None:
    for question in notice.questions:
        if affirms(question.answer) and _is_about(question, statement):
            return Evidence(question.start, question.answer[0].end)
    return None


def _is_about(question: Question, statement: Statement) -> bool:
    return weigh(statement, question.norm) >= statement.enough * _ASKED_ENOUGH
