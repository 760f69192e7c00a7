"""The part of a tail reader that asks the cluster: who leads, which topics are gone, made again, cut off.

Owns the parked positions: it asks, at once when there is trouble and now and then without (so that a topic
that was deleted and created again in between is noticed), and gives each position its leader or its new
place, with the event that says so. Pauses grow while trouble lasts: a broker that was killed is still said to
lead for some seconds. One partition's trouble holds up no other. Never fetches records.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from autodmca_kafka.cluster import TopicDescription
from autodmca_kafka.errors import RecoverableError
from autodmca_kafka.log_client import LogClient
from autodmca_kafka.positions import HandOver, Position
from autodmca_kafka.reader_events import PartitionReset, TopicChanged, TopicGone

FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.5
SOON_S = 1.0
PATIENCE_S = 1.0
DENIALS_TO_BELIEVE = 3


class Watch:
    """`led` is called with every node that may have something to fetch now."""

    def __init__(
        self,
        positions: Mapping[TopicPartition, Position],
        log_client: LogClient,
        hand_over: HandOver,
        led: Callable[[int], None],
        *,
        refresh_s: float,
    ) -> None:
        self._positions = positions
        self._log_client = log_client
        self._hand_over = hand_over
        self._led = led
        self._refresh_s = refresh_s
        self._wanted = asyncio.Event()
        self._denials: dict[str, int] = {}

    def trouble(self) -> None:
        self._wanted.set()

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        pause, refreshed = FIRST_PAUSE_S, -SOON_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._refresh_s):
                    await self._wanted.wait()
            again = self._wanted.is_set() and clock() - refreshed < SOON_S
            self._wanted.clear()
            await self._refresh()
            refreshed = clock()
            parked = any(position.leader is None for position in self._positions.values())
            if parked:
                self._wanted.set()
            if parked or again:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                pause = FIRST_PAUSE_S

    async def _refresh(self) -> None:
        topics = {tp.topic for tp in self._positions}
        if not topics:
            return
        try:
            found = await self._log_client.look(topics)
        except (KafkaError, OSError):
            await self._log_client.reconnect()
            return
        for topic in topics:
            positions = [p for p in self._positions.values() if p.tp.topic == topic]
            if topic in found:
                self._denials.pop(topic, None)
                await self._there(found[topic], positions)
            elif topic in self._log_client.denied:  # whether it is there, no broker says
                self._denials.pop(topic, None)
                for position in positions:
                    position.deny("DESCRIBE")
            else:
                self._absent(topic, positions)

    def _absent(self, topic: str, positions: list[Position]) -> None:
        for position in positions:
            position.park()
        # One broker may not know yet what another does: it has to say so more than once.
        self._denials[topic] = self._denials.get(topic, 0) + 1
        if self._denials[topic] == DENIALS_TO_BELIEVE:
            self._hand_over.put(TopicGone(topic))

    async def _there(self, topic: TopicDescription, positions: list[Position]) -> None:
        if any(position.topic_id != topic.topic_id for position in positions):
            for position in positions:
                position.move(0)
            self._hand_over.put(TopicChanged(topic.name, topic.epoch))
        doubtful = [p for p in positions if p.doubtful and p.leader is None]
        if doubtful:
            await self._replace(doubtful)
        for position in positions:
            if not position.doubtful:
                position.led_by(topic, topic.partitions.get(position.tp.partition))
        for node in {position.leader for position in positions}:
            if node is not None:
                self._led(node)

    async def _replace(self, doubtful: list[Position]) -> None:
        """Move positions that the log does not hold to the nearest place that it does, as far as their
        leaders say."""
        moves = [position.moves for position in doubtful]
        try:
            tps = [position.tp for position in doubtful]
            bounds = await self._log_client.log_bounds.bounds(tps, patience_s=PATIENCE_S)
        except RecoverableError:
            return
        for position, move in zip(doubtful, moves, strict=True):
            if position.moves != move or position.tp not in bounds:
                continue
            earliest, end = bounds[position.tp]
            requested = position.fetched
            if earliest <= requested <= end:
                position.doubtful = False  # a follower was behind, or the log has grown again
                position.last_epoch = -1  # or knows nothing of that epoch any more
                continue
            position.move(earliest if requested < earliest else end)
            self._hand_over.put(PartitionReset(position.tp, requested, earliest, end))
