"""One broker's fetch loop, whose answers the test gives when it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import TopicPartition
from autodmca_kafka.fetch_loop import FetchLoop
from autodmca_kafka.fetch_session import INVALID_EPOCH
from autodmca_kafka.fetch_wire import FetchRequest, FetchResponse, Slice
from autodmca_kafka.log_client import LogClient
from autodmca_kafka.positions import HandOver, Position
from autodmca_kafka.reader_events import BrokerBack, BrokerLost

NODE, TOPIC = 4, b"t" * 16


class Broker:
    """Takes requests and answers each when told."""

    def __init__(self) -> None:
        self.positions: dict[TopicPartition, Position] = {}
        self.hand_over = HandOver(1 << 20)
        self.troubles = 0
        self.access = SimpleNamespace(reason=None)
        self.asked: asyncio.Queue[tuple[FetchRequest, asyncio.Future[FetchResponse]]] = asyncio.Queue()
        self.loop = FetchLoop(
            NODE,
            self.positions,
            cast("LogClient", SimpleNamespace(connection=self)),
            self.hand_over,
            self._trouble,
            max_bytes=1000,
            max_wait_ms=1,
        )

    async def send(self, node: int, request: FetchRequest, *, group: object) -> FetchResponse:
        assert (node, bool(group)) == (NODE, True)
        answer: asyncio.Future[FetchResponse] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait((request, answer))
        return await answer

    def _trouble(self) -> None:
        self.troubles += 1

    def read(self, number: int, offset: int = 0) -> Position:
        tp = TopicPartition("topic", number)
        self.positions[tp] = position = Position(tp, TOPIC, offset, 1000)
        position.leader, position.leader_epoch = NODE, 1
        self.loop.wake()
        return position

    async def answer(self, *slices: Slice, session: int = 7, error: int = 0) -> None:
        """To the request that is under way; returns when the next one is."""
        _, answer = self.asked.get_nowait()
        answer.set_result(FetchResponse(error, session, [*slices]))
        await self.next()

    async def next(self) -> None:
        """The next request is under way."""
        self.asked.put_nowait(await self.asked.get())


def news(number: int, end: int = 9) -> Slice:
    return Slice(TOPIC, number, 0, end, end, 0, b"")


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    broker = Broker()
    running = asyncio.create_task(broker.loop.run())
    yield broker
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_answer_that_is_late_for_a_position_that_was_moved_is_no_news_of_it(broker: Broker) -> None:
    position = broker.read(0)
    await broker.next()
    position.move(5)
    await broker.answer(news(0, end=3))
    assert (position.end, position.fetched) == (None, 5)
    await broker.answer(news(0, end=8))
    assert position.end == 8


async def test_in_a_session_no_news_is_an_answer_too(broker: Broker) -> None:
    position = broker.read(0)
    await broker.next()
    await broker.answer(news(0))
    position.park()
    position.leader = NODE  # before the next request: the broker never hears of it
    await broker.answer()
    await broker.answer()
    assert position.unread_since is None


async def test_what_is_added_again_before_the_broker_forgot_it_has_its_end(broker: Broker) -> None:
    broker.read(0)
    await broker.next()
    await broker.answer(news(0))
    again = broker.read(0)
    await broker.answer()
    assert again.end is None, "this answer was not about it"
    await broker.answer()
    assert again.end == 9


async def test_without_a_session_what_is_not_answered_stays_unread(broker: Broker) -> None:
    position = broker.read(0)
    await broker.next()
    position.park()
    position.leader = NODE
    await broker.answer(session=0)
    assert position.unread_since is not None


async def test_a_session_that_the_broker_has_lost_is_made_anew_and_nothing_else(broker: Broker) -> None:
    position = broker.read(0)
    await broker.next()
    await broker.answer(news(0))
    await broker.answer(error=INVALID_EPOCH)
    assert (position.leader, broker.troubles) == (NODE, 0)
    await broker.answer(news(0, end=10))
    assert position.end == 10


async def test_a_broker_that_refuses_everything_is_lost_and_comes_back(broker: Broker) -> None:
    position = broker.read(0)
    await broker.next()
    _, answer = broker.asked.get_nowait()
    answer.set_result(FetchResponse(INVALID_EPOCH, 0, []))
    await broker.hand_over.filled()
    assert [type(item) for item in broker.hand_over.take()] == [BrokerLost]
    assert (position.leader, broker.troubles) == (None, 1)
    broker.read(0)
    await broker.next()
    _, answer = broker.asked.get_nowait()
    answer.set_exception(KafkaConnectionError("gone"))
    await asyncio.sleep(0)
    position = broker.read(0)
    await broker.next()
    await broker.answer(news(0))
    items: list[Any] = broker.hand_over.take()
    assert [type(item) for item in items] == [BrokerBack]
    assert position.end == 9
