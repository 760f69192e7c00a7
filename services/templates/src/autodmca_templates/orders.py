"""What other services order: taken at once, done by `work`, and told when it is done. Pure.

What is done counts as what a person does over HTTP: the same rules decide on it. A template that changed
meanwhile is done anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import msgspec
from autodmca_events.requests import results
from autodmca_events.requests.templates import RenderTemplate
from autodmca_events.templates import NoticeElement
from autodmca_kafka import Context, Decision, Model
from autodmca_service.commands import Outcome
from autodmca_service.errors import CommandRefused, refuse, refuse_field
from msgspec import structs

from autodmca_templates.commands import (
    AnyCommand,
    Done,
    Examined,
    Failed,
    Ordered,
    Render,
    Rendered,
    Validate,
)
from autodmca_templates.state import Entity, Order, Template

MAX_ORDERS: Final = 200
"""Of a user, that are not done yet."""
MAX_VALUE_BYTES: Final = 262_144
_OVERTAKEN: Final = frozenset({"version-changed", "content-changed"})


def take(entities: Mapping[str, Entity], command: Ordered, context: Context) -> Decision[Entity, Outcome]:
    """Note it, to be done. Raises CommandRefused for what cannot be done in any case."""
    template = entities.get(command.template_id)
    if not isinstance(template, Template):
        raise refuse("not_found", "no-such-template", f"there is no template {command.template_id}")
    if command.actor.user_id != context.user_id and not command.actor.is_admin:
        raise refuse("forbidden", "not-yours", "only the template's author may do that")
    if sum(isinstance(each, Order) for each in entities.values()) >= MAX_ORDERS:
        raise refuse("conflict", "too-many-orders", f"{MAX_ORDERS} wait already; ask again later")
    order = Order(
        id=f"order:{context.new_id(0)}",
        template_id=template.id,
        actor=command.actor,
        asked=context.asked,
        ordered_at=context.now_ms,
        run=context.position.offset,
    )
    if isinstance(command, RenderTemplate):
        if template.usable is None or template.status == "archived":
            raise refuse("conflict", "not-usable", f"a template that is {template.status} has none for use")
        if len(msgspec.json.encode(command.values)) > MAX_VALUE_BYTES:
            raise refuse_field("values", f"take more than {MAX_VALUE_BYTES:,} bytes as JSON")
        order = structs.replace(order, submission_id=command.submission_id, values=command.values)
    return Decision(outcome=Outcome(), changes={order.id: order}, later=True)


def settle(
    apply: Model[Entity, AnyCommand, Outcome],
    entities: Mapping[str, Entity],
    command: Done,
    context: Context,
) -> Decision[Entity, Outcome]:
    """Let `apply` decide on what was done, and tell whoever asked."""
    order = entities.get(command.order_id)
    if not isinstance(order, Order) or context.is_late(order.run):
        raise refuse("conflict", "overtaken", "the work has gone on without this")
    if isinstance(command, Failed):
        return _told(order, Decision(outcome=Outcome(refusal=command.refusal)))
    try:
        decided = apply(entities, _deed(order, command), context)
    except CommandRefused as refused:
        if refused.refusal.code in _OVERTAKEN:
            again = structs.replace(order, run=context.position.offset)
            return Decision(outcome=Outcome(), changes={order.id: again})
        return _told(order, Decision(outcome=Outcome(refusal=refused.refusal)))
    outcome = structs.replace(decided.outcome, result=_result(order, command, entities))
    return _told(order, structs.replace(decided, outcome=outcome))


def _deed(order: Order, command: Rendered | Examined) -> Render | Validate:
    if isinstance(command, Examined):
        return Validate(
            actor=order.actor, template_id=order.template_id, digest=command.digest, report=command.report
        )
    return Render(
        actor=order.actor,
        template_id=order.template_id,
        version=command.version,
        submission_id=order.submission_id or "",
        rendered_length=len(command.text),
    )


def _result(
    order: Order, command: Rendered | Examined, entities: Mapping[str, Entity]
) -> results.Rendered | results.Examined:
    if isinstance(command, Rendered):
        return results.Rendered(
            template_id=order.template_id,
            version=command.version,
            submission_id=order.submission_id or "",
            text=command.text,
        )
    template = entities[order.template_id]
    assert isinstance(template, Template)
    return results.Examined(
        template_id=order.template_id,
        version=template.current.number,
        valid=command.report.valid,
        score=command.report.score,
        missing_elements=cast("tuple[NoticeElement, ...]", command.report.missing_elements),
    )


def _told(order: Order, decided: Decision[Entity, Outcome]) -> Decision[Entity, Outcome]:
    told = () if order.asked is None else ((order.asked, decided.outcome),)
    return structs.replace(decided, outcome=Outcome(), changes={**decided.changes, order.id: None}, told=told)
