"""One broker's fetch loop under a tail reader: the next request leaves before the last answer is decoded.

Owns the order in which partitions are asked for and how each partition's answer is taken. What has just given
records goes to the back, so that a busy partition starves none; else they go by number, since topics of one
key have it in the same numbers, so that who is sent much at once is sent it in fewer writes; a session keeps
that order. It never decides what to do about a partition in trouble: it parks it and calls `trouble`, and
the reader's watch asks the cluster. A broker that does not answer parks all of its partitions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog
from aiokafka.client import ConnectionGroup
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.structs import TopicPartition

from autodmca_kafka.cluster import NOT_AUTHORIZED
from autodmca_kafka.errors import BrokerTooOld
from autodmca_kafka.fetch_session import SESSION_ERRORS, FetchSession
from autodmca_kafka.fetch_wire import Diverging, FetchRequest, FetchResponse, Slice, Wanted
from autodmca_kafka.log_client import LARGEST_FETCH, LogClient, out_of_range
from autodmca_kafka.positions import Fetched, HandOver, Position
from autodmca_kafka.reader_events import BrokerBack, BrokerLost, PartitionReset, Unreadable
from autodmca_kafka.records import committed, span

log = structlog.get_logger(__name__)

# Fetches wait at the broker, which answers one request after the other on a connection: questions that
# are to be answered at once go by another connection, aiokafka's default one.
OWN_CONNECTION = ConnectionGroup.COORDINATION

MEANS_A_NEW_LEADER = {5, 6, 9, 56, 74, 75, 76}
MEANS_NO_TOPIC = {3, 100, 103}


class FetchLoop:
    """Reads from `node` while `run` runs. `positions` is the reader's, and changes under the loop."""

    def __init__(
        self,
        node: int,
        positions: Mapping[TopicPartition, Position],
        log_client: LogClient,
        hand_over: HandOver,
        trouble: Callable[[], None],
        *,
        max_bytes: int,
        max_wait_ms: int,
    ) -> None:
        self._node = node
        self._positions = positions
        self._log_client = log_client
        self._hand_over = hand_over
        self._trouble = trouble
        self._max_bytes = max_bytes
        self._max_wait_ms = max_wait_ms
        self._changed = asyncio.Event()
        self._lost = False
        self._turn: dict[TopicPartition, int] = {}
        self._turns = 0
        self._session = FetchSession()
        self._ends: dict[tuple[bytes, int], int] = {}

    def wake(self) -> None:
        """The positions have changed."""
        self._changed.set()

    async def run(self) -> None:
        while True:
            await self._hand_over.room()
            self._changed.clear()
            asked = self._fetchable()
            if not asked:
                await self._changed.wait()
                continue
            moves = [(position.moves, position.fetched) for position in asked]
            response = await self._fetch(asked)
            if response is not None:
                self._take(response, asked, moves)

    def _fetchable(self) -> list[Position]:
        mine = [position for position in self._positions.values() if position.leader == self._node]
        if self._session.whole:
            mine.sort(key=lambda position: (self._turn.get(position.tp, 0), position.tp.partition))
        return mine

    async def _fetch(self, asked: list[Position]) -> FetchResponse | None:
        wanted = [
            Wanted(p.topic_id, p.tp.partition, p.leader_epoch, p.fetched, p.max_bytes, p.last_epoch)
            for p in asked
        ]
        whole = self._session.whole
        session, changed, forgotten = self._session.request(wanted)
        request = FetchRequest(
            changed, forgotten=forgotten, session=session,
            max_wait_ms=self._max_wait_ms, min_bytes=1, max_bytes=self._max_bytes,
        )  # fmt: skip
        client = self._log_client.connection
        try:
            response: FetchResponse = await client.send(self._node, request, group=OWN_CONNECTION)
        except (IncompatibleBrokerVersion, NotImplementedError) as error:
            raise BrokerTooOld("Fetch version 13") from error
        except (KafkaError, OSError) as error:
            self._lose(asked, client.access.reason or str(error) or type(error).__name__)
            return None
        if response.error_code:
            if whole or response.error_code not in SESSION_ERRORS:
                self._lose(asked, f"fetch error {response.error_code}")
            self._session.lost(response.error_code)
            return None
        self._session.granted(response.session_id)
        if self._lost:
            self._lost = False
            self._hand_over.put(BrokerBack(self._node))
        return response

    def _lose(self, asked: list[Position], reason: str) -> None:
        self._session.lost()
        for position in asked:
            position.park()
        if not self._lost:
            self._lost = True
            self._hand_over.put(BrokerLost(self._node, reason))
        self._trouble()

    def _take(self, response: FetchResponse, asked: list[Position], moves: list[tuple[int, int]]) -> None:
        by_place = {(p.topic_id, p.tp.partition): (p, m) for p, m in zip(asked, moves, strict=True)}
        for piece in response.slices:
            position, move = by_place.get((piece.topic_id, piece.partition), (None, None))
            if position is None:
                self._trouble()  # the embedded broker names no topic when it refuses an id
                continue
            if (position.moves, position.fetched) != move:
                continue  # removed, moved, or read from its next leader while the request was under way
            if piece.diverging is not None:
                self._parted(position, piece, piece.diverging)
            elif out_of_range(piece, position.fetched):
                position.doubtful = True
                position.park()
                self._trouble()
            elif piece.error_code:
                self._refused(position, piece.error_code)
            else:
                position.end = self._ends[piece.topic_id, piece.partition] = piece.end
                position.read()
                if piece.records:
                    self._take_records(position, piece)
        if response.session_id:
            self._take_silence(asked)

    def _take_silence(self, asked: list[Position]) -> None:
        """A session's answer leaves out what has no news."""
        for position in asked:
            if position.leader == self._node:
                position.read()
                if position.end is None:  # removed and added again
                    position.end = self._ends.get((position.topic_id, position.tp.partition))

    def _take_records(self, position: Position, piece: Slice) -> None:
        start = position.fetched
        whole = span(piece.records, start)
        if whole.next_offset > start:
            self._turns += 1
            self._turn[position.tp] = self._turns
            records = piece.records if whole.size == len(piece.records) else piece.records[: whole.size]
            position.came(whole.epoch, whole.next_offset)
            position.unreadable = False
            if piece.aborted:
                records = committed(records, piece.aborted)
            self._hand_over.put(
                Fetched(position, position.moves, start, whole.next_offset, piece.end, records, whole.led)
            )
        elif whole.broken is None and position.max_bytes < LARGEST_FETCH:
            position.max_bytes *= 4  # a broker that cuts its first batch off: ask for more
        else:
            self._stuck(position, whole.broken or f"a batch is larger than {LARGEST_FETCH} bytes")

    def _parted(self, position: Position, piece: Slice, diverging: Diverging) -> None:
        """The log has lost its end since it was read, and may have grown again."""
        stood = position.parted(*diverging)
        if stood is not None:
            self._hand_over.put(PartitionReset(position.tp, stood, piece.log_start, position.fetched))

    def _stuck(self, position: Position, reason: str) -> None:
        if not position.unreadable:
            position.unreadable = True
            self._hand_over.put(Unreadable(position.tp, position.fetched, position.fetched, reason))
        position.park()
        self._trouble()

    def _refused(self, position: Position, code: int) -> None:
        if code == NOT_AUTHORIZED:
            position.deny("READ")
            return self._trouble()
        if code not in MEANS_A_NEW_LEADER and code not in MEANS_NO_TOPIC:
            log.warning(
                "fetch refused", topic=position.tp.topic, partition=position.tp.partition,
                offset=position.fetched, error_code=code,
            )  # fmt: skip
        position.park()
        return self._trouble()
