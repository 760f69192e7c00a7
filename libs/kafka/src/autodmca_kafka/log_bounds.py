"""Where logs begin and end, and leader epochs in them: one question to each leader of many partitions, all
leaders at once.

Owns the asking of who leads, and what is done about a leader that does not answer: the others' answers
count all the same, and the question is put again until each has answered, or, where the caller has little
patience, without those who have not. Never keeps an answer. Fails as `LogClient` does, whose part it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from aiokafka.errors import KafkaError, RequestTimedOutError
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.structs import TopicPartition

from autodmca_kafka.client import Client
from autodmca_kafka.cluster import NOT_AUTHORIZED, PartitionDescription, TopicDescription
from autodmca_kafka.epoch_wire import API_KEY, EpochEnd, EpochEndsRequest, EpochQuestion
from autodmca_kafka.errors import NotAuthorized, TopicDeleted
from autodmca_kafka.fetch_wire import CONSUMER, READ_COMMITTED, FetchRequest, Wanted
from autodmca_kafka.records import NO_EPOCH

T = TypeVar("T")
Ask = Callable[[int, T], Awaitable[None]]

LATEST = -1
EARLIEST = -2
OFFSET_OUT_OF_RANGE = 1
NO_END = (NO_EPOCH, -1)


class Cluster(Protocol):
    """What is known of it, and its connections; see log_client.py."""

    @property
    def connection(self) -> Client: ...
    async def known(self, topic: str) -> TopicDescription: ...
    def forget(self, topic: str) -> None: ...
    async def until(self, attempt: Callable[[], Awaitable[T | None]]) -> T: ...


class LogBounds:
    """Answers are in the order of the question. `patience_s`, wherever it is given: who has not answered by
    then is left out."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def offsets(
        self, wanted: Mapping[TopicPartition, int], *, patience_s: float | None = None
    ) -> dict[TopicPartition, tuple[int, int]]:
        """The first offset at or after each time (ms, or EARLIEST, LATEST) and that record's timestamp.

        As the broker answers: Apache Kafka (-1, -1) where there is none. Raises TopicDeleted, and ValueError
        for a time that is none: brokers take negative ones for markers, and have more of them than these two.
        """
        for tp, time in wanted.items():
            if time < 0 and time not in (EARLIEST, LATEST):
                raise ValueError(f"{time} is no time to look for in {tp.topic}[{tp.partition}]")
        answers: dict[TopicPartition, tuple[int, int]] = {}

        async def ask(node: int, tps: list[TopicPartition]) -> None:
            request = OffsetRequest(
                CONSUMER, READ_COMMITTED, [(tp.topic, [(tp.partition, wanted[tp])]) for tp in tps]
            )
            answer = await self._cluster.connection.send(node, request)
            for topic, partitions in answer.topics:
                for partition, code, timestamp, offset in partitions:
                    if code == NOT_AUTHORIZED:
                        raise NotAuthorized("DESCRIBE", "topic", topic)
                    if code == 0:
                        answers[TopicPartition(topic, partition)] = (offset, timestamp)
                    else:
                        self._cluster.forget(topic)

        async def by_leader() -> dict[int, list[TopicPartition]]:
            found: dict[int, list[TopicPartition]] = {}
            for tp in wanted.keys() - answers:
                _, leader = await self._led(tp)
                if leader is not None and leader.leader is not None:
                    found.setdefault(leader.leader, []).append(tp)
            return found

        await self._ask(by_leader, ask, lambda: len(answers) == len(wanted), patience_s)
        return {tp: answers[tp] for tp in wanted if tp in answers}

    async def bounds(
        self, tps: Iterable[TopicPartition], *, patience_s: float | None = None
    ) -> dict[TopicPartition, tuple[int, int]]:
        """(earliest, end) of each: the first offset held, and the one after the last that can be read."""
        earliest = await self.beginnings(tps, patience_s=patience_s)
        ends = await self.ends(earliest, patience_s=patience_s)
        return {tp: (earliest[tp], end) for tp, end in ends.items()}

    async def beginnings(
        self, tps: Iterable[TopicPartition], *, patience_s: float | None = None
    ) -> dict[TopicPartition, int]:
        """The first offset that each still holds."""
        found = await self.offsets(dict.fromkeys(tps, EARLIEST), patience_s=patience_s)
        return {tp: offset for tp, (offset, _) in found.items()}

    async def ends(
        self, tps: Iterable[TopicPartition], *, patience_s: float | None = None
    ) -> dict[TopicPartition, int]:
        """Where each ends for readers: the offset that its next record will get, or the first of a
        transaction that is not decided yet.

        By a fetch: the embedded broker's LATEST is the last batch's first offset plus one.
        """
        latest = await self.offsets(dict.fromkeys(tps, LATEST), patience_s=patience_s)
        ends: dict[TopicPartition, int] = {}

        async def ask(node: int, wanted: dict[TopicPartition, Wanted]) -> None:
            request = FetchRequest(list(wanted.values()), max_wait_ms=1, min_bytes=0, max_bytes=1)
            answer = await self._cluster.connection.send(node, request)
            places = {(each.topic_id, each.partition): tp for tp, each in wanted.items()}
            for piece in answer.slices:
                tp = places.pop((piece.topic_id, piece.partition), None)
                if tp is not None and piece.error_code == NOT_AUTHORIZED:
                    raise NotAuthorized("READ", "topic", tp.topic)
                if tp is not None and piece.error_code in (0, OFFSET_OUT_OF_RANGE):
                    ends[tp] = max(latest[tp][0], piece.end)
                elif tp is not None:
                    self._cluster.forget(tp.topic)
            for tp in places.values():  # the embedded broker names no topic when it refuses an id
                self._cluster.forget(tp.topic)

        async def by_leader() -> dict[int, dict[TopicPartition, Wanted]]:
            found: dict[int, dict[TopicPartition, Wanted]] = {}
            for tp in latest.keys() - ends:
                topic, led = await self._led(tp)
                if led is not None and led.leader is not None:
                    wanted = Wanted(topic.topic_id, tp.partition, led.leader_epoch, latest[tp][0], 1)
                    found.setdefault(led.leader, {})[tp] = wanted
            return found

        await self._ask(by_leader, ask, lambda: len(ends) == len(latest), patience_s)
        return {tp: ends[tp] for tp in latest if tp in ends}

    async def epoch_ends(
        self, wanted: Mapping[TopicPartition, int], *, patience_s: float | None = None
    ) -> dict[TopicPartition, EpochEnd]:
        """Of each log the newest leader epoch that is not newer than the one given, and where it ends, which
        for the newest of all is the log's end (KIP-101).

        Of a log whose oldest epoch is newer: the one given, and where that oldest begins. (-1, -1) for one
        newer than all, and where the brokers keep none.
        """
        answers: dict[TopicPartition, tuple[int, int]] = {}

        async def ask(node: int, questions: list[EpochQuestion]) -> None:
            client = self._cluster.connection
            if await client.ready(node) and not client.knows(API_KEY):
                answers.update({TopicPartition(each.topic, each.partition): NO_END for each in questions})
                return
            answer = await client.send(node, EpochEndsRequest(questions))
            for topic, partitions in answer.topics:
                for code, partition, epoch, end in partitions:
                    if code == 0:
                        answers[TopicPartition(topic, partition)] = (epoch, end)
                    else:
                        self._cluster.forget(topic)

        async def by_leader() -> dict[int, list[EpochQuestion]]:
            found: dict[int, list[EpochQuestion]] = {}
            for tp in wanted.keys() - answers:
                _, led = await self._led(tp)
                if led is not None and led.leader is not None:
                    question = EpochQuestion(tp.topic, tp.partition, led.leader_epoch, wanted[tp])
                    found.setdefault(led.leader, []).append(question)
            return found

        await self._ask(by_leader, ask, lambda: len(answers) == len(wanted), patience_s)
        beginnings = await self.beginnings(answers, patience_s=patience_s)
        return {tp: EpochEnd(*answers[tp], beginnings[tp]) for tp in wanted if tp in beginnings}

    async def _led(self, tp: TopicPartition) -> tuple[TopicDescription, PartitionDescription | None]:
        """Its topic and who leads it; None, and the cluster is asked next time, while nobody does."""
        topic = await self._cluster.known(tp.topic)
        described = topic.partitions.get(tp.partition)
        if described is None:
            raise TopicDeleted(f"{tp.topic}[{tp.partition}]")
        if described.leader is None:
            self._cluster.forget(tp.topic)
            return topic, None
        return topic, described

    async def _ask(
        self,
        by_leader: Callable[[], Awaitable[dict[int, T]]],
        ask: Ask[T],
        complete: Callable[[], bool],
        patience_s: float | None,
    ) -> None:
        """Ask all leaders at once, again and again, until it is complete or patience has run out."""
        clock = asyncio.get_running_loop().time
        ends = None if patience_s is None else clock() + patience_s

        async def attempt() -> bool | None:
            faults: list[KafkaError | NotAuthorized] = []

            async def one(node: int, questions: T) -> None:
                try:
                    async with asyncio.timeout_at(ends):
                        await ask(node, questions)
                except TimeoutError:
                    faults.append(RequestTimedOutError())
                except (KafkaError, NotAuthorized) as fault:
                    faults.append(fault)

            asked = await by_leader()
            async with asyncio.TaskGroup() as tasks:
                for node, questions in asked.items():
                    tasks.create_task(one(node, questions))
            if complete() or (ends is not None and clock() >= ends):
                return True
            if faults:
                raise faults[0]
            return None

        if not complete():
            await self._cluster.until(attempt)
