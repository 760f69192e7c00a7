"""A service's log in memory, under the rules of the real one, for tests of models and what stands on them.

Owns the inputs' offsets and times. Whatever is asked is encoded, decided on by the real `PartitionWork`
(keys, limits on sizes, dead letters, sources), and its records are read back by the real `Ledger`, at once
and in order. There is no broker, no group and no waiting: what those do is for tests on a broker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Generic, NamedTuple

import msgspec
from autodmca_events import Envelope, Payload, decode, new_id
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import (
    Ask,
    BrokerUnavailable,
    Context,
    Decision,
    EventProducer,
    InputFailed,
    Model,
    NoOutcome,
)
from autodmca_kafka.batches import Outgoing
from autodmca_kafka.consequences import REQUEST, TRACEPARENT, moment_of, position_of, trace_of
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import FAILED, KEY, Block, Failures, PartitionWork
from autodmca_kafka.table import Table

from autodmca_service.answers import AnswerOf, C, R, S
from autodmca_service.bounds import Bounds, bounded
from autodmca_service.commands import Outcome
from autodmca_service.inputs import Inputs
from autodmca_service.once import IsFinal, always_final, once
from autodmca_service.receipts import Limits

NOWHERE: Final = "localhost:1"
BEGINNING_MS: Final = 1_700_000_000_000
MAX_BYTES: Final = 900_000
"""As `autodmca_kafka.Processor` has it."""


class MemoryRecord(NamedTuple):
    """A record of the inputs topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class MemoryTable(Table[S]):
    """A table that is as new as the log, always."""

    def __init__(self, service: str, state_type: type[S] | Any, partitions: int) -> None:
        super().__init__(service, NOWHERE, state_type)
        self._ledgers = [Ledger(self._decode) for _ in range(partitions)]

    async def caught_up(self, partitions: Iterable[int] | None = None) -> None:
        return


class MemoryAsk(Ask[C, R]):
    """Has each request applied at once, as it would come out of the log."""

    def __init__(self, log: MemoryLog[Any, C, R], service: str, outcome_type: type[R] | Any) -> None:
        producer = EventProducer(NOWHERE, client_id="none")
        super().__init__(service, NOWHERE, outcome_type, producer=producer)
        self._log = log

    async def ask(
        self,
        user_id: int,
        request: C,
        *,
        timeout_s: float = 10,
        traceparent: str | None = None,
        key: str | None = None,
    ) -> R:
        if self._log.away:
            raise BrokerUnavailable(NOWHERE, "the test says so")
        headers: dict[str, bytes | None] = {REQUEST: new_id().encode()}
        if key is not None:
            headers[KEY] = key.encode()
        if traceparent is not None:
            headers[TRACEPARENT] = traceparent.encode()
        block, partition = self._log.write(user_key(user_id), msgspec.json.encode(request), headers)
        if self._log.late:
            raise NoOutcome(self._outcomes, timeout_s)
        ((_, value, about),) = block.outcomes
        if (failed := dict(about).get(FAILED)) is not None:
            raise InputFailed(self._inputs, partition, position_of(about), failed.decode())
        outcome: R = self._decode(value or b"")
        return outcome


class MemoryLog(Generic[S, C, R]):
    """The log of the service `name`. The parameters are `Replica`'s.

    A test may move `now_ms`, the time of the next input; say that outcomes come too `late`, that the broker
    is `away`, or that the model is `broken`: it then raises.
    """

    def __init__(
        self,
        name: str,
        *,
        model: Model[S, C, R],
        answer: AnswerOf[C, S, R],
        state: type[S] | Any,
        command: type[C] | Any,
        outcome: type[R] | Any = Outcome,
        is_final: IsFinal[C] = always_final,
        limits: Limits | None = None,
        bounds: Bounds | None = None,
        partitions: int = 2,
    ) -> None:
        self.name = name
        self.answer = answer
        self.limits = limits or Limits()
        self.now_ms = BEGINNING_MS
        self.late = self.away = self.broken = False
        self.envelopes: list[Envelope] = []
        self.outcomes: list[Outgoing] = []
        self.sends: dict[str, list[Outgoing]] = {}
        self.dead_letters: list[Outgoing] = []
        self.table: MemoryTable[S] = MemoryTable(name, state, partitions)
        self.ask: MemoryAsk[C, R] = MemoryAsk(self, name, outcome)
        model = bounded(model, bounds or Bounds())
        self._model = once(model, answer, self.limits, outcome=outcome, is_final=is_final)
        failures = Failures()
        self._works = [
            PartitionWork(
                inputs_topic(name),
                partition,
                partitions=partitions,
                model=self._decide,
                decode=Inputs[C](command).decode,
                ledger=self.table.ledger(partition),
                next_offset=0,
                max_bytes=MAX_BYTES,
                failures=failures,
            )
            for partition in range(partitions)
        ]

    @property
    def events(self) -> list[Payload]:
        """The payloads of every event, in the order in which they were emitted."""
        return [each.payload for each in self.envelopes]

    def write(
        self, key: bytes, value: bytes | None, headers: Mapping[str, bytes | None]
    ) -> tuple[Block, int]:
        """Append an input to its user's partition and apply it: what followed, and the partition."""
        partition = partition_for(key, len(self._works))
        work = self._works[partition]
        record = MemoryRecord(work.next_offset, self.now_ms, key, value, tuple(headers.items()))
        self.now_ms += 1
        block = work.apply([record])
        for group in block.states:
            for state_key, state, about in group:
                work.ledger.observe(
                    state_key or b"", position_of(about), state, moment_of(about), trace_of(about)
                )
        self.envelopes += [decode(event or b"") for _, event, _ in (*block.events, *block.broadcasts)]
        self.outcomes += block.outcomes
        self.dead_letters += block.dead_letters
        for topic, sent in block.sends.items():
            self.sends.setdefault(topic, []).extend(sent)
        if block.unknown is not None:
            raise block.unknown
        return block, partition

    def _decide(self, entities: Mapping[str, S], command: C, context: Context) -> Decision[S, R]:
        if self.broken:
            raise RuntimeError("the test has broken the model")
        return self._model(entities, command, context)
