"""Messages from clients: into the log and answered, within their limits."""

from typing import Any

import msgspec
import pytest
from autodmca_edge.protocol import ClientMessage, Refusal
from autodmca_edge.session.actions import MOST_WAITING, ClientActions
from autodmca_edge.testing import FakeNode, FakePeer
from autodmca_events.topics import CLIENT_ACTIONS
from autodmca_kafka.errors import BrokerUnavailable


class Written:
    """A log that takes messages, or fails."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes, dict[str, Any]]] = []
        self.failure: Exception | None = None

    async def send_record(self, topic: str, *, key: bytes, value: bytes, headers: Any) -> object:
        if self.failure is not None:
            raise self.failure
        self.records.append((topic, key, msgspec.json.decode(value)))
        return None


def actions_of(node: FakeNode, log: Written, *, a_second: float = 10, of_user: float = 30) -> ClientActions:
    def accepted() -> None:
        node.counts["accepted"] += 1

    return ClientActions(
        log, node.spawn, node.clock, a_second=a_second, a_second_of_user=of_user, accepted=accepted
    )


def send(actions: ClientActions, peer: FakePeer, reply_to: str | None = None) -> None:
    actions.publish(peer.session, ClientMessage(action="read", data={"id": 1}, in_reply_to=reply_to))


async def test_a_message_is_accepted_when_the_log_has_it(node: FakeNode) -> None:
    log, peer = Written(), node.connect("7")
    actions = actions_of(node, log)
    send(actions, peer, "m1")
    assert actions.waiting == 1
    assert not peer.answers("accepted")
    await node.settle()
    (topic, key, message) = log.records[0]
    assert (topic, key) == (CLIENT_ACTIONS, b"7")
    assert message["payload"] == {"action": "read", "data": {"id": 1}}
    assert message["userId"] == 7
    assert message["metadata"] == {"connectionId": peer.session.connection_id}
    assert peer.answers("accepted") == [{"action": "accepted", "id": message["id"], "inReplyTo": "m1"}]
    assert (actions.waiting, node.counts["accepted"]) == (0, 1)


@pytest.mark.protocol("Errors: not_ready")
async def test_a_log_that_is_away_is_said_and_can_be_tried_again(node: FakeNode) -> None:
    log, peer = Written(), node.connect("7")
    log.failure = BrokerUnavailable("localhost:9092", "it is away")
    actions = actions_of(node, log)
    send(actions, peer, "m1")
    await node.settle()
    assert [(each["code"], each["retryable"], each["inReplyTo"]) for each in peer.errors()] == [
        ("not_ready", True, "m1")
    ]
    assert actions.waiting == 0


@pytest.mark.protocol("Errors: rate_limited")
async def test_each_connection_and_each_user_has_a_rate(node: FakeNode) -> None:
    log = Written()
    actions = actions_of(node, log, a_second=1, of_user=2)
    first, second, other = node.connect("7"), node.connect("7"), node.connect("8")
    for _ in range(3):
        send(actions, first)
    with pytest.raises(Refusal) as refused:
        send(actions, first)
    assert (refused.value.code, refused.value.retryable) == ("rate_limited", True)
    for _ in range(2):
        send(actions, second)  # the first one's refused message counted for the connection alone
    send(actions, other)
    node.pass_time(1)
    send(actions, first)
    with pytest.raises(Refusal):
        send(actions, first)


async def test_what_waits_for_the_log_is_bounded(node: FakeNode) -> None:
    actions = actions_of(node, Written(), a_second=10_000, of_user=10_000)
    peer = node.connect("7")
    for _ in range(MOST_WAITING):
        send(actions, peer)
    with pytest.raises(Refusal) as refused:
        send(actions, peer)
    assert refused.value.code == "not_ready"
    await node.settle()
    send(actions, peer)


async def test_who_has_left_is_not_answered(node: FakeNode) -> None:
    log, peer = Written(), node.connect("7")
    actions = actions_of(node, log)
    send(actions, peer)
    peer.leave()
    await node.settle()
    assert len(log.records) == node.counts["accepted"] == 1
    assert not peer.answers("accepted")
