"""Owners of one partition that come, freeze, die and overlap in every order, over a log of lists.

The log has no broker's luck in it: each acknowledged write is one step, and between any two of them any
other owner may do any of its steps. All of them believe that they own the partition, which is worse than
what a consumer group allows. What must hold in the end is what one undisturbed owner would have written.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import msgspec
from autodmca_kafka.batches import Outgoing
from autodmca_kafka.consequences import position_of
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import PartitionWork
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.oracle import oracle
from tests.integration.purses import Input, Outcome, Purse, apply, random_input

TOPIC = "autodmca.purses-inputs.v1"


class Written(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass
class Log:
    """The topics of one partition; `states` holds batches, which are there as a whole or not at all."""

    inputs: list[Written]
    events: list[Outgoing] = field(default_factory=list)
    broadcasts: list[Outgoing] = field(default_factory=list)
    outcomes: list[Outgoing] = field(default_factory=list)
    dead_letters: list[Outgoing] = field(default_factory=list)
    states: list[list[Outgoing]] = field(default_factory=list)
    committed: int = 0


class Owner:
    """One replica: what it read, and the writes that it has begun and not finished, in their order."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.ledger: Ledger[Purse] = Ledger(msgspec.json.Decoder(Purse).decode)
        self.seen = 0
        self.pending: list[Callable[[], None]] = []
        committed = log.committed
        self.read(len(log.states))
        self.work: PartitionWork[Purse, Input, Outcome] = PartitionWork(
            TOPIC,
            0,
            partitions=1,
            model=apply,
            decode=msgspec.json.Decoder(Input).decode,
            ledger=self.ledger,
            next_offset=max(committed, self.ledger.applied + 1),
            max_bytes=100_000,
        )

    def read(self, batches: int) -> None:
        for batch in self.log.states[self.seen : self.seen + batches]:
            for key, value, headers in batch:
                assert key is not None
                self.ledger.observe(key, position_of(headers), value)
            self.seen += 1

    def poll(self, records: int) -> None:
        """As the processor: nothing new before the last writes are done."""
        if self.pending:
            self.write(1)
            return
        start = self.work.next_offset
        block = self.work.apply(self.log.inputs[start : start + records])
        log = self.log
        for topic, written in (
            (log.events, block.events),
            (log.broadcasts, block.broadcasts),
            (log.outcomes, block.outcomes),
            (log.dead_letters, block.dead_letters),
        ):
            self.pending += [partial(topic.append, record) for record in written]
        self.pending += [partial(log.states.append, group) for group in block.states]
        self.pending.append(partial(setattr, log, "committed", block.next_offset))

    def repair(self) -> None:
        if not self.pending:
            self.pending += [partial(self.log.states.append, [record]) for record in self.work.repairs()]

    def write(self, writes: int) -> None:
        for _ in range(min(writes, len(self.pending))):
            self.pending.pop(0)()


def finish(owner: Owner) -> None:
    """An owner that is undisturbed, to the end of the inputs and until nothing is left to repair."""
    log = owner.log
    while owner.pending or owner.work.next_offset < len(log.inputs) or owner.seen < len(log.states):
        owner.poll(3)
        owner.read(1)
    owner.repair()
    owner.write(len(owner.pending))
    owner.read(len(log.states))


def make_log(seed: int, inputs: int) -> Log:
    rng = random.Random(seed)
    drawn = [random_input(rng) for _ in range(inputs)]
    return Log(
        [Written(i, 1_700_000_000_000 + i, b"%d" % user, value, []) for i, (user, value) in enumerate(drawn)]
    )


def unique(records: list[Outgoing]) -> list[tuple[str, bytes | None]]:
    """What a client is left with that drops the ids it has seen."""
    seen: dict[str, bytes | None] = {}
    for _, value, headers in records:
        seen.setdefault((dict(headers)["id"] or b"").decode(), value)
    return list(seen.items())


STEP = st.tuples(
    st.sampled_from(["poll", "poll", "write", "write", "read", "repair", "die"]),
    st.integers(0, 2),
    st.integers(1, 6),
)


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.lists(STEP, max_size=150))
def test_whatever_owners_do_to_each_other_the_log_says_what_one_alone_would_have_said(
    seed: int, steps: list[tuple[str, int, int]]
) -> None:
    log = make_log(seed, 40)
    owners = [Owner(log) for _ in range(3)]
    for kind, which, number in steps:
        owner = owners[which % len(owners)]
        if kind == "die":
            owners[which % len(owners)] = Owner(log)
        elif kind == "poll":
            owner.poll(number)
        elif kind == "write":
            owner.write(number)
        elif kind == "read":
            owner.read(number)
        elif kind == "repair":
            owner.repair()
    last = Owner(log)
    finish(last)
    for frozen in owners:  # They wake up long after they were replaced.
        frozen.write(len(frozen.pending))
    finish(last)

    truth = oracle(TOPIC, 0, log.inputs)
    assert unique(log.events) == truth.events
    assert unique(log.broadcasts) == truth.broadcasts
    assert sorted({int(dict(headers)["offset"] or b"") for *_, headers in log.dead_letters}) == truth.dead
    table = {
        b"%d/%s" % (user, name.encode()): msgspec.json.encode(purse)
        for user, name, purse in last.ledger.entities()
    }
    assert table == truth.state
    assert compacted(log) == truth.state
    assert not last.ledger.stale


def compacted(log: Log) -> dict[bytes, bytes]:
    """What compaction leaves: the last record of each key, where that is no tombstone."""
    left = {key: value for batch in log.states for key, value, _ in batch}
    return {key: value for key, value in left.items() if key is not None and value is not None}
