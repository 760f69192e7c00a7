"""What is remembered of webhooks: a user's endpoints, and of each the newest deliveries.

Deliveries of a webhook are numbered from 1 and stand in a ring of `KEPT` entities, which is the queue and the
log in one: a new delivery takes the place of the oldest, one that waits is `dropped` then and counted. No
secret is kept: see `signing`. Times are ms since the Unix epoch. Decides nothing.
"""

from __future__ import annotations

from typing import Final, Literal

from autodmca_events import CATALOGUE
from autodmca_events.accounts import NotificationCategory
from msgspec import Struct

from autodmca_accounts.entity import Kept

KEPT: Final = 200
"""Deliveries of a webhook, those that wait among them."""
INDEX: Final = "webhooks"
CHOICES: Final = tuple(name for name, each in CATALOGUE.items() if each.kind == "fact" and not each.everybody)
"""The types of events that a webhook may be sent."""
TRIAL: Final = "webhook.test"
"""The type of what a user has sent to try a webhook."""

Stage = Literal["waiting", "delivered", "failed"]


class Webhooks(Kept, frozen=True, kw_only=True, tag="webhooks"):
    """The ids of a user's webhooks, oldest first."""

    ids: tuple[str, ...] = ()


class Wanted(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a webhook is sent: events of these types, of notifications those of these categories (of all,
    where there is none)."""

    url: str
    types: tuple[str, ...]
    categories: tuple[NotificationCategory, ...] = ()
    description: str = ""


class Former(Struct, frozen=True, array_like=True):
    """A secret of an earlier generation, which signs, too, before `until`."""

    generation: int
    until: int


class Webhook(Kept, frozen=True, kw_only=True, tag="webhook"):
    """`off`: why nothing is sent to it; None: it is on. `generation` of its secret; `former`: those before,
    newest first. `failing_since`: when the first delivery failed after the last that did not. `newest`: the
    number of its newest delivery; `dropped`: how many had to make room."""

    id: str
    wanted: Wanted
    off: str | None = None
    generation: int = 1
    former: tuple[Former, ...] = ()
    failing_since: int | None = None
    newest: int = 0
    dropped: int = 0
    created_at: int
    revision: int = 1


class Delivery(Kept, frozen=True, kw_only=True, tag="webhook_delivery"):
    """One event on its way. `event_id` is its `webhook-id`; `body` is kept until it is delivered; `begun_at`:
    since when it is tried; `status`: what was answered last, `reason`: why that is not enough. It is tried at
    `next_at`, by `run`."""

    webhook_id: str
    number: int
    event_id: str
    type: str
    stage: Stage = "waiting"
    body: str | None = None
    begun_at: int
    attempts: int = 0
    status: int | None = None
    reason: str | None = None
    tried_at: int | None = None
    next_at: int | None = None
    run: int = 0


WebhookEntity = Webhooks | Webhook | Delivery


def webhook_entity(webhook_id: str) -> str:
    """The entity of a webhook."""
    return f"webhook/{webhook_id}"


def slot(webhook_id: str, number: int) -> str:
    """The entity of a delivery."""
    return f"webhook/{webhook_id}/{number % KEPT}"
