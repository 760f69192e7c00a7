"""Asking a service for something and waiting for what became of it.

Owns the requests that wait: an input is written with a request id, whichever replica owns the user applies
it, and the outcome with that id comes back on the outcomes topic, which every replica tails. At most
`max_waiting` requests wait; further ones fail with TooManyWaiting. An outcome that does not come in time
fails with NoOutcome, and says nothing about the input: it may be applied yet, as may one whose asker died.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Generic, NamedTuple

import msgspec
from aiokafka import TopicPartition
from autodmca_events import new_id
from autodmca_events.partitions import user_key
from autodmca_events.topics import inputs_topic, outcomes_topic

from autodmca_kafka.decision import I, O
from autodmca_kafka.errors import InputFailed, NoOutcome, TooManyWaiting
from autodmca_kafka.partition_work import CHANGED, FAILED, POSITION, REQUEST, TRACEPARENT
from autodmca_kafka.producer import EventProducer
from autodmca_kafka.reader_events import Batch
from autodmca_kafka.table import Table
from autodmca_kafka.tail import TailReader

_ENCODER: Final = msgspec.json.Encoder()


class _Outcome(NamedTuple):
    value: bytes | None
    partition: int
    offset: int
    changed: bool
    failed: str


class Ask(Generic[I, O]):
    """Run `run()` in a TaskGroup. `producer` belongs to the caller.

    With a `table` of the same service an outcome is handed out only when the table of this process shows
    what the input changed: whoever asks and then reads sees it.
    """

    def __init__(
        self,
        service: str,
        bootstrap_servers: str,
        outcome_type: type[O] | Any,
        *,
        producer: EventProducer,
        table: Table[Any] | None = None,
        max_waiting: int = 1_000,
        client_id: str | None = None,
    ) -> None:
        self._inputs = inputs_topic(service)
        self._outcomes = outcomes_topic(service)
        self._bootstrap_servers = bootstrap_servers
        self._decode = msgspec.json.Decoder(outcome_type).decode
        self._producer = producer
        self._table = table
        self._max_waiting = max_waiting
        self._client_id = client_id or f"{service}-ask"
        self._waiting: dict[bytes, asyncio.Future[_Outcome]] = {}
        self._listening = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many requests wait for their outcome now."""
        return len(self._waiting)

    async def ask(
        self, user_id: int, request: I, *, timeout_s: float = 10, traceparent: str | None = None
    ) -> O:
        """Write an input for `user_id` and return its outcome.

        Inputs of one user are applied in the order in which they were written. Cancellation gives up waiting,
        not the input. Raises TooManyWaiting, NoOutcome after `timeout_s` seconds, InputFailed, and what
        `EventProducer.send_record` raises.
        """
        if len(self._waiting) >= self._max_waiting:
            raise TooManyWaiting(self._max_waiting)
        request_id = new_id().encode()
        answer = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await self._listening.wait()
                await self._write(user_id, request, request_id, traceparent)
                outcome = await answer
                if self._table is not None and outcome.changed:
                    await self._table.shows(outcome.partition, outcome.offset)
        except TimeoutError:
            if not answer.done() or answer.cancelled():
                raise NoOutcome(self._outcomes, timeout_s) from None
            # It is done, though the table does not show it yet.
            outcome = answer.result()
        finally:
            del self._waiting[request_id]
        if outcome.failed:
            raise InputFailed(self._inputs, outcome.partition, outcome.offset, outcome.failed)
        decoded: O = self._decode(outcome.value or b"")
        return decoded

    async def tell(self, user_id: int, request: I, *, traceparent: str | None = None) -> None:
        """Write an input whose outcome nobody waits for; returns when it is acknowledged."""
        await self._write(user_id, request, None, traceparent)

    async def run(self) -> None:
        """Listen until cancelled: outcomes written before are not seen. Raises FatalError."""
        async with TailReader(self._bootstrap_servers, client_id=self._client_id) as reader:
            count = await reader.partitions(self._outcomes)
            await reader.add({TopicPartition(self._outcomes, p): reader.END for p in range(count)})
            self._listening.set()
            try:
                while True:
                    for item in await reader.poll():
                        if isinstance(item, Batch):
                            self._answer(item)
            finally:
                self._listening.clear()

    async def _write(
        self, user_id: int, request: I, request_id: bytes | None, traceparent: str | None
    ) -> None:
        headers = []
        if request_id is not None:
            headers.append((REQUEST, request_id))
        if traceparent is not None:
            headers.append((TRACEPARENT, traceparent.encode()))
        await self._producer.send_record(
            self._inputs, key=user_key(user_id), value=_ENCODER.encode(request), headers=headers
        )

    def _answer(self, batch: Batch) -> None:
        """Hand outcomes to those who wait for them in this process; most wait elsewhere."""
        for record in batch.records:
            headers = {name: content or b"" for name, content in record.headers}
            answer = self._waiting.get(headers.get(REQUEST, b""))
            if answer is not None and not answer.done():
                answer.set_result(
                    _Outcome(
                        record.value,
                        batch.partition,
                        int(headers[POSITION]),
                        CHANGED in headers,
                        headers.get(FAILED, b"").decode(),
                    )
                )
