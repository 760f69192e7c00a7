"""Subscribing, replacing, unsubscribing, and the limits of that."""

from typing import Any

import pytest
from autodmca_edge.testing import FakeNode, FakePeer

USAGE, INCIDENT = "template_usage", "social_media_incident"


def codes(peer: FakePeer) -> list[str]:
    return [each["code"] for each in peer.errors()]


def still_open(peer: FakePeer) -> bool:
    return peer.closed is None


@pytest.mark.protocol("What a client may say: subscribe")
async def test_a_subscription_is_answered_with_types_and_positions(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE, "system_notification")
    (answer,) = peer.answers("subscribed")
    assert answer.pop("cursors")
    assert answer == {
        "action": "subscribed",
        "subscriptionId": "s",
        "types": [USAGE, "system_notification"],
        "recovered": True,
        "replayed": 0,
        "inReplyTo": "m-subscribe",
    }


@pytest.mark.parametrize(
    ("types", "config", "code", "field"),
    [
        (["nothing"], {}, "unknown_type", "payload.config.types[0]"),
        ([USAGE], {"filters": {"profileId": 5}}, "bad_filter", "payload.config.filters.profileId"),
        ([USAGE], {"filters": {"userId": "*"}}, "forbidden", "payload.config.filters.userId"),
        ([USAGE], {"since": "yesterday"}, "bad_message", "payload.config.since"),
        ([USAGE], {"since": ""}, "bad_message", "payload.config.since"),
        ([USAGE], {"since": "2023-02-30T00:00:00Z"}, "bad_message", "payload.config.since"),
        ([USAGE], {"since": "", "resume": []}, "bad_message", "payload.config.since"),
    ],
)
@pytest.mark.protocol("Errors: unknown_type", "Errors: bad_filter")
async def test_a_subscription_that_makes_no_sense_is_refused_and_the_connection_stays(
    node: FakeNode, types: list[str], config: dict[str, Any], code: str, field: str
) -> None:
    peer = node.connect()
    peer.subscribe("s", *types, **config)
    (error,) = peer.errors()
    assert (error["code"], error["field"]) == (code, field)
    assert (error["subscriptionId"], error["inReplyTo"]) == ("s", "m-subscribe")
    assert still_open(peer)
    assert node.replayer.running == 0


async def test_subscriptions_are_counted_as_they_come_and_go(node: FakeNode) -> None:
    """A scrape of the metrics asks for their number, and must not look at every connection for it."""
    peers = [node.connect("7"), node.connect("8", family="templates")]
    for name in ("a", "b", "a"):
        peers[0].subscribe(name, "template_usage")
    assert node.hub.subscriptions == sum(len(each.session.standing) for each in peers) == 3
    peers[0].unsubscribe("a")
    peers[0].unsubscribe("a")
    assert node.hub.subscriptions == 2
    for peer in peers:
        peer.leave()
    assert node.hub.subscriptions == 0


async def test_a_refused_subscribe_leaves_the_standing_one(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    peer.subscribe("s", "nothing")
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1


async def test_a_subscription_of_the_same_name_replaces(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    peer.subscribe("s", INCIDENT)
    node.stored.emit(USAGE, 7)
    node.stored.emit(INCIDENT, 7)
    node.poll()
    assert [each["type"] for each in peer.events()] == [INCIDENT]


@pytest.mark.protocol("What a client may say: unsubscribe")
async def test_after_unsubscribe_nothing_comes(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    peer.unsubscribe("s")
    peer.unsubscribe("s")
    assert [each["subscriptionId"] for each in peer.answers("unsubscribed")] == ["s", "s"]
    node.stored.emit(USAGE, 7)
    node.poll()
    assert peer.events() == []
    assert node.hub.users == 0


@pytest.mark.protocol("Errors: limit_exceeded")
async def test_subscriptions_have_a_limit(node: FakeNode) -> None:
    peer = node.connect()
    for index in range(11):
        peer.subscribe(f"s{index}", USAGE)
    (error,) = peer.errors()
    assert (error["code"], error["subscriptionId"]) == ("limit_exceeded", "s10")
    peer.subscribe("s3", INCIDENT)  # replaces
    peer.unsubscribe("s0")
    peer.subscribe("s10", USAGE)
    assert len(peer.errors()) == 1


async def test_replays_that_wait_count_toward_the_limit(node: FakeNode) -> None:
    node.stored.away = True
    peer = node.connect()
    for index in range(5):
        peer.subscribe(f"s{index}", USAGE)
    for index in range(5, 11):
        peer.subscribe(f"s{index}", USAGE, since="2023-01-01T00:00:00Z")
    assert codes(peer) == ["limit_exceeded"]
    assert (node.replayer.running, node.replayer.waiting) == (5, 0)
