"""What a processor tells of its partitions: when work may begin, when an input is shown, when all ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from autodmca_kafka import Context, Decision, PartitionLost, Table
from autodmca_kafka.consequences import REQUEST
from autodmca_kafka.holdings import Holdings
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import RUN, Block, PartitionWork
from autodmca_kafka.reader_events import Batch

TOPIC = "autodmca.notes-inputs.v1"


class Note(msgspec.Struct, frozen=True):
    text: str
    run: int


class Put(msgspec.Struct, frozen=True):
    text: str


class Written(NamedTuple):
    offset: int
    key: bytes | None = b"7"
    value: bytes | None = b'{"text":"hello"}'
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 1_700_000_000_000


def keep(notes: Mapping[str, Note], request: Put, context: Context) -> Decision[Note, Any]:
    known = notes.get("a")
    if context.is_late(known.run if known else None) or request.text == "refuse":
        return Decision(outcome="late", refused=True)
    return Decision(outcome="kept", changes={"a": Note(request.text, context.position.offset)})


class Read(Table[Note]):
    """A table whose reading the test does."""

    def __init__(self) -> None:
        super().__init__("notes", "localhost:1", Note)
        self._ledgers = [Ledger(self._decode)]
        self._next = [0]

    def read(self, block: Block) -> None:
        for group in block.states:
            self._observe(Batch("states", 0, [Written(0, *each) for each in group], 0, 0))


class Follower:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.may_end = asyncio.Event()

    def gained(self, partitions: frozenset[int]) -> None:
        self.told.append(f"gained {sorted(partitions)}")

    async def lost(self, partitions: frozenset[int]) -> None:
        self.told.append(f"losing {sorted(partitions)}")
        await self.may_end.wait()
        self.told.append(f"lost {sorted(partitions)}")


def held(since: int = 0) -> tuple[Holdings[Note, Put, Any], PartitionWork[Note, Put, Any], Read, Follower]:
    table = Read()
    holdings: Holdings[Note, Put, Any] = Holdings(table)
    follower = Follower()
    holdings.follow(follower)
    work: PartitionWork[Note, Put, Any] = PartitionWork(
        TOPIC,
        0,
        partitions=1,
        model=keep,
        decode=msgspec.json.Decoder(Put).decode,
        ledger=table.ledger(0),
        next_offset=0,
        max_bytes=10_000,
    )
    holdings.begin(0, work, since)
    return holdings, work, table, follower


async def turns() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_partition_is_gained_when_what_was_in_the_log_is_applied_and_shown() -> None:
    holdings, work, table, follower = held(since=2)
    holdings.settle()
    block = work.apply([Written(0), Written(1)])
    holdings.passed({0: 2})
    holdings.settle()
    assert (follower.told, holdings.owned) == ([], frozenset())
    table.read(block)
    holdings.settle()
    holdings.settle()
    assert (follower.told, holdings.owned) == (["gained [0]"], frozenset({0}))


async def test_an_input_is_shown_when_it_is_applied_and_the_table_has_read_what_it_changed() -> None:
    holdings, work, table, _ = held()
    waiting = asyncio.create_task(holdings.shown(0, 1))
    block = work.apply([Written(0), Written(1, value=b'{"text":"refuse"}')])
    await turns()
    holdings.passed({0: 2})
    await turns()
    assert not waiting.done()
    table.read(block)
    await asyncio.wait_for(waiting, 60)
    await asyncio.wait_for(holdings.shown(0, 0), 60)
    nothing = work.apply([Written(2, value=b'{"text":"refuse"}')])
    assert nothing.states == []
    waiting = asyncio.create_task(holdings.shown(0, 2))
    await turns()
    holdings.passed({0: 3})
    await asyncio.wait_for(waiting, 60)


async def test_giving_up_waits_for_the_followers_and_tells_whoever_waits() -> None:
    holdings, _, _, follower = held()
    holdings.settle()
    waiting = asyncio.create_task(holdings.shown(0, 5))
    await turns()
    first, second = (asyncio.create_task(holdings.release()) for _ in range(2))
    await turns()
    assert not first.done()
    assert not second.done()
    follower.may_end.set()
    await asyncio.wait_for(asyncio.gather(first, second), 60)
    assert follower.told == ["gained [0]", "losing [0]", "lost [0]"]
    assert (holdings.positions(), holdings.works, holdings.owned) == ({}, {}, frozenset())
    with pytest.raises(PartitionLost, match="partition 0"):
        await waiting
    with pytest.raises(PartitionLost):
        await holdings.shown(0, 0)


async def test_a_follower_that_fails_keeps_nobody_from_going_on() -> None:
    class Broken(Follower):
        def gained(self, partitions: frozenset[int]) -> None:
            raise RuntimeError("on purpose")

        async def lost(self, partitions: frozenset[int]) -> None:
            raise RuntimeError("on purpose")

    holdings, _, _, follower = held()
    holdings.follow(Broken())
    follower.may_end.set()
    last = Follower()
    last.may_end.set()
    holdings.follow(last)
    holdings.settle()
    await holdings.release()
    assert follower.told == last.told == ["gained [0]", "losing [0]", "lost [0]"]


def test_a_checkpoint_is_refused_when_the_work_has_gone_on_without_it() -> None:
    _, work, _, _ = held()
    runs = [b"0", None, b"0", b"2", b"3"]
    headers = [[(REQUEST, b"r")] if run is None else [(REQUEST, b"r"), (RUN, run)] for run in runs]
    block = work.apply([Written(n, headers=each) for n, each in enumerate(headers)])
    outcomes = [msgspec.json.decode(value or b"") for _, value, _ in block.outcomes]
    # Of nothing; a request, which is offset 1; of another run; of a refused one; of one that is to come.
    assert outcomes == ["late", "kept", "late", "late", "late"]
    block = work.apply([Written(n, headers=[(REQUEST, b"r"), (RUN, b"%d" % (n - 4))]) for n in (5, 9)])
    assert [msgspec.json.decode(value or b"") for _, value, _ in block.outcomes] == ["kept", "kept"]


@pytest.mark.parametrize("run", [b"", b"x", b"-1", b"9" * 20])
def test_a_run_that_is_none_makes_a_dead_letter(run: bytes) -> None:
    _, work, _, _ = held()
    block = work.apply([Written(0, headers=[(RUN, run)])])
    assert (block.applied, len(block.dead_letters)) == (0, 1)
