"""Which events are sent to which webhooks, and what becomes of each delivery. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from autodmca_events import Envelope, UserNotification, rfc3339
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse
from autodmca_service.work import Due
from msgspec import structs

from autodmca_accounts.consequences import Consequences
from autodmca_accounts.notifications.inbox import notify
from autodmca_accounts.notifications.state import Notice
from autodmca_accounts.shapes import Find
from autodmca_accounts.webhooks.commands import (
    Attempted,
    CreateWebhook,
    DeleteWebhook,
    EditWebhook,
    PersonCommand,
    Resend,
    RotateSecret,
    SwitchWebhook,
    TryWebhook,
    WebhookCommand,
)
from autodmca_accounts.webhooks.retries import SWITCHED_OFF_MS, next_try
from autodmca_accounts.webhooks.signing import BOTH_MS
from autodmca_accounts.webhooks.state import (
    INDEX,
    KEPT,
    TRIAL,
    Delivery,
    Former,
    Webhook,
    Webhooks,
    slot,
    webhook_entity,
)

MOST: Final = 10
"""Webhooks of a user."""
MOST_FORMER: Final = 3
"""Secrets that sign beside the newest one; another rotation within the day ends the oldest at once."""
MOST_BYTES: Final = 48_000
"""Of a body; an event that is larger is sent without its data, which `tooLarge` says."""
BY_OWNER: Final = "switched off by its owner"


def decide(entities: Mapping[str, Any], command: WebhookCommand, context: Context) -> Decision[Any, Outcome]:
    """Raises CommandRefused."""
    changes = Consequences(entities, context)
    if isinstance(command, CreateWebhook):
        return changes.decision(_create(changes, command))
    webhook = changes.find(webhook_entity(command.webhook_id), Webhook)
    if isinstance(command, Attempted):
        if webhook is None:
            raise refuse("conflict", "overtaken", "the webhook is gone")
        _attempted(changes, webhook, command)
        return changes.decision()
    if webhook is None:
        raise refuse("not_found", "no-such-webhook", f"there is no webhook {command.webhook_id}")
    return changes.decision(_change(changes, webhook, command))


def observe(changes: Consequences, event: Envelope) -> None:
    """Have the event sent to the webhooks that are to get it."""
    index = changes.find(INDEX, Webhooks)
    if index is None:
        return
    body = ""
    for name in index.ids:
        webhook = changes.find(webhook_entity(name), Webhook)
        if webhook is not None and webhook.off is None and _wants(webhook, event):
            body = body or _body(event)
            _add(changes, webhook, event.id, event.type, body)


def due(_user_id: int, _entity_id: str, entity: object) -> Due | None:
    """When a delivery is tried next."""
    if not isinstance(entity, Delivery) or entity.next_at is None:
        return None
    return Due(key=f"{entity.webhook_id}/{entity.event_id}", at_ms=entity.next_at, run=entity.run)


def deliveries(webhook: Webhook, find: Find) -> Iterator[Delivery]:
    """Those that are kept, newest first; `find` gives the user's entities."""
    for number in range(webhook.newest, max(0, webhook.newest - KEPT), -1):
        found = find(slot(webhook.id, number))
        if isinstance(found, Delivery):
            yield found


def _wants(webhook: Webhook, event: Envelope) -> bool:
    if event.type not in webhook.wanted.types:
        return False
    if not isinstance(event.payload, UserNotification):
        return True
    if event.payload.read:  # a mark for the user's other devices
        return False
    return not webhook.wanted.categories or event.payload.category in webhook.wanted.categories


def _body(event: Envelope) -> str:
    said: dict[str, Any] = {"type": event.type, "timestamp": event.timestamp, "data": event.payload}
    body = msgspec.json.encode(said)
    if len(body) > MOST_BYTES:
        body = msgspec.json.encode({**said, "data": {}, "tooLarge": True})
    return body.decode()


def _add(changes: Consequences, webhook: Webhook, event_id: str, kind: str, body: str) -> Webhook:
    """Queue a delivery in the place of the oldest."""
    number = webhook.newest + 1
    old = changes.find(slot(webhook.id, number), Delivery)
    dropped = webhook.dropped + int(old is not None and old.stage == "waiting")
    delivery = Delivery(
        webhook_id=webhook.id,
        number=number,
        event_id=event_id,
        type=kind,
        body=body,
        begun_at=changes.now,
        next_at=changes.now,
        run=changes.run,
    )
    changes.put(slot(webhook.id, number), delivery)
    webhook = structs.replace(webhook, newest=number, dropped=dropped)
    changes.put(webhook_entity(webhook.id), webhook)
    return webhook


def _create(changes: Consequences, command: CreateWebhook) -> int:
    index = changes.find(INDEX, Webhooks) or Webhooks()
    if command.webhook_id in index.ids:
        raise refuse("conflict", "webhook-exists", "it has been made already")
    if len(index.ids) >= MOST:
        raise refuse("conflict", "too-many-webhooks", f"a user has {MOST} at most")
    made = Webhook(id=command.webhook_id, wanted=command.wanted, created_at=changes.now)
    changes.put(INDEX, Webhooks(ids=(*index.ids, made.id)))
    changes.put(webhook_entity(made.id), made)
    return made.revision


def _change(changes: Consequences, webhook: Webhook, command: PersonCommand) -> int:
    """What its owner wants; the webhook's revision after it."""
    match command:
        case DeleteWebhook():
            _delete(changes, webhook)
            return webhook.revision
        case TryWebhook():
            _try(changes, webhook)
        case Resend():
            _resend(changes, webhook, command.number)
        case EditWebhook():
            webhook = structs.replace(webhook, wanted=command.wanted)
            changes.put(webhook_entity(webhook.id), webhook)
        case RotateSecret():
            former = (Former(webhook.generation, changes.now + BOTH_MS), *webhook.former)[:MOST_FORMER]
            webhook = structs.replace(webhook, generation=webhook.generation + 1, former=former)
            changes.put(webhook_entity(webhook.id), webhook)
        case SwitchWebhook(on=True):
            webhook = structs.replace(webhook, off=None, failing_since=None)
            changes.put(webhook_entity(webhook.id), webhook)
        case SwitchWebhook():
            _switch_off(changes, webhook, BY_OWNER)
    now = changes.find(webhook_entity(webhook.id), Webhook) or webhook
    now = structs.replace(now, revision=now.revision + 1)
    changes.put(webhook_entity(now.id), now)
    return now.revision


def _delete(changes: Consequences, webhook: Webhook) -> None:
    index = changes.find(INDEX, Webhooks) or Webhooks()
    changes.put(INDEX, Webhooks(ids=tuple(each for each in index.ids if each != webhook.id)))
    changes.drop(webhook_entity(webhook.id))
    for each in list(deliveries(webhook, lambda name: changes.find(name, Delivery))):
        changes.drop(slot(webhook.id, each.number))


def _try(changes: Consequences, webhook: Webhook) -> None:
    if webhook.off is not None:
        raise refuse("conflict", "webhook-is-off", f"it is off: {webhook.off}")
    said = {"type": TRIAL, "timestamp": rfc3339(changes.now), "data": {"webhookId": webhook.id}}
    _add(changes, webhook, changes.context.new_id(0), TRIAL, msgspec.json.encode(said).decode())


def _resend(changes: Consequences, webhook: Webhook, number: int) -> None:
    found = changes.find(slot(webhook.id, number), Delivery)
    if found is None or found.number != number:
        raise refuse("not_found", "no-such-delivery", f"there is no delivery {number}")
    if found.stage != "failed" or webhook.off is not None:
        raise refuse("conflict", "not-to-be-resent", f"the delivery is {found.stage}, or the webhook is off")
    again = structs.replace(
        found, stage="waiting", begun_at=changes.now, next_at=changes.now, attempts=0, run=changes.run
    )
    changes.put(slot(webhook.id, number), again)


def _attempted(changes: Consequences, webhook: Webhook, command: Attempted) -> None:
    """Note what came of a try, and what follows for the webhook."""
    found = changes.find(slot(webhook.id, command.number), Delivery)
    waits = found is not None and found.number == command.number and found.next_at is not None
    if found is None or not waits or changes.context.is_late(found.run):
        raise refuse("conflict", "overtaken", "the delivery has gone on without this")
    if webhook.off is not None:
        ended = structs.replace(
            found, stage="failed", next_at=None, reason=f"the webhook is off: {webhook.off}"
        )
        changes.put(slot(webhook.id, found.number), structs.replace(ended, run=changes.run))
        return
    tried = structs.replace(
        found,
        attempts=found.attempts + 1,
        status=command.status,
        reason=command.reason,
        tried_at=changes.now,
        run=changes.run,
    )
    if command.status is not None and 200 <= command.status < 300:
        tried = structs.replace(tried, stage="delivered", body=None, next_at=None)
        changes.put(slot(webhook.id, tried.number), tried)
        if webhook.failing_since is not None:
            changes.put(webhook_entity(webhook.id), structs.replace(webhook, failing_since=None))
        return
    next_at = next_try(tried, changes.now, command.retry_after_ms)
    tried = structs.replace(tried, stage="failed" if next_at is None else "waiting", next_at=next_at)
    changes.put(slot(webhook.id, tried.number), tried)
    since = changes.now if webhook.failing_since is None else webhook.failing_since
    webhook = structs.replace(webhook, failing_since=since)
    changes.put(webhook_entity(webhook.id), webhook)
    if command.status == 410:
        _switch_off(changes, webhook, "it answered 410 Gone")
    elif changes.now - since >= SWITCHED_OFF_MS:
        _switch_off(changes, webhook, "nothing could be delivered for three days")


def _switch_off(changes: Consequences, webhook: Webhook, why: str) -> None:
    """Nothing more is sent: what waits fails as its time comes. Its owner is told, who may not know."""
    changes.put(webhook_entity(webhook.id), structs.replace(webhook, off=why))
    if why != BY_OWNER:
        notify(
            changes,
            Notice(
                key=f"webhook/{webhook.id}/{changes.run}",
                category="account",
                priority="high",
                title="A webhook was switched off",
                message=f"{webhook.wanted.description or webhook.wanted.url[:200]}: {why}. Switch it on "
                "again when it is mended; what failed can be resent.",
                related_type="webhook",
                related_id=webhook.id,
            ),
        )
