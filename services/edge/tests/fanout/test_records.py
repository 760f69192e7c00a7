"""One record, one verdict: the same live and in every replay, whoever is connected, whatever they filter."""

from collections.abc import Mapping
from typing import Any

import pytest
from autodmca_edge.fanout.records import Malformed
from autodmca_edge.fanout.rejects import MOST_KNOWN, Rejects
from autodmca_edge.testing import FakeLog, FakeNode
from autodmca_events import partition_for, user_key
from autodmca_events.topics import BROADCAST

from services.edge.tests.asking import asking, settled
from services.edge.tests.replaying import NOTICE, TEMPLATES, USAGE, emit, known, place

START = b'{"type":"template_usage"'
NO_EVENTS: Mapping[bytes, str] = {
    b"": "json",
    b"{}": "type",
    b" { } ": "type",
    b"[]": "json",
    b"null": "json",
    b"not json": "json",
    START: "json",
    START + b"} x": "json",
    START + b',"payload":{"a":"\xff"}}': "json",
    START + b',"payload":{"a":"\\ud800"}}': "json",
    b'\xef\xbb\xbf{"type":"template_usage","payload":{}}': "json",
    START + b',"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}": "json",
    b'{"payload":{}}': "type",
    b'{"type":5,"payload":{}}': "type",
    b'{"type":"error","payload":{}}': "type",
    b'{"type":"template_approval","payload":{}}': "type",
    b'{"type":"template_usage ","payload":{}}': "type",
    START + b',"payload":{},"type":"error"}': "type",
    b'{"type":"payload","payload":{}}': "type",
    START + b"}": "payload",
    START + b',"payload":[]}': "payload",
    START + b',"payload":null}': "payload",
    START + b',"payload":{},"payload":5}': "payload",
    START + b',"payload":{},"userId":8}': "user",
    START + b',"payload":{},"userId":"7"}': "user",
    START + b',"payload":{},"userId":7,"userId":8}': "user",
}
EVENTS = (
    START + b',"payload":{}}',
    START + b',"payload":{},"userId":null}',
    START + b',"payload":{},"userId":7,"cursor":"another"}',
    b'\r\n{"typ\\u0065" : "templat\\u0065_usage", "payload" : {"usageCount":5},"userId":7}\t',
    START + b',"payload":{"usageCount":1e999,"name":"n"}}',
)


async def brought(
    stored: FakeLog, value: bytes | None, key: bytes | None = b"7", number: int | None = None
) -> tuple[dict[str, list[int]], FakeNode]:
    """By way of delivery the offsets that came of: an event, the record, an event."""
    where = (TEMPLATES, place(stored)[1] if number is None else number)
    nodes = {"window": FakeNode(stored), "log": FakeNode(stored, window_bytes=0)}
    node = nodes["window"]
    cursors = known(node, USAGE)
    everybody = node.connect("1:admin")
    everybody.subscribe("s", USAGE, filters={"userId": "*"})
    first = {name: node.connect() for name in ("filtered", "plain", "other filter")}
    first["filtered"].subscribe("s", USAGE, filters={"usageCount": {"exists": False}})
    first["plain"].subscribe("s", USAGE)
    first["other filter"].subscribe("s", USAGE, filters={"name": {"ne": "x"}})
    if number is None:
        emit(stored, 1)
    stored.append_raw(*where, key, value, USAGE)
    if number is None:
        emit(stored, 1)
    for each in nodes.values():
        each.poll()
    for name, each in nodes.items():
        peer = first[f"replay from the {name}"] = each.connect()
        peer.subscribe("s", USAGE, resume=cursors)
        await each.settle()
    first["everybody"] = everybody
    found = {
        name: [int(each["cursor"].rpartition(":")[2]) for each in peer.events()]
        for name, peer in first.items()
    }
    return found, node


@pytest.mark.parametrize(("value", "reason"), NO_EVENTS.items(), ids=range(len(NO_EVENTS)))
async def test_what_is_no_event_is_skipped_everywhere_and_costs_no_other(
    stored: FakeLog, value: bytes, reason: str
) -> None:
    found, node = await brought(stored, value)
    del found["filtered"]  # examples have the field
    assert all(each == [0, 2] for each in found.values()), found
    assert node.malformed_at == [(*place(stored), 1, reason)]


@pytest.mark.parametrize("value", EVENTS, ids=range(len(EVENTS)))
async def test_what_is_an_event_comes_by_every_way(stored: FakeLog, value: bytes) -> None:
    found, node = await brought(stored, value)
    del found["filtered"]
    assert all(each == [0, 1, 2] for each in found.values()), found
    assert node.malformed_at == []


@pytest.mark.parametrize("filters", [None, {"usageCount": {"gte": 0}}, {"name": "n"}])
@pytest.mark.parametrize("others", [(), ({"usageCount": 5},), ({"name": "n"}, {"usageCount": {"lt": 0}})])
async def test_a_field_that_cannot_be_read_decides_for_nobody_who_does_not_ask_for_it(
    stored: FakeLog, filters: dict[str, Any] | None, others: tuple[dict[str, Any], ...]
) -> None:
    node = FakeNode(stored)
    for other in others:
        node.connect().subscribe("s", USAGE, filters=other)
    peer = node.connect()
    peer.subscribe("s", USAGE, filters=filters)
    stored.append_raw(*place(stored), b"7", EVENTS[4], USAGE)
    node.poll()
    assert len(peer.events()) == 1
    assert node.malformed_at == []


async def test_an_event_on_another_partition_than_its_users_comes_to_nobody(stored: FakeLog) -> None:
    """A neighbour of that partition and who watches everyone have this node read it."""
    wrong = (place(stored)[1] + 1) % stored.partitions
    found, node = await brought(stored, EVENTS[2], number=wrong)
    assert not any(found.values()), found
    assert node.malformed_at == [(TEMPLATES, wrong, 0, "partition")]


@pytest.mark.parametrize("neighbour", [True, False])
async def test_whether_an_event_on_a_wrong_partition_comes_does_not_hang_on_who_else_is_there(
    stored: FakeLog, neighbour: bool
) -> None:
    node = FakeNode(stored, grace_s=60)
    wrong = (place(stored)[1] + 1) % stored.partitions
    peer = node.connect()
    peer.subscribe("s", USAGE)
    if neighbour:
        user = next(each for each in range(100, 999) if place(stored, each)[1] == wrong)
        node.connect(str(user)).subscribe("s", USAGE)
    await node.settle()
    stored.append_raw(TEMPLATES, wrong, b"7", EVENTS[2], USAGE)
    node.poll()
    await node.settle()
    assert peer.events() == []
    assert [each[3] for each in node.malformed_at] == ["partition"] * neighbour


async def test_where_a_user_belongs_follows_the_number_of_its_topics_partitions(stored: FakeLog) -> None:
    node = FakeNode(stored)
    stored.remake(TEMPLATES, 7)
    node.poll()
    await node.reader.follow([each for each in node.log if not each.followed])
    user = next(
        each for each in range(100, 999) if partition_for(user_key(each), 7) != place(stored, each)[1]
    )
    watcher = node.connect("1:admin")
    watcher.subscribe("s", USAGE, filters={"userId": "*"})
    for number in range(7):
        stored.append_raw(TEMPLATES, number, user_key(user), START + b',"payload":{}}', USAGE)
    node.poll()
    home = partition_for(user_key(user), 7)
    assert [int(each["cursor"].split(".")[1]) for each in watcher.events()] == [home]
    assert [each[1:] for each in node.malformed_at] == [
        (number, 0, "partition") for number in range(7) if number != home
    ]


async def test_an_event_for_everybody_has_no_user(stored: FakeLog) -> None:
    node = FakeNode(stored)
    peer = node.connect()
    peer.subscribe("s", NOTICE)
    for user in (b"7", b"null"):
        value = b'{"type":"system_notification","payload":{},"userId":' + user + b"}"
        stored.append_raw(BROADCAST, 0, None, value, NOTICE)
    node.poll()
    assert len(peer.events()) == 1
    assert node.malformed_at == [(BROADCAST, 0, 0, "user")]


@pytest.mark.parametrize("value", [b"{}", b'{"type":"error","payload":{}}'])
async def test_a_long_poll_and_a_stream_get_past_what_is_no_event(stored: FakeLog, value: bytes) -> None:
    node = FakeNode(stored)
    async with asking(node) as client:
        stream = await client.stream(USAGE)
        cursors = known(node, USAGE)
        waiting = await client.get(USAGE, resume=cursors)
        stored.append_raw(*place(stored), b"7", value, USAGE)
        node.poll()
        await settled(node)
        assert not waiting.complete
        emit(stored, 1)
        node.poll()
        await settled(node)
        late = await client.get(USAGE, resume=cursors)
        await settled(node)
        for poll in (waiting, late):
            ids, after, recovered = poll.polled()
            assert ids == ["templates-7-1"]
            assert recovered
            assert after == known(node, USAGE)
        assert stream.ids() == ["templates-7-1"]
        stream.hang_up()


def test_a_record_that_is_no_event_is_counted_once_with_its_reason() -> None:
    node = FakeNode(FakeLog())
    rejects = Rejects()
    partition = next(iter(node.log))
    assert set(rejects.counts.values()) == {0}
    for offset in range(MOST_KNOWN + 1):
        for _ in range(2):
            rejects.report(partition, offset, Malformed("user", "x" * 5000))
    assert rejects.counts["user"] == MOST_KNOWN + 1
    rejects.report(partition, 0, Malformed("user", "forgotten, as there were too many"))
    assert rejects.counts["user"] == MOST_KNOWN + 2
    assert rejects.counts["json"] == 0
