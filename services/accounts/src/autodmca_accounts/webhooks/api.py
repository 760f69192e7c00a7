"""The shapes of webhooks over HTTP. Owns no rule."""

from __future__ import annotations

from typing import Annotated

from autodmca_events.accounts import NotificationCategory
from autodmca_events.timestamps import Timestamp
from autodmca_service.http.shapes import Body, View
from msgspec import Meta

from autodmca_accounts.shapes import Address
from autodmca_accounts.webhooks.state import Stage


class WebhookBody(Body, frozen=True, kw_only=True):
    """`url`: where events are posted to; `types`: of events; `categories`: of notifications, all where there
    is none."""

    url: Address
    types: Annotated[tuple[str, ...], Meta(min_length=1, max_length=50)] = ("user_notification",)
    categories: tuple[NotificationCategory, ...] = ()
    description: Annotated[str, Meta(max_length=200)] = ""


class WebhookView(View, frozen=True, kw_only=True):
    """`off`: why nothing is sent. `droppedDeliveries`: how many were given up because too many waited."""

    id: str
    url: str
    types: tuple[str, ...]
    categories: tuple[NotificationCategory, ...]
    description: str
    on: bool
    off: str | None = None
    failing_since: Timestamp | None = None
    dropped_deliveries: int
    created_at: Timestamp


class WebhookList(View, frozen=True, kw_only=True):
    """Oldest first."""

    items: tuple[WebhookView, ...]


class SecretView(View, frozen=True, kw_only=True):
    """What signatures are verified with; until `bothUntil`, secrets before it sign, too."""

    secret: str
    both_until: Timestamp | None = None


class DeliveryView(View, frozen=True, kw_only=True):
    """How one event was sent. `id`: its `webhook-id`; `status`: of the last answer."""

    number: int
    id: str
    type: str
    stage: Stage
    attempts: int
    status: int | None = None
    reason: str | None = None
    begun_at: Timestamp
    tried_at: Timestamp | None = None
    next_at: Timestamp | None = None


class DeliveryPage(View, frozen=True, kw_only=True):
    """Newest first."""

    items: tuple[DeliveryView, ...]
    next_cursor: str | None = None
