"""Who gets an event: each who wants it, once, in order, in one write a poll, and nobody else."""

import msgspec
import pytest
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer
from autodmca_edge.testing.log import StoredRecord
from autodmca_events import partition_for, user_key
from autodmca_events.topics import BROADCAST, events_topic

USAGE, APPROVAL, INCIDENT, ACTIVITY = (
    "template_usage",
    "template_approval",
    "social_media_incident",
    "profile_activity",
)
NOTICE, PLATFORM = "system_notification", "social_media_platform_status"
TEMPLATES = events_topic("templates")


def listener(node: FakeNode, token: str, *types: str, name: str = "s", **filters: object) -> FakePeer:
    peer = node.connect(token)
    peer.subscribe(name, *types, filters=filters or None)
    assert peer.errors() == []
    return peer


async def test_an_event_goes_to_its_user_and_nobody_else(node: FakeNode, stored: FakeLog) -> None:
    users = [listener(node, str(user), USAGE) for user in range(1, 30)]
    for user in range(1, 30):
        stored.emit(USAGE, user)
    node.poll()
    assert [[each["userId"] for each in peer.events()] for peer in users] == [[u] for u in range(1, 30)]


async def test_an_event_is_delivered_as_it_was_written_with_its_cursor(
    node: FakeNode, stored: FakeLog
) -> None:
    peer = listener(node, "7", USAGE)
    written = stored.emit(USAGE, 7, name="Größe \u2028 €")
    node.poll()
    (event,) = peer.events()
    cursor = event.pop("cursor")
    assert event == msgspec.json.decode(written.value or b"")
    assert cursor.rpartition(":")[2] == str(written.offset)


async def test_only_the_types_asked_for_come(node: FakeNode, stored: FakeLog) -> None:
    peer = listener(node, "7", USAGE, INCIDENT)
    for type_name in (USAGE, APPROVAL, INCIDENT, ACTIVITY, NOTICE):
        stored.emit(type_name, None if type_name == NOTICE else 7)
    node.poll()
    assert sorted(each["type"] for each in peer.events()) == [INCIDENT, USAGE]


async def test_several_connections_of_a_user_each_get_an_event(node: FakeNode, stored: FakeLog) -> None:
    peers = [listener(node, "7", USAGE) for _ in range(3)]
    stored.emit(USAGE, 7)
    node.poll()
    assert [len(peer.events()) for peer in peers] == [1, 1, 1]


async def test_an_event_comes_once_however_many_subscriptions_match(node: FakeNode, stored: FakeLog) -> None:
    peer = node.connect("7:admin")
    peer.subscribe("own", USAGE)
    peer.subscribe("same", USAGE, APPROVAL)
    peer.subscribe("filtered", USAGE, filters={"usageCount": {"gte": 0}})
    peer.subscribe("all", USAGE, filters={"userId": "*"})
    peer.subscribe("named", USAGE, filters={"userId": [7, 8]})
    for user in (7, 8, 9):
        stored.emit(USAGE, user)
    node.poll()
    assert sorted(each["userId"] for each in peer.events()) == [7, 8, 9]


async def test_who_watches_everybody_gets_each_event_once(node: FakeNode, stored: FakeLog) -> None:
    watcher = listener(node, "1:admin", USAGE, NOTICE, userId="*")
    owner = listener(node, "7", USAGE)
    for user in range(1, 20):
        stored.emit(USAGE, user)
    stored.emit(NOTICE)
    node.poll()
    assert len(watcher.ids()) == len(set(watcher.ids())) == 20
    assert len(owner.ids()) == 1


async def test_a_watchers_filter_and_its_own_subscription_are_joined(node: FakeNode, stored: FakeLog) -> None:
    peer = node.connect("7:admin")
    peer.subscribe("all", INCIDENT, filters={"userId": "*", "platform": "web"})
    peer.subscribe("own", INCIDENT, filters={"platform": "tiktok"})
    for user in (7, 8):
        for platform in ("web", "tiktok", "x"):
            stored.emit(INCIDENT, user, platform=platform)
    node.poll()
    found = sorted((each["userId"], each["payload"]["platform"]) for each in peer.events())
    assert found == [(7, "tiktok"), (7, "web"), (8, "web")]


async def test_everybodys_events_reach_all_who_want_them(node: FakeNode, stored: FakeLog) -> None:
    notices = [listener(node, str(user), NOTICE) for user in range(3)]
    both = listener(node, "7", NOTICE, PLATFORM, USAGE)
    web = listener(node, "7", PLATFORM, platform="web")
    none = listener(node, "7", USAGE)
    stored.emit(NOTICE, code="n1")
    stored.emit(PLATFORM, platform="web")
    stored.emit(PLATFORM, platform="tiktok")
    stored.emit(NOTICE, code="n2")
    node.poll()
    for peer in notices:
        assert [each["payload"]["code"] for each in peer.events()] == ["n1", "n2"]
        assert peer.writes == notices[0].writes
    assert [each["type"] for each in both.events()] == [NOTICE, PLATFORM, PLATFORM, NOTICE]
    assert [each["payload"]["platform"] for each in web.events()] == ["web"]
    assert none.events() == []


async def test_a_poll_is_one_write_a_connection(node: FakeNode, stored: FakeLog) -> None:
    peer = listener(node, "7", USAGE, INCIDENT, ACTIVITY, NOTICE)
    filtered = listener(node, "7", USAGE, NOTICE, NOTICE, level="info")
    before = peer.writes, filtered.writes
    for _ in range(10):
        for type_name in (USAGE, INCIDENT, ACTIVITY):
            stored.emit(type_name, 7)
        stored.emit(NOTICE, level="info")
    node.poll()
    assert len(peer.events()) == 40
    assert (peer.writes, filtered.writes) == (before[0] + 1, before[1] + 1)


async def test_a_connection_with_nothing_to_get_is_not_written_to(node: FakeNode, stored: FakeLog) -> None:
    peer = listener(node, "7", APPROVAL)
    before = peer.writes
    stored.emit(USAGE, 7)
    stored.emit(NOTICE)
    node.poll()
    assert peer.writes == before


async def test_a_users_events_keep_the_order_of_their_partition(node: FakeNode, stored: FakeLog) -> None:
    peer = listener(node, "7", USAGE, APPROVAL)
    filtered = listener(node, "7", USAGE, APPROVAL, name="f", templateVersion={"gte": 0})
    for index in range(50):
        stored.emit((USAGE, APPROVAL)[index % 2], 7)
        if index % 7 == 0:
            node.poll()
    node.poll()
    offsets = [int(each["cursor"].rpartition(":")[2]) for each in peer.events()]
    assert offsets == list(range(50))
    assert filtered.ids() == peer.ids()


async def test_changing_a_subscription_changes_what_comes(node: FakeNode, stored: FakeLog) -> None:
    peer = listener(node, "7", NOTICE)
    peer.subscribe("s", NOTICE, PLATFORM)
    stored.emit(PLATFORM)
    node.poll()
    peer.subscribe("s", PLATFORM, filters={"platform": "nowhere"})
    stored.emit(PLATFORM)
    stored.emit(NOTICE)
    node.poll()
    peer.unsubscribe("s")
    stored.emit(NOTICE)
    node.poll()
    assert [each["type"] for each in peer.events()] == [PLATFORM]


async def test_a_type_on_the_wrong_topic_is_no_event(node: FakeNode, stored: FakeLog) -> None:
    """A user's event on everybody's topic would be everybody's."""
    peer = listener(node, "7", USAGE, NOTICE)
    value = b'{"type":"template_usage","payload":{}}'
    stored.append_raw(BROADCAST, 0, b"7", value, USAGE)
    stored.append_raw(BROADCAST, 0, b"7", value)
    number = partition_for(user_key(7), stored.partitions)
    stored.append_raw(TEMPLATES, number, b"7", b'{"type":"system_notification","payload":{}}', NOTICE)
    node.poll()
    assert peer.events() == []
    assert [each[:3] for each in node.malformed_at] == [
        (TEMPLATES, number, 0),
        (BROADCAST, 0, 0),
        (BROADCAST, 0, 1),
    ]


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"not json",
        b'{"type":',
        b'{"type":"template_usage"} x',
        b'[{"type":"template_usage"}]',
        b'"template_usage"',
        b"null",
        b'{"type":"template_usage","payload":{"name":"\xff"}}',
        b"\xff\xfe",
        b"\x00" * 100,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    ],
)
@pytest.mark.parametrize("type_name", [USAGE, "", "nothing"])
async def test_a_record_that_is_no_event_is_counted_by_position_and_skipped(
    node: FakeNode, stored: FakeLog, value: bytes | None, type_name: str
) -> None:
    filtered = [listener(node, "7", USAGE, usageCount={"gte": 0}) for _ in range(3)]
    plain = listener(node, "7", USAGE, NOTICE)
    number = partition_for(user_key(7), stored.partitions)
    stored.emit(USAGE, 7)
    stored.append_raw(TEMPLATES, number, b"7", value, type_name)
    stored.emit(USAGE, 7)
    stored.append_raw(BROADCAST, 0, None, value, NOTICE if type_name == USAGE else type_name)
    stored.emit(NOTICE)
    node.poll()
    for peer in filtered:
        assert len(peer.events()) == 2
    assert [each["type"] for each in plain.events()] == [USAGE, USAGE, NOTICE]
    assert [each[:3] for each in node.malformed_at] == [(TEMPLATES, number, 1), (BROADCAST, 0, 0)]


async def test_a_record_of_nobody_here_is_not_looked_at_unless_somebody_watches_everyone(
    node: FakeNode, stored: FakeLog
) -> None:
    stored.append_raw(TEMPLATES, 0, b"7", b"garbage")
    stored.append_raw(TEMPLATES, 0, None, None)
    node.poll()
    assert node.malformed_at == []
    listener(node, "1:admin", USAGE, userId="*")
    stored.append_raw(TEMPLATES, 0, b"7", b"garbage", USAGE)
    node.poll()
    assert [each[:3] for each in node.malformed_at] == [(TEMPLATES, 0, 2)]


async def test_an_event_without_a_payload_matches_no_filter_and_is_counted_once(
    node: FakeNode, stored: FakeLog
) -> None:
    peers = [listener(node, "7", USAGE, usageCount={"gte": 0}) for _ in range(3)]
    number = partition_for(user_key(7), stored.partitions)
    stored.append_raw(TEMPLATES, number, b"7", b'{"type":"template_usage","payload":5}', USAGE)
    node.poll()
    assert all(peer.events() == [] for peer in peers)
    assert len(node.malformed_at) == 1


async def test_a_foreign_producers_event_without_headers_or_with_others_first_is_known(
    node: FakeNode, stored: FakeLog
) -> None:
    peer = listener(node, "7", USAGE)
    record = stored.emit(USAGE, 7)
    where = TEMPLATES, partition_for(user_key(7), stored.partitions)
    stored.records[where] = [
        record._replace(headers=()),
        record._replace(offset=1, headers=[("traceparent", b"00-x"), ("type", USAGE.encode())]),
        record._replace(offset=2, headers=(("id", None),), value=b" " + (record.value or b"") + b"\n"),
    ]
    node.poll()
    assert [each["cursor"].rpartition(":")[2] for each in peer.events()] == ["0", "1", "2"]


def traced(record: StoredRecord, offset: int, flags: str) -> StoredRecord:
    """The record, as one of the trace of this number."""
    trace = f"00-{offset + 1:032x}-00f067aa0ba902b7-{flags}".encode()
    return record._replace(offset=offset, headers=[*record.headers, ("traceparent", trace)])


async def test_of_what_is_delivered_those_of_sampled_traces_are_told(node: FakeNode, stored: FakeLog) -> None:
    listener(node, "7", USAGE, NOTICE)
    mine, everybodys, anothers = stored.emit(USAGE, 7), stored.emit(NOTICE), stored.emit(USAGE, 8)
    homes = {user: partition_for(user_key(user), stored.partitions) for user in (7, 8)}
    flags = ["01", "00", "03", "xx"]
    stored.records[TEMPLATES, homes[8]] = [traced(anothers, 9, "01")]
    stored.records[TEMPLATES, homes[7]] = [traced(mine, at, each) for at, each in enumerate(flags)]
    stored.records[BROADCAST, 0] = [traced(everybodys, at, each) for at, each in enumerate(flags)]
    node.poll()
    told = [f"{number:032x}" for number in (1, 3)]
    assert node.traced == [(record.timestamp, each) for record in (mine, everybodys) for each in told]


async def test_a_key_that_is_no_users_is_nobodys_event(node: FakeNode, stored: FakeLog) -> None:
    watcher = listener(node, "1:admin", USAGE, userId="*")
    own = listener(node, "7", USAGE)
    record = stored.emit(USAGE, 7)
    where = TEMPLATES, partition_for(user_key(7), stored.partitions)
    keys = [b"*", None, b"", b"07", b"7 ", b"revoked 7", b"\xff", b"9" * 5000]
    stored.records[where] = [record._replace(offset=at, key=key) for at, key in enumerate(keys)]
    node.poll()
    assert own.events() == watcher.events() == []
    assert node.malformed_at == [(*where, at, "user") for at in range(len(keys))]


async def test_large_and_tiny_events_have_whole_frames(node: FakeNode, stored: FakeLog) -> None:
    peer = listener(node, "7", USAGE, NOTICE)
    sizes = [1, 300, 65000, 65536, 70000]
    for size in sizes:
        stored.emit(USAGE, 7, name="n" * size)
    number = partition_for(user_key(7), stored.partitions)
    stored.append_raw(TEMPLATES, number, b"7", b'{"type":"template_usage","payload":{}}', USAGE)
    node.poll()
    assert [len(each["payload"]["name"]) for each in peer.events()[:-1]] == sizes
    assert peer.events()[-1]["payload"] == {}


async def test_deliveries_are_counted(node: FakeNode, stored: FakeLog) -> None:
    for _ in range(3):
        listener(node, "7", USAGE, NOTICE)
    listener(node, "7", NOTICE, code="x")
    stored.emit(USAGE, 7)
    stored.emit(NOTICE, code="x")
    stored.emit(USAGE, 8)
    node.poll()
    assert node.counts["deliveries"] == 7
