"""`GET /events` as Server-Sent Events (WHATWG HTML, section 9.2)."""

import asyncio

import pytest
from autodmca_edge.server.answers import close_code_of
from autodmca_edge.testing import FakeLog, FakeNode

from services.edge.tests.asking import Asking, asking, settled
from services.edge.tests.replaying import APPROVAL, EPOCH, NOTICE, USAGE, emit, known, place


@pytest.mark.protocol("Without WebSockets: subscribed")
async def test_a_stream_begins_with_its_positions_and_a_hint_when_to_come_back(client: Asking) -> None:
    stream = await client.stream(USAGE)
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    assert 1000 <= int(stream.blocks()[0]["retry"]) <= 5000
    cursors = known(client.node)
    assert stream.named("subscribed") == [
        {"types": [USAGE], "cursors": cursors, "recovered": True, "replayed": 0}
    ]
    assert stream.last_event_id() == ",".join(cursors)
    assert not stream.complete


async def test_an_event_is_one_line_of_data_whose_id_resumes_everything(client: Asking) -> None:
    node = client.node
    stream = await client.stream(USAGE, NOTICE)
    seen: list[str] = []
    for _ in range(3):
        emit(node.stored, 2)
        emit(node.stored, 1, None, NOTICE)
        node.poll()
        await settled(node)
        seen += stream.ids()
        stream.hang_up()
        last = stream.last_event_id()
        emit(node.stored, 1, None, NOTICE)
        emit(node.stored, 1)
        node.poll()
        stream = await client.stream(USAGE, NOTICE, last=last)
        assert [each["recovered"] for each in stream.named("subscribed")] == [True]
    seen += stream.ids()
    assert len(seen) == len(set(seen)) == 15
    assert [each for each in seen if each.startswith("templates")] == [f"templates-7-{n}" for n in range(9)]


async def test_each_event_has_the_positions_after_it(client: Asking) -> None:
    stream = await client.stream(USAGE)
    emit(client.node.stored, 3)
    client.node.poll()
    await settled(client.node)
    found = [each for each in stream.blocks() if "data" in each and "event" not in each]
    assert [each["id"].rpartition(":")[2] for each in found] == ["0", "1", "2"]
    assert [each["cursor"] for each in stream.events()] == [each["id"] for each in found]


async def test_a_replay_that_is_cut_off_leaves_an_id_that_misses_nothing(client: Asking) -> None:
    """Before all positions are known there is no id: the client comes back with what it had."""
    node = client.node
    for _ in range(40):
        node.stored.emit(APPROVAL, 7, name="n" * 10_000)
        emit(node.stored, 1, None, NOTICE)
    node.poll()
    first = await client.stream(APPROVAL, NOTICE, since=EPOCH)
    first.reading.clear()
    await settled(node)
    got = first.ids()
    last = first.last_event_id()
    first.hang_up()
    if not last:
        again = await client.stream(APPROVAL, NOTICE, since=EPOCH)
    else:
        again = await client.stream(APPROVAL, NOTICE, since=EPOCH, last=last)
    assert len({*got, *again.ids()}) == 80


@pytest.mark.protocol("Without WebSockets: lost")
async def test_what_is_lost_is_said_by_an_event_of_its_own(client: Asking) -> None:
    node = client.node
    cursors = known(node)
    topic, number = place(node.stored)
    emit(node.stored, 5)
    node.stored.retain(topic, number, 3)
    node.poll()
    where = node.log.get(topic, number)
    assert where is not None
    node.log.skip(where, where.position)
    stream = await client.stream(USAGE, last=",".join(cursors))
    assert stream.named("lost") == [{"reason": "retention"}]
    assert stream.named("subscribed")[0]["recovered"] is False
    assert stream.last_event_id() == ",".join(known(node))


@pytest.mark.protocol("Without WebSockets: waiting")
async def test_a_replay_that_waits_its_turn_says_so() -> None:
    node = FakeNode(FakeLog(), window_bytes=0, log_replays=1)
    async with asking(node) as client:
        cursors = known(node)
        emit(node.stored, 3)
        node.poll()
        node.stored.stuck = True
        first = await client.get(USAGE, resume=cursors)
        stream = await client.stream(USAGE, resume=cursors)
        assert stream.named("waiting") == [{"ahead": 0}]
        assert not first.complete
        node.stored.stuck = False
        for _ in range(3):
            node.pass_time(1)
            await settled(node)
        assert len(first.polled()[0]) == len(stream.ids()) == 3


@pytest.mark.parametrize(
    ("code", "retryable", "closes_with"),
    [
        ("not_ready", True, 4503),
        ("internal", True, 4503),
        ("rate_limited", True, 4429),
        ("limit_exceeded", False, 4429),
        ("forbidden", False, 4403),
        ("token_expired", False, 4401),
        ("bad_filter", False, 4400),
        ("bad_message", True, 4503),
    ],
)
def test_a_close_code_says_come_back_if_the_error_does(code: str, retryable: bool, closes_with: int) -> None:
    assert close_code_of({"code": code, "retryable": retryable}) == closes_with


async def test_a_stream_whose_replay_waited_in_vain_for_a_broker_says_come_back() -> None:
    stored = FakeLog()
    node = FakeNode(stored, grace_s=5, replay_seconds=0.1)
    stored.leaderless = {place(stored)}
    async with asking(node) as client, asyncio.timeout(60):
        stream = await client.stream(USAGE)
        while not stream.named("close"):
            await node.settle()
            node.pass_time(1)
            await asyncio.sleep(0.01)
        (close,) = stream.named("close")
        assert (close["code"], close["retryable"], close["closeCode"]) == ("not_ready", True, 4503)


async def test_a_silent_stream_is_kept_awake_and_its_positions_fresh(client: Asking) -> None:
    stream = await client.stream(USAGE)
    for _ in range(6):
        emit(client.node.stored, 1, type_name=APPROVAL)
        client.node.poll()
        client.node.pass_time(16)
        await settled(client.node)
    assert not stream.complete
    assert sum("" in each for each in stream.blocks()) >= 5
    assert stream.last_event_id() == ",".join(known(client.node))


async def test_a_client_that_does_not_read_costs_a_bounded_memory_and_then_catches_up(
    client: Asking,
) -> None:
    """Slow connections, as on a WebSocket: the log keeps what is not read."""
    node = client.node
    node.outbox_bytes = 65_536
    stream = await client.stream(APPROVAL)
    stream.reading.clear()
    for _ in range(200):
        node.stored.emit(APPROVAL, 7, name="n" * 5_000)
        node.poll()
        await settled(node)
    (session,) = node.sessions.values()
    assert session.outbox.size <= 65_536
    assert node.counts["deferred"]
    stream.reading.set()
    await settled(node)
    await settled(node)
    assert stream.ids() == [f"templates-7-{n}" for n in range(200)]
    assert not node.hub.gates
    emit(node.stored, 1, type_name=APPROVAL)
    node.poll()
    await settled(node)
    assert len(stream.ids()) == 201


async def test_who_reads_nothing_for_a_minute_is_let_go(client: Asking) -> None:
    node = client.node
    node.outbox_bytes = 65_536
    stream = await client.stream(APPROVAL)
    stream.reading.clear()
    for _ in range(50):
        node.stored.emit(APPROVAL, 7, name="n" * 5_000)
        node.poll()
    for _ in range(9):
        node.pass_time(15)
        await settled(node)
    assert not node.sessions
    assert node.counts["4408"] + node.counts["4410"] == 1
    assert stream.task.done()


async def test_who_does_not_read_while_a_node_drains_is_cut_off_in_time(client: Asking) -> None:
    node = client.node
    stream = await client.stream(APPROVAL)
    stream.reading.clear()
    emit(node.stored, 3, type_name=APPROVAL)
    node.poll()
    await settled(node)
    (session,) = node.sessions.values()
    session.drain()
    await settled(node)
    before = session.gone
    node.pass_time(6)
    await settled(node)
    assert (before, session.gone) == (False, True)
    assert stream.task.done()


@pytest.mark.protocol("Without WebSockets: close")
async def test_a_token_that_expires_ends_the_stream(client: Asking) -> None:
    client.node.verifier.lifetime_s = 90
    stream = await client.stream(USAGE)
    for _ in range(9):
        client.node.pass_time(10)
        await settled(client.node)
    assert stream.complete
    (close,) = stream.named("close")
    assert (close["closeCode"], close["code"]) == (4401, "token_expired")
    assert client.fallback.counts.ends == {("stream", "4401"): 1}


async def test_draining_ends_the_stream_after_what_was_written(client: Asking) -> None:
    node = client.node
    stream = await client.stream(USAGE)
    emit(node.stored, 2)
    node.poll()
    for session in [*node.sessions.values()]:
        session.drain()
    await settled(node)
    assert len(stream.ids()) == 2
    assert stream.named("close")[0]["closeCode"] == 1012
    assert stream.named("close")[0]["retryable"]
    assert stream.complete


async def test_white_space_of_a_foreign_producer_does_not_break_the_line(client: Asking) -> None:
    node = client.node
    stream = await client.stream(USAGE)
    value = b'{"type":"template_usage",\r\n "id":"x",\n"payload":{"name":"a\\nb"}}'
    node.stored.append_raw(*place(node.stored), b"7", value, USAGE)
    node.poll()
    await settled(node)
    assert stream.ids() == ["x"]
    assert stream.events()[0]["payload"] == {"name": "a\nb"}


async def test_long_ids_come_once_for_what_is_written_together() -> None:
    """An administrator who watches everyone stands on every partition."""
    node = FakeNode(FakeLog(partitions=100))
    async with asking(node) as client:
        stream = await client.stream(USAGE, token="7:admin", filters='{"userId":"*"}')
        emit(node.stored, 5)
        emit(node.stored, 5, 8)
        node.poll()
        await settled(node)
        assert len(stream.ids()) == 10
        last = stream.last_event_id()
        assert len(last.split(",")) == 100
        assert sum("id" in each for each in stream.blocks()) == 2
        stream.hang_up()
        emit(node.stored, 1, 9)
        node.poll()
        again = await client.stream(USAGE, token="7:admin", filters='{"userId":"*"}', last=last)
        assert len(again.ids()) == 1
