"""Resume: what a client missed comes first, then live events, with nothing between and nothing twice."""

from collections.abc import Iterable

import pytest
from autodmca_edge.gates import WRITE_BYTES
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer
from autodmca_events import partition_for, rfc3339, user_key
from autodmca_events.topics import BROADCAST, events_topic

USAGE, APPROVAL, INCIDENT, NOTICE = (
    "template_usage",
    "template_approval",
    "social_media_incident",
    "system_notification",
)
TEMPLATES = events_topic("templates")
EPOCH = "1970-01-01T00:00:00Z"


@pytest.fixture
def stored() -> FakeLog:
    return FakeLog(partitions=2)


def place(stored: FakeLog, user: int = 7) -> tuple[str, int]:
    return TEMPLATES, partition_for(user_key(user), stored.partitions)


def neighbour(stored: FakeLog, of: int = 7) -> int:
    """Another user of the same partition."""
    return next(user for user in range(100, 999) if place(stored, user) == place(stored, of))


def offsets(peer: FakePeer) -> list[int]:
    return [int(each["cursor"].rpartition(":")[2]) for each in peer.events()]


def answer(peer: FakePeer, name: str = "s") -> dict[str, object]:
    found = [each for each in peer.answers("subscribed") if each["subscriptionId"] == name]
    return {key: found[-1].get(key) for key in ("recovered", "replayed", "reason")}


def emit(stored: FakeLog, count: int, user: int | None = 7, type_name: str = USAGE) -> None:
    for _ in range(count):
        stored.emit(type_name, user)


def recovered(replayed: int) -> dict[str, object]:
    return {"recovered": True, "replayed": replayed, "reason": None}


def lost(reason: str, replayed: int = 0) -> dict[str, object]:
    return {"recovered": False, "replayed": replayed, "reason": reason}


def known(node: FakeNode, *types: str, user: int = 7) -> list[str]:
    """The cursors of a client that was connected until now."""
    peer = node.connect(str(user))
    peer.subscribe("s", *(types or (USAGE,)))
    peer.leave()
    return peer.cursors()


async def stuck(node: FakeNode, peer: FakePeer, cursors: list[str], *types: str) -> None:
    """A replay under way that waits for the log."""
    node.stored.stuck = True
    peer.subscribe("s", *(types or (USAGE,)), resume=cursors)
    await node.settle()
    assert node.hub.gates


async def free(node: FakeNode) -> None:
    node.stored.away = node.stored.stuck = False
    for _ in range(3):
        node.pass_time(1)
        await node.settle()


# -- the simple cases ------------------------------------------------------------------------------


@pytest.mark.parametrize("window_bytes", [1 << 20, 3000, 0])
async def test_what_was_missed_comes_before_what_is_live(stored: FakeLog, window_bytes: int) -> None:
    """From the window, from the log, and from both."""
    node = FakeNode(stored, window_bytes=window_bytes)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == recovered(10)
    emit(stored, 5)
    node.poll()
    assert offsets(peer) == list(range(15))
    assert stored.reads <= (0 if window_bytes == 1 << 20 else 1)


async def test_events_that_pour_in_during_a_replay_come_after_it(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node, USAGE, NOTICE)
    emit(stored, 50)
    emit(stored, 5, None, NOTICE)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, NOTICE, resume=cursors)
    for _ in range(30):
        emit(stored, 2)
        emit(stored, 1, None, NOTICE)
        node.poll()
        await node.settle(1)
    await node.settle()
    usages = [int(each["cursor"].rpartition(":")[2]) for each in peer.events() if each["type"] == USAGE]
    notices = [int(each["cursor"].rpartition(":")[2]) for each in peer.events() if each["type"] == NOTICE]
    assert usages == list(range(110))
    assert notices == list(range(35))
    assert answer(peer)["recovered"]


async def test_a_client_that_missed_nothing_is_live_at_once(stored: FakeLog) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=known(node))
    await node.settle()
    assert answer(peer) == recovered(0)
    emit(stored, 1)
    node.poll()
    assert offsets(peer) == [3]
    assert stored.reads == 0


async def test_an_empty_list_of_cursors_is_a_plain_subscription(stored: FakeLog) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=[])
    assert answer(peer) == recovered(0)
    node.poll()
    assert len(peer.events()) == 3


async def test_the_newest_of_several_cursors_of_a_partition_counts(stored: FakeLog) -> None:
    node = FakeNode(stored)
    first = known(node)
    emit(stored, 5)
    node.poll()
    second = known(node)
    emit(stored, 5)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=[*second, *first])
    await node.settle()
    assert offsets(peer) == [5, 6, 7, 8, 9]


async def test_cursors_of_what_is_not_subscribed_are_no_matter(stored: FakeLog) -> None:
    node = FakeNode(stored)
    cursors = known(node, USAGE, INCIDENT, NOTICE)
    emit(stored, 2)
    emit(stored, 2, type_name=INCIDENT)
    emit(stored, 2, 8)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert [each["type"] for each in peer.events()] == [USAGE, USAGE]


async def test_nothing_of_another_user_is_replayed(stored: FakeLog) -> None:
    other = neighbour(stored)
    node = FakeNode(stored, window_bytes=0)
    theirs = known(node, user=other)
    emit(stored, 5, other)
    emit(stored, 5, 7)
    node.poll()
    peer = node.connect("7")
    peer.subscribe("s", USAGE, resume=theirs)
    await node.settle()
    assert {each["userId"] for each in peer.events()} == {7}
    assert answer(peer) == recovered(5)


async def test_a_replay_obeys_types_and_filters(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for index in range(10):
        stored.emit(USAGE, 7, usage_count=index)
        stored.emit(APPROVAL, 7)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, filters={"usageCount": {"gte": 7}}, resume=cursors)
    await node.settle()
    assert [each["payload"]["usageCount"] for each in peer.events()] == [7, 8, 9]
    assert answer(peer) == recovered(3)


async def test_an_admin_replays_everybodys_events(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    watcher = node.connect("1:admin")
    watcher.subscribe("s", USAGE, filters={"userId": "*"})
    for user in range(20):
        stored.emit(USAGE, user)
    node.poll()
    peer = node.connect("1:admin")
    peer.subscribe("s", USAGE, filters={"userId": "*"}, resume=watcher.received[1]["payload"]["cursors"])
    await node.settle()
    assert sorted(peer.ids()) == sorted(watcher.ids())
    assert answer(peer) == recovered(20)


async def test_garbage_is_passed_over_and_not_counted_again(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 1)
    for value in (b"garbage", None, b"{", b'{"type":"nothing"}', b"\xff"):
        stored.append_raw(*place(stored), b"7", value, USAGE if value == b"garbage" else "")
    emit(stored, 1)
    node.poll()
    counted = list(node.malformed_at)
    peer = node.connect()
    peer.subscribe("s", USAGE, filters={"usageCount": {"gte": 0}}, resume=cursors)
    await node.settle()
    assert offsets(peer) == [0, 6]
    assert node.malformed_at == counted


# -- since -----------------------------------------------------------------------------------------


async def test_since_replays_from_a_moment(stored: FakeLog) -> None:
    node = FakeNode(stored)
    for second in range(10):
        stored.emit(USAGE, 7, timestamp_ms=second * 1000)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, since=rfc3339(6500))
    await node.settle()
    assert offsets(peer) == [7, 8, 9]
    peer.subscribe("all", USAGE, since=EPOCH, resume=[])
    await node.settle()
    assert answer(peer, "all") == recovered(7)  # the other three have come already
    late = node.connect()
    late.subscribe("s", USAGE, since="2999-01-01T00:00:00Z")
    await node.settle()
    assert answer(late) == recovered(0)


async def test_since_a_moment_that_retention_has_taken_is_told(stored: FakeLog) -> None:
    node = FakeNode(stored)
    for second in range(10):
        stored.emit(USAGE, 7, timestamp_ms=second * 1000)
    node.poll()
    stored.retain(*place(stored), 5)
    peer = node.connect()
    peer.subscribe("s", USAGE, since=rfc3339(2000))
    await node.settle()
    assert answer(peer) == lost("retention")
    later = node.connect()
    later.subscribe("s", USAGE, since=rfc3339(6000))
    await node.settle()
    assert offsets(later) == [6, 7, 8, 9]


# -- what cannot be complete -----------------------------------------------------------------------


async def live_after(node: FakeNode, peer: FakePeer) -> None:
    before = len(peer.events())
    node.stored.emit(USAGE, 7)
    node.poll()
    await node.settle()
    assert len(peer.events()) == before + 1
    assert node.hub.gates == {}


async def test_a_cursor_before_the_logs_beginning(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.retain(*place(stored), 5)
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == lost("retention")
    assert peer.events() == []
    await live_after(node, peer)
    assert node.counts["retention"] == 1


async def test_a_cursor_exactly_at_the_logs_beginning_is_complete(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    emit(stored, 5)
    node.poll()
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    stored.retain(*place(stored), 5)
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == recovered(5)


async def test_a_cursor_of_a_topic_that_was_made_again(stored: FakeLog) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    node.poll()
    cursors = known(node)
    stored.remake(TEMPLATES)
    emit(stored, 2)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == lost("epoch")
    await live_after(node, peer)


async def test_a_replay_longer_than_the_limit(stored: FakeLog) -> None:
    node = FakeNode(stored, replay_limit=9)
    cursors = known(node)
    emit(stored, 9)
    node.poll()
    fits = node.connect()
    fits.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(fits) == recovered(9)
    emit(stored, 1)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == lost("limit")
    assert peer.events() == []
    await live_after(node, peer)


@pytest.mark.parametrize("cursor", ["", "x", "2.0.e0:9999999", "2.77.e0:1", "\u0000"])
async def test_a_cursor_that_makes_no_sense(stored: FakeLog, cursor: str) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    cursor = cursor.replace("2.0.", f"2.{place(stored)[1]}.")
    peer.subscribe("s", USAGE, resume=[*known(node), cursor])
    await node.settle()
    assert answer(peer) == lost("cursor")
    await live_after(node, peer)


async def test_retention_that_overtakes_a_replay(stored: FakeLog) -> None:
    """What is left comes; what was live meanwhile is not lost to the connection's other subscription."""
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    peer.subscribe("live", APPROVAL)
    await stuck(node, peer, cursors)
    emit(stored, 2, type_name=APPROVAL)
    emit(stored, 2)
    node.poll()
    stored.retain(*place(stored), 6)
    await free(node)
    assert offsets(peer) == [10, 11, 12, 13]
    assert answer(peer)["reason"] == "retention"
    await live_after(node, peer)


async def test_a_topic_made_again_during_a_replay(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    stored.remake(TEMPLATES)
    emit(stored, 2)
    node.poll()
    await free(node)
    assert answer(peer)["reason"] == "epoch"
    await live_after(node, peer)


# -- the broker ------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", ["since", "resume"])
async def test_a_replay_waits_for_a_broker_that_is_away(stored: FakeLog, config: str) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE, **({"since": EPOCH} if config == "since" else {"resume": cursors}))
    for _ in range(5):
        await node.settle()
        node.pass_time(1)
    assert peer.answers("subscribed") == []
    stored.away = False
    await node.settle()
    node.pass_time(1)
    await node.settle()
    assert answer(peer) == recovered(10)
    assert offsets(peer) == list(range(10))


async def test_the_window_needs_no_broker(stored: FakeLog) -> None:
    node = FakeNode(stored)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == recovered(10)


async def test_who_leaves_while_the_broker_is_away_leaves_no_task_behind(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.away = True
    for index in range(20):
        peer = node.connect()
        peer.subscribe("s", USAGE, **({"since": EPOCH} if index % 2 else {"resume": cursors}))
        await node.settle()
        peer.leave()
    node.pass_time(2)
    await node.settle()
    assert node.replayer.running == 0
    assert node.tasks == 0
    assert node.hub.gates == {}


# -- nodes apart -----------------------------------------------------------------------------------


async def test_a_node_behind_the_clients_cursor_sends_nothing_twice(stored: FakeLog) -> None:
    ahead, behind = FakeNode(stored), FakeNode(stored)
    first = ahead.connect()
    first.subscribe("s", USAGE)
    emit(stored, 10)
    ahead.poll()
    first.leave()
    second = behind.connect()
    second.subscribe("s", USAGE, resume=first.cursors())
    await behind.settle()
    assert second.answers("subscribed") == []
    for _ in range(4):
        behind.poll(at_most=4)
        behind.pass_time(0.25)
        await behind.settle()
    emit(stored, 2)
    behind.poll()
    await behind.settle()
    assert offsets(second) == [10, 11]
    assert answer(second) == recovered(0)


async def test_a_node_behind_the_cursor_withholds_nothing_from_another_subscription(stored: FakeLog) -> None:
    ahead, behind = FakeNode(stored), FakeNode(stored)
    first = ahead.connect()
    first.subscribe("s", USAGE)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
    ahead.poll()
    second = behind.connect()
    second.subscribe("approvals", APPROVAL)
    second.subscribe("s", USAGE, resume=first.cursors())
    await behind.settle()
    behind.poll(at_most=6)
    behind.pass_time(0.25)
    await behind.settle()
    behind.poll()
    behind.pass_time(0.25)
    await behind.settle()
    assert offsets(second) == [1, 3, 5, 7, 9]
    assert answer(second) == recovered(0)


# -- several subscriptions of one connection -------------------------------------------------------


async def test_what_another_subscription_has_brought_does_not_come_again(stored: FakeLog) -> None:
    node = FakeNode(stored)
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    peer = node.connect()
    peer.subscribe("plain", USAGE)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
    node.poll()
    peer.subscribe("s", USAGE, APPROVAL, resume=cursors)
    await node.settle()
    assert len(peer.ids()) == len(set(peer.ids())) == 15
    assert answer(peer) == recovered(10)  # five older ones, five approvals
    await live_after(node, peer)


@pytest.mark.parametrize("window_bytes", [1 << 20, 0])
async def test_two_replays_of_one_connection_bring_each_event_once(
    stored: FakeLog, window_bytes: int
) -> None:
    node = FakeNode(stored, window_bytes=window_bytes)
    cursors = known(node, USAGE, NOTICE)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
        emit(stored, 1, None, NOTICE)
    node.poll()
    peer = node.connect()
    peer.subscribe("a", USAGE, NOTICE, resume=cursors)
    peer.subscribe("b", USAGE, APPROVAL, resume=cursors)
    peer.subscribe("c", NOTICE, resume=cursors)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
        emit(stored, 1, None, NOTICE)
        node.poll()
        await node.settle(1)
    await node.settle()
    assert len(peer.ids()) == len(set(peer.ids())) == 30
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["a", "b", "c"]


async def test_an_admins_other_subscription_loses_nothing_to_a_replay(stored: FakeLog) -> None:
    """The gate on a partition holds back all of a member's events there: also those of other users."""
    other = neighbour(stored)
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    peer = node.connect("7:admin")
    peer.subscribe("other", USAGE, filters={"userId": other})
    peer.subscribe("own", USAGE, resume=cursors)
    await node.settle(1)
    emit(stored, 3, other)
    node.poll()
    await node.settle()
    assert sorted(each["userId"] for each in peer.events()) == [7] * 5 + [other] * 3


async def test_one_users_subscription_has_not_brought_anothers_events(stored: FakeLog) -> None:
    other = neighbour(stored)
    node = FakeNode(stored)
    cursors = known(node)
    peer = node.connect("7:admin")
    peer.subscribe("own", USAGE)
    emit(stored, 3, other)
    emit(stored, 3, 7)
    node.poll()
    peer.subscribe("all", USAGE, filters={"userId": "*"}, resume=cursors)
    await node.settle()
    assert sorted(each["userId"] for each in peer.events()) == [7] * 3 + [other] * 3


async def test_one_subscriptions_filter_does_not_let_anothers_events_through(stored: FakeLog) -> None:
    other = neighbour(stored)
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 3, other)
    node.poll()
    peer = node.connect("7:admin")
    peer.subscribe("own", USAGE)
    peer.subscribe("s", USAGE, filters={"userId": other, "usageCount": {"lt": 0}}, resume=cursors)
    await node.settle(1)
    emit(stored, 3, other)
    node.poll()
    await node.settle()
    assert peer.events() == []


def heartbeat_cursors(peer: FakePeer) -> Iterable[str]:
    peer.heartbeat()
    cursors: list[str] = peer.received[-1]["payload"]["cursors"]
    return cursors


async def test_positions_given_during_a_replay_do_not_pass_over_it(stored: FakeLog) -> None:
    """A client that keeps them and reconnects must not lose the rest of the replay."""
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    peer.subscribe("other", APPROVAL)
    assert [each.rpartition(":")[2] for each in peer.answers("subscribed")[-1]["cursors"]] == ["-1"]
    assert [each.rpartition(":")[2] for each in heartbeat_cursors(peer)] == ["-1"]
    await free(node)
    assert [each.rpartition(":")[2] for each in heartbeat_cursors(peer)] == ["9"]


# -- changes of mind -------------------------------------------------------------------------------


async def test_unsubscribing_ends_a_replay(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    peer.subscribe("other", APPROVAL)
    await stuck(node, peer, cursors)
    emit(stored, 2, type_name=APPROVAL)
    emit(stored, 2)
    node.poll()
    peer.unsubscribe("s")
    await free(node)
    assert [each["type"] for each in peer.events()] == [APPROVAL, APPROVAL]
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["other"]
    assert [(each["code"], each["inReplyTo"]) for each in peer.errors()] == [("not_ready", "m-subscribe")]
    assert node.hub.gates == {}


async def test_unsubscribing_ends_a_replay_that_waits_for_its_turn(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    peer.subscribe("second", APPROVAL, since=EPOCH)
    peer.unsubscribe("second")
    await free(node)
    emit(stored, 1, type_name=APPROVAL)
    node.poll()
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["s"]
    assert [each["type"] for each in peer.events()] == [USAGE] * 3


async def test_a_plain_subscribe_replaces_one_that_waits(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    stored.away = True
    peer.subscribe("s", USAGE, since=EPOCH)  # not even begun
    peer.subscribe("s", APPROVAL)
    await free(node)
    emit(stored, 1)
    emit(stored, 1, type_name=APPROVAL)
    node.poll()
    assert [each["type"] for each in peer.events()] == [APPROVAL]
    other = node.connect()
    await stuck(node, other, cursors)
    emit(stored, 2)
    node.poll()
    other.subscribe("s", USAGE)  # what was live since then stays its own
    await free(node)
    assert offsets(other)[-2:] == [5, 6]
    assert len(other.answers("subscribed")) == 1


async def test_resuming_again_under_the_same_name_loses_nothing_and_repeats_nothing(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for _ in range(40):
        stored.emit(USAGE, 7, name="n" * 20_000)
    node.poll()
    peer = node.connect(limit=1 << 22)
    peer.room = 300_000  # about a third of it
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert 0 < len(peer.events()) < 40
    emit(stored, 2)
    node.poll()
    peer.subscribe("s", USAGE, APPROVAL, resume=cursors)
    peer.subscribe("s", USAGE, APPROVAL, resume=cursors)
    peer.read()
    await node.settle()
    emit(stored, 1)
    node.poll()
    assert sorted(offsets(peer)) == list(range(43))
    assert len(peer.answers("subscribed")) == 1
    assert [each["code"] for each in peer.errors()] == ["not_ready", "not_ready"]


async def test_a_newer_token_limits_a_replay_under_way_and_one_that_waits(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for index in range(10):
        stored.emit(USAGE, 7, usage_count=index)
        stored.emit(APPROVAL, 7)
    node.poll()
    peer = node.connect("7:admin")
    await stuck(node, peer, cursors, USAGE, APPROVAL)
    peer.subscribe("all", USAGE, filters={"userId": "*"}, since=EPOCH)
    node.verifier.types, node.verifier.filters = (USAGE,), {"usageCount": {"lt": 5}}
    node.verifier.lifetime_s = 4000
    peer.authenticate("7", "auth_update")
    await free(node)
    emit(stored, 2, 8)
    node.poll()
    assert [each["payload"]["usageCount"] for each in peer.events()] == [0, 1, 2, 3, 4]
    assert [(each["code"], each["subscriptionId"]) for each in peer.errors()] == [("forbidden", "all")]
    assert [each["types"] for each in peer.answers("subscribed")] == [[USAGE]]


async def test_a_newer_token_that_allows_nothing_ends_a_replay(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    node.verifier.types, node.verifier.lifetime_s = (INCIDENT,), 4000
    peer.authenticate("7", "auth_update")
    await free(node)
    assert peer.events() == []
    assert node.hub.gates == {}
    assert node.replayer.running == 0


# -- slow clients ----------------------------------------------------------------------------------


async def test_a_client_that_does_not_read_is_put_aside_and_goes_on_later(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for _ in range(100):
        stored.emit(USAGE, 7, name="n" * 20_000)
    node.poll()
    slow, quick = node.connect(), node.connect()
    slow.stall()
    slow.subscribe("s", USAGE, resume=cursors)
    quick.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert offsets(quick) == list(range(100))
    assert slow.held <= WRITE_BYTES + 40_000
    emit(stored, 10)
    node.poll()
    await node.settle()
    assert slow.held <= WRITE_BYTES + 40_000
    while len(slow.events()) < 110:
        slow.read(100_000)
        await node.settle()
    assert offsets(slow) == list(range(110))
    assert slow.closed is None
    slow.read()
    await node.settle()
    assert answer(slow) == recovered(100)


async def test_a_long_replay_lets_others_have_their_turn(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=1 << 24)
    cursors = known(node)
    emit(stored, 5000)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle(3)
    assert 0 < len(peer.events()) < 5000
    await node.settle()
    assert offsets(peer) == list(range(5000))


async def test_a_thousand_that_come_back_share_the_reading(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node, USAGE, NOTICE)
    emit(stored, 100)
    emit(stored, 10, None, NOTICE)
    node.poll()
    peers = [node.connect() for _ in range(1000)]
    for peer in peers:
        peer.subscribe("s", USAGE, NOTICE, resume=cursors)
    await node.settle(500)
    assert all(answer(peer) == recovered(110) for peer in peers)
    assert stored.reads <= 6


async def test_who_comes_during_a_scan_is_served_by_the_next(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for _ in range(100):
        stored.emit(USAGE, 7, name="n" * 50_000)  # several reads
    node.poll()
    peers = []
    for _ in range(30):
        peers.append(node.connect(limit=1 << 24))
        peers[-1].subscribe("s", USAGE, resume=cursors)
        await node.settle(1)
    await node.settle(500)
    assert all(offsets(peer) == list(range(100)) for peer in peers)
    assert stored.reads < 60  # of 150, were they not shared


async def test_broadcast_events_are_replayed_to_all(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node, NOTICE)
    emit(stored, 5, None, NOTICE)
    node.poll()
    peers = [node.connect(str(user)) for user in range(5)]
    for peer in peers:
        peer.subscribe("s", NOTICE, resume=cursors)
    await node.settle()
    assert [len(peer.events()) for peer in peers] == [5] * 5
    assert stored.end(BROADCAST, 0) == 5
