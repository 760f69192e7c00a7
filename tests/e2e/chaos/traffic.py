"""The events of the chaos: typed, of most topics, numbered per user and topic, from an idempotent producer.

Owns the ledger's entries from the hand-over to the acknowledgement. Hands over at its rate whatever happens,
and makes up for what a full buffer held back. What the producer gives up is handed over again under
the same id. States have an entity each, so that none may be conflated with another.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final

from autodmca_events import CATALOGUE, Payload, new_id
from autodmca_events.example import example
from autodmca_kafka import EventProducer
from autodmca_kafka.delivery import RecordPosition
from autodmca_kafka.errors import BufferFull, DeliveryFailed
from msgspec import structs

from tests.e2e.chaos.client import Mark
from tests.e2e.chaos.oracle import Ledger, Sent

EVERYBODYS: Final = "system_notification"
TYPES: Final = (
    "submission_progress",
    "submission_status_change",
    "user_notification",
    "ai_detection_result",
    "ai_batch_job_status",
    "social_media_incident",
    "template_approval",
    "template_usage",
    "delisting_request_status",
    "visibility_change",
)
TICK_S: Final = 0.01
AGAIN_S: Final = 0.2
MOST_AT_ONCE: Final = 200
BROADCAST_EVERY_S: Final = 1.0
BUFFER: Final = 50_000


def payload_of(event_type: str, name: str) -> Payload:
    """The example of a type; of a state, with `name` as its entity."""
    payload = example(event_type).payload
    entity = CATALOGUE[event_type].entity
    if entity is None:
        return payload
    names = {field.encode_name: field.name for field in structs.fields(payload)}
    return structs.replace(payload, **{names[entity]: name})


class Traffic:
    """`users` are those that events are addressed to; those of nobody here may be among them."""

    def __init__(
        self, producer: EventProducer, ledger: Ledger, users: Sequence[int], rate: float, rng: random.Random
    ) -> None:
        self.failures: Counter[str] = Counter()
        """Hand-overs that failed and were made again, by what was said."""
        self.unacknowledged = 0
        self._producer = producer
        self._ledger = ledger
        self._users = users
        self._rate = rate
        self._rng = rng
        self._again: list[Sent] = []

    async def run(self) -> None:
        """Hand over until cancelled."""
        begun = time.monotonic()
        made = broadcasts = 0
        while True:
            now = time.monotonic() - begun
            for _ in range(min(int(now * self._rate) - made - broadcasts, MOST_AT_ONCE)):
                if broadcasts * BROADCAST_EVERY_S <= now:
                    self._make(EVERYBODYS, None)
                    broadcasts += 1
                else:
                    self._make(self._rng.choice(TYPES), self._rng.choice(self._users))
                    made += 1
            while self._again:
                await asyncio.sleep(AGAIN_S)
                again, self._again = self._again, []
                for sent in again:
                    self._hand_over(sent)
            await asyncio.sleep(TICK_S)

    async def settle(self, deadline_s: float) -> None:
        """Until all is acknowledged. Raises TimeoutError."""
        async with asyncio.timeout(deadline_s):
            while self.unacknowledged:
                again, self._again = self._again, []
                for sent in again:
                    self._hand_over(sent)
                await asyncio.sleep(TICK_S)

    def _make(self, event_type: str, user: int | None) -> None:
        kind = CATALOGUE[event_type]
        sent = self._ledger.add(new_id(), event_type, kind.topic, user, time.monotonic())
        self.unacknowledged += 1
        self._hand_over(sent)

    def _hand_over(self, sent: Sent) -> None:
        try:
            answer = self._producer.enqueue(
                payload_of(sent.type, sent.id),
                user_id=sent.user,
                id=sent.id,
                metadata=structs.asdict(Mark(sent.number)),
            )
        except BufferFull as error:
            self._fail(sent, error)
        else:
            answer.add_done_callback(partial(self._answered, sent))

    def _answered(self, sent: Sent, answer: asyncio.Future[RecordPosition]) -> None:
        if answer.cancelled():
            return
        error = answer.exception()
        if error is None:
            sent.acknowledged = True
            self.unacknowledged -= 1
        elif isinstance(error, DeliveryFailed):
            self._fail(sent, error)

    def _fail(self, sent: Sent, error: BufferFull | DeliveryFailed) -> None:
        sent.repeated = True
        self.failures[error.reason if isinstance(error, DeliveryFailed) else "the buffer is full"] += 1
        self._again.append(sent)
