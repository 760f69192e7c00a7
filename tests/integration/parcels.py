"""Parcels that are carried step by step: a model of work that takes time, and a replica of it without a
broker.

The replica's log is a list, and all else is the real thing: the processor's part of a partition, the ledger,
what is told when a partition changes hands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import msgspec
from autodmca_events.partitions import partition_for, user_key
from autodmca_kafka import Context, Decision, EventProducer, Processor, RecordPosition, Table
from autodmca_kafka.consequences import TRACEPARENT
from autodmca_kafka.holdings import Holdings
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import PartitionWork
from autodmca_kafka.reader_events import Batch
from autodmca_service.work import Due, WorkMetrics
from prometheus_client import CollectorRegistry

TOPIC = "autodmca.parcels-inputs.v1"
PARTITIONS = 3
USER = 7
HOME = partition_for(user_key(USER), PARTITIONS)
DEADLINE_S = 120


class Parcel(msgspec.Struct, frozen=True):
    """`left`: the steps it has to be carried yet, the next one from `at_ms` on; `label` is nobody's
    business."""

    left: int
    at_ms: int
    run: int
    label: str = ""


class Order(msgspec.Struct, frozen=True, tag="order"):
    parcel: str
    left: int = 1
    at_ms: int = 0


class Carried(msgspec.Struct, frozen=True, tag="carried"):
    """A checkpoint."""

    parcel: str


class Label(msgspec.Struct, frozen=True, tag="label"):
    parcel: str
    label: str


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    parcel: str


Command = Order | Carried | Label | Cancel


def apply(parcels: Mapping[str, Parcel], command: Command, context: Context) -> Decision[Parcel, None]:
    """The model: what decides what is to be done sets `run` to its own position."""
    known = parcels.get(command.parcel)
    position = context.position.offset
    if isinstance(command, Order):
        return changed(command.parcel, Parcel(command.left, command.at_ms, position))
    if context.is_late(known.run if known else None) or known is None:
        return Decision(outcome=None, refused=True)
    match command:
        case Label(parcel, label):
            return changed(parcel, msgspec.structs.replace(known, label=label))
        case Cancel(parcel):
            return changed(parcel, None)
        case Carried(parcel):
            return changed(parcel, msgspec.structs.replace(known, left=known.left - 1, run=position))


def changed(parcel: str, state: Parcel | None) -> Decision[Parcel, None]:
    return Decision(outcome=None, changes={parcel: state})


def due(user_id: int, parcel_id: str, parcel: Parcel) -> Due | None:
    """A step is one effect, however often it is tried."""
    if parcel.left == 0:
        return None
    return Due(f"{user_id}/{parcel_id}/{parcel.left}", parcel.at_ms, parcel.run)


class Written(NamedTuple):
    offset: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes | None]]
    timestamp: int = 1_700_000_000_000


@dataclass
class Log:
    """The inputs of each partition, which several replicas may share, and the states that were written."""

    inputs: list[list[Written]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    states: list[list[Any]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    refused: int = 0

    async def send_record(
        self, topic: str, *, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]] = ()
    ) -> RecordPosition:
        """As the producer's."""
        await asyncio.sleep(0)
        partition = partition_for(key, PARTITIONS)
        offset = len(self.inputs[partition])
        self.inputs[partition].append(Written(offset, key, value, headers))
        return RecordPosition(topic, partition, offset)

    async def order(self, user_id: int, command: msgspec.Struct, *, trace: str | None = None) -> None:
        """Somebody asks for something, as a part of a trace or of none."""
        headers = [] if trace is None else [(TRACEPARENT, trace.encode())]
        value = msgspec.json.encode(command)
        await self.send_record(TOPIC, key=user_key(user_id), value=value, headers=headers)


class Read(Table[Any]):
    """A table whose reading the test does."""

    def __init__(self, state: Any) -> None:
        super().__init__("parcels", "localhost:1", state)
        self._ledgers = [Ledger(self._decode) for _ in range(PARTITIONS)]
        self._next = [0] * PARTITIONS

    def read(self, partition: int, records: Sequence[Any]) -> None:
        self._observe(Batch("states", partition, records, 0, 0))


class Site:
    """A replica on a log. `step` applies what is in it; `leased`: it counts on its partitions. The model, its
    state and its commands are the parcels' unless given."""

    name = "parcels"

    def __init__(self, log: Log, *, model: Any = apply, state: Any = Parcel, command: Any = Command) -> None:
        self.log = log
        self.table: Table[Any] = Read(state)
        self.holdings: Holdings[Any, Any, Any] = Holdings(self.table)
        self._model = model
        self._decode = msgspec.json.Decoder(command).decode
        self.leased = True
        self.registry = CollectorRegistry()
        self.work_metrics = WorkMetrics(self.registry)
        self._read = [0] * PARTITIONS

    @property
    def processor(self) -> Processor[Any, Any, Any]:
        return cast("Processor[Any, Any, Any]", self)

    def answers(self, partition: int) -> bool:
        """As the processor's."""
        return self.leased and partition in self.holdings.works

    @property
    def producer(self) -> EventProducer:
        return cast("EventProducer", self.log)

    def own(self, *partitions: int) -> None:
        """Take partitions over; the followers hear of it when what is in the log by now is applied."""
        self.look()
        for partition in partitions:
            ledger = self.table.ledger(partition)
            work: PartitionWork[Any, Any, Any] = PartitionWork(
                TOPIC,
                partition,
                partitions=PARTITIONS,
                model=self._model,
                decode=self._decode,
                ledger=ledger,
                next_offset=ledger.applied + 1,
                max_bytes=900_000,
            )
            self.holdings.begin(partition, work, len(self.log.inputs[partition]))
        self.step()

    def step(self) -> int:
        """Apply what is in the log, write the states, and read them; returns how many inputs that were."""
        steps = 0
        for partition, work in self.holdings.works.items():
            block = work.apply(self.log.inputs[partition][work.next_offset :])
            assert not block.dead_letters
            steps += block.applied
            self.log.refused += block.refused
            for group in block.states:
                self.log.states[partition] += [
                    State(key or b"", value, headers) for key, value, headers in group
                ]
            self.look()
            self.holdings.passed({partition: block.next_offset})
        self.holdings.settle()
        return steps

    def look(self) -> None:
        """Read the states that were written."""
        assert isinstance(self.table, Read)
        for partition, states in enumerate(self.log.states):
            self.table.read(partition, states[self._read[partition] :])
            self._read[partition] = len(states)

    async def until(self, reached: Any) -> None:
        """Go on until a condition holds; fails by TimeoutError."""
        async with asyncio.timeout(DEADLINE_S):
            while not reached():
                self.step()
                await asyncio.sleep(0.001)


class State(NamedTuple):
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
