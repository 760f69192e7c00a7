"""How webhooks are shown, and how what a user writes of one is kept. Pure."""

from __future__ import annotations

from autodmca_events import rfc3339

from autodmca_accounts.webhooks import api
from autodmca_accounts.webhooks.state import Delivery, Wanted, Webhook


def webhook(kept: Webhook) -> api.WebhookView:
    wanted = kept.wanted
    return api.WebhookView(
        id=kept.id,
        url=wanted.url,
        types=wanted.types,
        categories=wanted.categories,
        description=wanted.description,
        on=kept.off is None,
        off=kept.off,
        failing_since=rfc3339(kept.failing_since),
        dropped_deliveries=kept.dropped,
        created_at=rfc3339(kept.created_at),
    )


def wanted(body: api.WebhookBody) -> Wanted:
    return Wanted(
        url=body.url,
        types=tuple(dict.fromkeys(body.types)),
        categories=tuple(dict.fromkeys(body.categories)),
        description=body.description,
    )


def delivery(kept: Delivery) -> api.DeliveryView:
    return api.DeliveryView(
        number=kept.number,
        id=kept.event_id,
        type=kept.type,
        stage=kept.stage,
        attempts=kept.attempts,
        status=kept.status,
        reason=kept.reason,
        begun_at=rfc3339(kept.begun_at),
        tried_at=rfc3339(kept.tried_at),
        next_at=rfc3339(kept.next_at),
    )
