"""Deliveries as they are tried: signed, posted, and told of by a checkpoint.

A try that is cut off by the end of the process is made again by whoever goes on, under the same `webhook-id`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from autodmca_kafka import Table
from autodmca_service.commands import Actor
from autodmca_service.work import Checkpoint, Job

from autodmca_accounts.metrics import Metrics
from autodmca_accounts.webhooks.commands import Attempted
from autodmca_accounts.webhooks.sending import NotPosted, Poster
from autodmca_accounts.webhooks.signing import Keys, headers
from autodmca_accounts.webhooks.state import Delivery, Webhook, webhook_entity


class Deliveries:
    """`table`: where a delivery's webhook is read; `keys`: what secrets are derived from."""

    def __init__(
        self,
        table: Table[Any],
        poster: Poster,
        keys: Keys,
        metrics: Metrics,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._table = table
        self._poster = poster
        self._keys = keys
        self._now_ms = now_ms
        self._metrics = metrics

    async def deliver(self, job: Job[Any], checkpoint: Checkpoint) -> None:
        """Try one delivery."""
        delivery: Delivery = job.state
        webhook = self._table.get(job.user_id, webhook_entity(delivery.webhook_id))
        told = Attempted(
            actor=Actor(job.user_id), webhook_id=delivery.webhook_id, number=delivery.number, status=None
        )
        if isinstance(webhook, Webhook) and webhook.off is None:
            told = await self._try(job.user_id, webhook, delivery, told)
        await checkpoint(told)

    async def _try(self, user_id: int, webhook: Webhook, delivery: Delivery, told: Attempted) -> Attempted:
        body = (delivery.body or "").encode()
        about: dict[str, Any] = {"actor": told.actor, "webhook_id": told.webhook_id, "number": told.number}
        signed = headers(self._keys, user_id, webhook, delivery, self._now_ms())
        try:
            posted = await self._poster.post(webhook.wanted.url, body, signed)
        except NotPosted as error:
            self._metrics.posted(None)
            return Attempted(**about, reason=str(error))
        self._metrics.posted(posted.status)
        reason = None if 200 <= posted.status < 300 else f"it answered with status {posted.status}"
        return Attempted(**about, status=posted.status, reason=reason, retry_after_ms=posted.retry_after_ms)
