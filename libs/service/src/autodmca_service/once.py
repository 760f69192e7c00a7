"""The model for requests that may be sent again: what was answered once is answered the same. Pure.

Puts the receipt of a request with an Idempotency-Key among the changes of its command, refused ones too,
and answers the request from it when it comes again. The service's model decides everything else and knows
no receipt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autodmca_kafka import Context, Decision, Model
from msgspec import structs

from autodmca_service import answers, receipts
from autodmca_service.answers import AnswerOf, C, R, S
from autodmca_service.commands import Outcome, Refusal
from autodmca_service.errors import CommandRefused
from autodmca_service.http.problems import ProblemError
from autodmca_service.inputs import Invalid
from autodmca_service.receipts import Answer, Limits, Request

IsFinal = Callable[[C, Refusal], bool]
"""Whether a refusal answers the request; if not, the request may be sent again and is applied then."""


def always_final(_command: object, _refusal: Refusal) -> bool:
    """Every refusal is the answer to its request."""
    return True


def once(
    model: Model[S, C, R],
    answer: AnswerOf[C, S, R],
    limits: Limits,
    *,
    outcome: type[R] | Any = Outcome,
    is_final: IsFinal[C] = always_final,
) -> Model[S, C, R]:
    """`model` with receipts; it may raise CommandRefused in place of a refused decision. The state's type S
    must hold `Receipt` and `Receipts` too, and every field of the outcome's type must have a default."""

    def decide(entities: Mapping[str, S], command: C, context: Context) -> Decision[S, R]:
        if isinstance(command, Invalid):
            return Decision(outcome=outcome(refusal=command.refusal), refused=True)
        try:
            return model(entities, command, context)
        except CommandRefused as refused:
            return Decision(outcome=outcome(refusal=refused.refusal), refused=True)

    def apply(entities: Mapping[str, S], command: C, context: Context) -> Decision[S, R]:
        request = command.request
        if request is None:
            return decide(entities, command, context)
        try:
            receipt = receipts.find(entities, request, context.now_ms, limits)
        except receipts.KeyReused:
            return Decision(outcome=outcome(refusal=answers.KEY_REUSED), refused=True)
        if receipt is not None:
            again = receipt.answer or answers.not_kept(request.path)
            return Decision(outcome=outcome(replayed=True, answer=again))
        decision = decide(entities, command, context)
        refusal = decision.outcome.refusal
        if refusal is not None and not is_final(command, refusal):
            return decision
        made = _answer(answer, command, request, entities, context.user_id, decision)
        # One too large to be kept is too large for the outcome, too: whoever asked makes it from the state.
        first = made if made is not None and limits.fits(made) else None
        kept: dict[str, Any] = receipts.keep(entities, request, first, context.now_ms, limits)
        return structs.replace(
            decision,
            outcome=structs.replace(decision.outcome, answer=first),
            changes={**decision.changes, **kept},
            refused=False,
        )

    return apply


def _answer(
    answer: AnswerOf[C, S, R],
    command: C,
    request: Request,
    entities: Mapping[str, S],
    owner: int,
    decision: Decision[S, R],
) -> Answer | None:
    if decision.outcome.refusal is not None:
        return answers.refused(decision.outcome.refusal, request.path)
    changes = decision.changes

    def find(entity_id: str) -> S | None:
        return changes[entity_id] if entity_id in changes else entities.get(entity_id)

    try:
        return answer(command, find, owner, decision.outcome)
    except ProblemError as problem:
        return answers.failed(problem, request.path)
