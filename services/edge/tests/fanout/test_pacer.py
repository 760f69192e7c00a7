"""Batching and conflation for who is in such a variant: order, cursors, bounds."""

import pytest
from autodmca_edge.testing import FakeLog

from services.edge.tests.treated import (
    CHANGE,
    NOTICE,
    PLATFORM,
    PROGRESS,
    USAGE,
    node_of,
    samples,
    subscribed,
)


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


# -- batching ----------------------------------------------------------------------------------------


def test_events_of_a_while_leave_in_one_write(log: FakeLog) -> None:
    node = node_of(log, {"batchMs": 50})
    peer = subscribed(node)
    writes = peer.writes
    for index in range(5):
        log.emit(CHANGE, 7, id=f"s{index}")
        log.emit(NOTICE)
        node.poll()
        node.pass_time(0.009)
    assert peer.events() == []
    node.pass_time(0.006)
    assert len(peer.events()) == 10
    assert peer.writes == writes + 1
    log.emit(CHANGE, 7)
    node.poll()
    node.pass_time(0.049)
    assert len(peer.events()) == 10
    node.pass_time(0.002)
    assert len(peer.events()) == 11


def test_an_answer_comes_after_the_events_that_were_before_it(log: FakeLog) -> None:
    node = node_of(log, {"batchMs": 50})
    peer = subscribed(node)
    log.emit(CHANGE, 7)
    node.poll()
    peer.heartbeat(timestamp=1)
    assert [each["type"] for each in peer.received[-2:]] == [CHANGE, "heartbeat"]
    cursors = peer.received[-1]["payload"]["cursors"]
    assert peer.events()[-1]["cursor"] in cursors


def test_what_waits_leaves_before_a_close(log: FakeLog) -> None:
    node = node_of(log, {"batchMs": 50})
    peer = subscribed(node)
    log.emit(CHANGE, 7)
    node.poll()
    peer.session.drain()
    assert (len(peer.events()), peer.closed) == (1, 1012)


def test_nothing_that_waited_is_delivered_on_an_expired_token(log: FakeLog) -> None:
    """PROTOCOL.md: "From the second in which a token expires nothing more is delivered on it"."""
    node = node_of(log, {"conflationMs": 5000})
    node.verifier.lifetime_s = 100
    peer = subscribed(node)
    peer.heartbeat()
    node.pass_time(50)
    peer.heartbeat()
    node.pass_time(48)
    log.emit(USAGE, 7)
    node.poll()
    node.pass_time(2)
    assert (peer.events(), peer.closed) == ([], 4401)
    node.pass_time(10)
    assert peer.events() == []


def test_who_leaves_takes_the_timer_along(log: FakeLog) -> None:
    node = node_of(log, {"batchMs": 50})
    peer = subscribed(node)
    log.emit(CHANGE, 7)
    node.poll()
    peer.leave()
    node.pass_time(1)
    assert peer.session.pacer is None
    assert samples(node)["connections"] == 0


# -- conflation --------------------------------------------------------------------------------------


def test_of_a_state_the_newest_is_delivered_when_its_time_is_up(log: FakeLog) -> None:
    node = node_of(log, {"conflationMs": 200})
    peer = subscribed(node)
    for count in range(10):
        log.emit(USAGE, 7, template_id="a", usage_count=count)
        log.emit(USAGE, 7, template_id="b", usage_count=count)
        log.emit(PLATFORM, platform="tiktok", consecutive_errors=count)
        node.poll()
        node.pass_time(0.01)
    node.pass_time(0.2)
    assert [each["payload"].get("templateId") for each in peer.events()] == ["a", "b", None]
    assert [each["payload"].get("usageCount") for each in peer.events()] == [9, 9, None]
    assert samples(node)["conflated_total"] == 27
    assert samples(node)["deliveries_total"] == 3


def test_a_fact_never_waits_for_states_and_takes_them_along(log: FakeLog) -> None:
    """A cursor that the client has seen covers all before it."""
    node = node_of(log, {"conflationMs": 200})
    peer = subscribed(node)
    log.emit(PROGRESS, 7, id="a", progress=1)
    log.emit(PROGRESS, 7, id="a", progress=2)
    node.poll()
    assert peer.events() == []
    log.emit(CHANGE, 7)
    node.poll()
    assert [each["type"] for each in peer.events()] == [PROGRESS, CHANGE]
    assert peer.events()[0]["payload"]["progress"] == 2


def test_facts_are_all_delivered_in_order(log: FakeLog) -> None:
    node = node_of(log, {"conflationMs": 200, "batchMs": 20})
    peer = subscribed(node)
    for index in range(20):
        log.emit(CHANGE, 7, id=f"s{index}")
        log.emit(PROGRESS, 7, id="a", urls_processed=index)
        node.poll()
        node.pass_time(0.007)
    node.pass_time(0.3)
    facts = [each["payload"]["id"] for each in peer.events() if each["type"] == CHANGE]
    assert facts == [f"s{index}" for index in range(20)]
    offsets = [int(each["cursor"].rpartition(":")[2]) for each in peer.events()]
    assert offsets == sorted(offsets)


async def test_a_resume_from_what_was_seen_loses_nothing(log: FakeLog) -> None:
    """The connection ends while states wait; they, and no fact, are what the resume brings again."""
    node = node_of(log, {"conflationMs": 200, "batchMs": 20})
    peer = subscribed(node, PROGRESS, CHANGE)
    for index in range(6):
        log.emit(PROGRESS, 7, id="a", urls_processed=index)
        log.emit(CHANGE, 7, id=f"s{index}")
        node.poll()
        node.pass_time(0.012)
    log.emit(PROGRESS, 7, id="a", urls_processed=100)
    node.poll()
    cursors, before = peer.cursors(), peer.events()
    again = node_of(log).connect()
    again.subscribe("s", PROGRESS, CHANGE, resume=cursors)
    await again.session.node.settle()  # type: ignore[attr-defined]
    every = before + again.events()
    assert [each["payload"]["id"] for each in every if each["type"] == CHANGE] == [f"s{n}" for n in range(6)]
    assert every[-1]["payload"]["urlsProcessed"] == 100


async def test_an_older_state_that_a_replay_brings_does_not_replace_a_newer_one(log: FakeLog) -> None:
    node = node_of(log, {"conflationMs": 200})
    first = subscribed(node, PROGRESS)
    cursors = first.cursors()
    log.emit(PROGRESS, 7, id="a", urls_processed=1)
    node.poll()
    node.pass_time(1)
    peer = subscribed(node, PROGRESS)
    log.emit(PROGRESS, 7, id="a", urls_processed=2)
    node.poll()
    peer.subscribe("again", PROGRESS, resume=cursors)
    await node.settle()
    node.pass_time(1)
    assert {each["payload"]["urlsProcessed"] for each in peer.events()} == {1, 2}


# -- bounds ------------------------------------------------------------------------------------------


async def test_what_waits_counts_against_the_outbox_and_nothing_is_lost(log: FakeLog) -> None:
    node = node_of(log, {"batchMs": 1000})
    peer = subscribed(node, CHANGE, limit=65_536)
    for index in range(400):
        log.emit(CHANGE, 7, id=f"s{index}")
        node.poll()
        assert peer.session.pacer is not None
        assert peer.session.pacer.waiting <= 65_536
    node.pass_time(2)
    assert [each["payload"]["id"] for each in peer.events()] == [f"s{index}" for index in range(400)]


async def test_who_does_not_read_catches_up_from_the_log(log: FakeLog) -> None:
    node = node_of(log, {"batchMs": 20, "conflationMs": 50}, compression=True)
    peer = subscribed(node, CHANGE, limit=65_536, window=12)
    peer.stall()
    for index in range(1000):
        log.emit(CHANGE, 7, id=f"s{index}")
        node.poll()
        node.pass_time(0.005)
        assert peer.held <= 4 * 65_536
    assert node.counts["deferred"] > 0
    for _ in range(20):
        peer.read()
        await node.settle()
        node.pass_time(0.1)
    assert [each["payload"]["id"] for each in peer.events()] == [f"s{index}" for index in range(1000)]


@pytest.mark.parametrize("payload", ['{"id":[1]}', '{"id":{"a":1}}', '{"id":null}', "{}"])
def test_what_an_odd_producer_calls_a_state_is_delivered_as_it_is(log: FakeLog, payload: str) -> None:
    node = node_of(log, {"conflationMs": 200})
    peer = subscribed(node, PROGRESS)
    where = log.emit(CHANGE, 7)
    topic, number = next(each for each, records in log.records.items() if where in records)
    value = f'{{"type":"{PROGRESS}","userId":7,"payload":{payload}}}'.encode()
    for _ in range(2):
        log.append_raw(topic, number, where.key, value, PROGRESS)
    node.poll()
    node.pass_time(0.3)
    assert len(peer.events()) == 2
