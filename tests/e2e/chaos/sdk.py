"""Clients that are the real Python SDK, as an application uses it.

Owns one `Client` with its subscriptions, which may overlap: each is judged by itself. A gap is a fault, so is
the end of an iteration. Never looks at the wire: what the SDK counts is all that is known of it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from autodmca_client import Backoff, Client, Status, Subscription, Timing

from tests.e2e.chaos.oracle import Reception

TIMING = Timing(backoff=Backoff(first_s=0.3, longest_s=15.0))


class SdkClient:
    """One user's application. Has what a `LeanClient` has to be judged by."""

    def __init__(self, port: int, token: str, subscriptions: Mapping[str, Reception]) -> None:
        self.ends: Counter[str] = Counter()
        self.repeats = 0
        self.longest = 0.0
        self._client = Client(
            f"ws://127.0.0.1:{port}/ws", token=token, timing=TIMING, on_status=self._changed
        )
        self._receptions = list(subscriptions.values())
        self._standing = 0
        self._lost = 0.0

    @property
    def standing(self) -> bool:
        """Whether every subscription has stood."""
        return self._standing == len(self._receptions)

    async def run(self) -> None:
        """Iterate over the subscriptions until cancelled."""
        async with self._client, asyncio.TaskGroup() as tasks:
            for reception in self._receptions:
                tasks.create_task(self._iterate(reception))

    async def _iterate(self, reception: Reception) -> None:
        subscription = self._client.subscribe(
            sorted(reception.types),
            on_gap=lambda gap: reception.fault("broken", f"not recovered: {gap.reason}"),
        )
        await subscription.ready()
        self._standing += 1
        await self._take(subscription, reception)
        reception.fault("broken", "the iteration ended")

    async def _take(self, subscription: Subscription, reception: Reception) -> None:
        async for event in subscription:
            number = (event.metadata or {}).get("number")
            reception.take(event.id, event.type, event.user_id, number, time.monotonic())
            self.repeats = self._client.counters.duplicates

    def _changed(self, status: Status) -> None:
        if status.state == "reconnecting":
            self.ends[str(status.code)] += 1
            self._lost = self._lost or time.monotonic()
        elif status.state == "open" and self._lost:
            self.longest, self._lost = max(self.longest, time.monotonic() - self._lost), 0.0
