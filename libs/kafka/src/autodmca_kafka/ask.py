"""Asking a service for something and waiting for what became of it.

Owns the requests that wait: an input is written with a request id, whichever replica owns the user applies
it, and the outcome with that id comes back: at once from the processor of this process (`hand_over`), else on
the outcomes topic, which every replica tails. At most
`max_waiting` requests wait; further ones fail with TooManyWaiting. An outcome that does not come in time
fails with NoOutcome, and says nothing about the input: it may be applied yet, as may one whose asker died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Generic, NamedTuple

import msgspec
import structlog
from aiokafka import TopicPartition
from autodmca_events import new_id
from autodmca_events.partitions import user_key
from autodmca_events.topics import inputs_topic, outcomes_topic

from autodmca_kafka.access import say
from autodmca_kafka.batches import Header, Outgoing
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.consequences import CHANGED, REQUEST, TRACEPARENT, position_of
from autodmca_kafka.decision import I, O
from autodmca_kafka.errors import (
    BrokerUnavailable,
    InputFailed,
    NoOutcome,
    NotAuthorized,
    RecoverableError,
    TooManyWaiting,
)
from autodmca_kafka.partition_work import FAILED, KEY
from autodmca_kafka.producer import EventProducer
from autodmca_kafka.reader_events import Batch
from autodmca_kafka.table import PAUSE_S, Table, unread
from autodmca_kafka.tail import TailReader

log = structlog.get_logger(__name__)

_ENCODER: Final = msgspec.json.Encoder()


class _Outcome(NamedTuple):
    value: bytes | None
    partition: int
    offset: int
    changed: bool
    failed: str


class Ask(Generic[I, O]):
    """Run `run()` in a TaskGroup. `producer` belongs to the caller. A broker that is absent is tried again
    every `connect_timeout_s`.

    With a `table` of the same service that is whole, an outcome is handed out only when the table of this
    process shows what the input changed: whoever asks and then reads sees it. One that is not whole need not
    read what was asked for; whoever owns it shows it (`Processor.entities`).
    """

    def __init__(
        self,
        service: str,
        bootstrap_servers: Brokers,
        outcome_type: type[O] | Any,
        *,
        producer: EventProducer,
        table: Table[Any] | None = None,
        max_waiting: int = 1_000,
        client_id: str | None = None,
        connect_timeout_s: float = 60,
    ) -> None:
        self._inputs = inputs_topic(service)
        self._outcomes = outcomes_topic(service)
        self._bootstrap_servers = bootstrap_servers
        self._decode = msgspec.json.Decoder(outcome_type).decode
        self._producer = producer
        self._table = table
        self._max_waiting = max_waiting
        self._client_id = client_id or f"{service}-ask"
        self._connect_timeout_s = connect_timeout_s
        self._waiting: dict[bytes, asyncio.Future[_Outcome]] = {}
        self._listening = asyncio.Event()
        self._reader: TailReader | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait for their outcome now."""
        return len(self._waiting)

    async def ask(
        self,
        user_id: int,
        request: I,
        *,
        timeout_s: float = 10,
        traceparent: str | None = None,
        key: str | None = None,
    ) -> O:
        """Write an input for `user_id` and return its outcome. `key` is the same for all repetitions of one
        request: when they cannot be applied, one of them becomes a dead letter, and all raise InputFailed.

        Inputs of one user are applied in the order in which they were written. Cancellation gives up waiting,
        not the input. Raises TooManyWaiting, NoOutcome after `timeout_s` seconds, BrokerUnavailable then when
        nothing was written, InputFailed, and what `EventProducer.send_record` raises.
        """
        if len(self._waiting) >= self._max_waiting:
            raise TooManyWaiting(self._max_waiting)
        request_id = new_id().encode()
        answer = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        written = False
        try:
            async with asyncio.timeout(timeout_s):
                await self._listening.wait()
                written = True
                await self._write(user_id, request, request_id, traceparent, key)
                outcome = await answer
                if self._table is not None and self._table.whole and outcome.changed:
                    await self._table.shows(outcome.partition, outcome.offset)
        except TimeoutError:
            if not written:
                raise BrokerUnavailable(self._bootstrap_servers, "outcomes are not read yet") from None
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
        """Listen until cancelled, however long the broker or the topic is away; outcomes written before are
        not seen. Raises FatalError."""
        while True:
            try:
                async with TailReader(
                    self._bootstrap_servers,
                    client_id=self._client_id,
                    connect_timeout_s=self._connect_timeout_s,
                ) as reader:
                    await self._listen(reader)
            except RecoverableError as error:
                warn = say if isinstance(error, NotAuthorized) else log.warning
                warn("outcomes cannot be read yet", topic=self._outcomes, error=str(error))
                await asyncio.sleep(PAUSE_S)

    def trouble(self) -> str | None:
        """Why outcomes may not be heard, for a readiness check."""
        return "outcomes are not read yet" if self._reader is None else unread(self._reader)

    async def _listen(self, reader: TailReader) -> None:
        count = await reader.partitions(self._outcomes)
        await reader.add({TopicPartition(self._outcomes, p): reader.END for p in range(count)})
        self._reader = reader
        self._listening.set()
        try:
            while True:
                for item in await reader.poll():
                    if isinstance(item, Batch):
                        self._answer(item)
        finally:
            self._reader = None
            self._listening.clear()

    async def _write(
        self,
        user_id: int,
        request: I,
        request_id: bytes | None,
        traceparent: str | None,
        key: str | None = None,
    ) -> None:
        headers = []
        if request_id is not None:
            headers.append((REQUEST, request_id))
        if key is not None:
            headers.append((KEY, key.encode()))
        if traceparent is not None:
            headers.append((TRACEPARENT, traceparent.encode()))
        await self._producer.send_record(
            self._inputs, key=user_key(user_id), value=_ENCODER.encode(request), headers=headers
        )

    def hand_over(self, partition: int, outcomes: Sequence[Outgoing]) -> None:
        """Take outcomes of this process's own processor, which `Processor.entities` shows already."""
        for _, value, headers in outcomes:
            self._settle(partition, value, headers)

    def _answer(self, batch: Batch) -> None:
        """Hand outcomes to those who wait for them in this process; most wait elsewhere."""
        for record in batch.records:
            try:
                self._settle(batch.partition, record.value, record.headers)
            except ValueError as error:
                where = {"topic": batch.topic, "partition": batch.partition, "offset": record.offset}
                log.warning("this is no outcome", **where, reason=str(error))

    def _settle(self, partition: int, value: bytes | None, about: Sequence[Header]) -> None:
        headers = {name: content or b"" for name, content in about}
        answer = self._waiting.get(headers.get(REQUEST, b""))
        if answer is None or answer.done():
            return
        position, failed = position_of(about), headers.get(FAILED, b"").decode()
        answer.set_result(_Outcome(value, partition, position, CHANGED in headers, failed))
