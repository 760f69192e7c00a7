"""A client hands in another token: the last one that was taken is the one that counts."""

import pytest
from autodmca_edge.testing import FakeNode, FakePeer
from autodmca_events import rfc3339
from autodmca_service.control.records import Revoke
from autodmca_service.control.revocations import TokenId

USAGE, INCIDENT = "template_usage", "social_media_incident"


def codes(peer: FakePeer) -> list[str]:
    return [each["code"] for each in peer.errors()]


def still_open(peer: FakePeer) -> bool:
    return peer.closed is None


@pytest.mark.protocol("What a client may say: auth_update")
async def test_a_newer_token_lets_the_connection_live_on(node: FakeNode) -> None:
    node.verifier.lifetime_s = 100
    peer = node.connect()
    peer.subscribe("s", USAGE)
    node.pass_time(50)
    peer.authenticate("7", "auth_update")
    assert peer.answers("authenticated")[-1]["expiresAt"] == rfc3339((int(node.now) + 100) * 1000)
    node.pass_time(55)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1


@pytest.mark.parametrize("action", ["authenticate", "auth_update"])
async def test_another_users_token_is_refused(node: FakeNode, action: str) -> None:
    peer = node.connect("7")
    peer.subscribe("s", USAGE)
    peer.authenticate("8", action)
    assert [(each["code"], each["field"]) for each in peer.errors()] == [("forbidden", "payload.token")]
    node.stored.emit(USAGE, 8)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert [each["userId"] for each in peer.events()] == [7]
    assert still_open(peer)


@pytest.mark.parametrize("token", ["bad", "expired"])
async def test_a_bad_newer_token_leaves_the_older_one(node: FakeNode, token: str) -> None:
    peer = node.connect("7")
    peer.authenticate(token, "auth_update")
    assert len(codes(peer)) == 1
    assert still_open(peer)
    peer.subscribe("s", USAGE)
    assert len(peer.answers("subscribed")) == 1


async def test_a_newer_tokens_limits_hold_for_what_stands(node: FakeNode) -> None:
    peer = node.connect("7")
    peer.subscribe("both", USAGE, INCIDENT)
    peer.subscribe("incidents", INCIDENT)
    node.verifier.types, node.verifier.lifetime_s = (USAGE,), 4000
    peer.authenticate("7", "auth_update")
    assert [(each["code"], each["subscriptionId"]) for each in peer.errors()] == [("forbidden", "incidents")]
    node.stored.emit(INCIDENT, 7)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert [each["type"] for each in peer.events()] == [USAGE]


async def test_who_is_no_admin_any_more_sees_no_other_user(node: FakeNode) -> None:
    peer = node.connect("7:admin")
    peer.subscribe("all", USAGE, filters={"userId": "*"})
    node.verifier.lifetime_s = 4000
    peer.authenticate("7", "auth_update")
    node.stored.emit(USAGE, 8)
    node.poll()
    assert peer.events() == []
    assert codes(peer) == ["forbidden"]


@pytest.mark.protocol("What a client may say: authenticate")
@pytest.mark.parametrize("action", ["authenticate", "auth_update"])
async def test_a_token_that_ends_sooner_ends_the_connection_sooner(node: FakeNode, action: str) -> None:
    node.verifier.lifetime_s = 3600
    peer = node.connect("7")
    peer.subscribe("s", USAGE)
    node.verifier.lifetime_s = 5
    peer.authenticate("7", action)
    assert peer.answers("authenticated")[-1]["expiresAt"] == rfc3339((int(node.now) + 5) * 1000)
    node.pass_time(4.75)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert (len(peer.events()), still_open(peer)) == (1, True)
    node.pass_time(0.25)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert (len(peer.events()), peer.closed) == (1, 4401)


@pytest.mark.parametrize("action", ["authenticate", "auth_update"])
@pytest.mark.parametrize("lifetime_s", [60, 4000])
async def test_the_newer_token_counts_whenever_it_ends(node: FakeNode, action: str, lifetime_s: int) -> None:
    peer = node.connect("7:admin")
    peer.subscribe("all", USAGE, filters={"userId": "*"})
    peer.subscribe("incidents", INCIDENT)
    peer.subscribe("own", USAGE)
    node.verifier.types, node.verifier.lifetime_s = (USAGE,), lifetime_s
    peer.authenticate("7", action)
    assert [(each["code"], each["subscriptionId"]) for each in peer.errors()] == [
        ("forbidden", "all"),
        ("forbidden", "incidents"),
    ]
    peer.subscribe("again", INCIDENT)
    assert codes(peer)[-1] == "forbidden"
    for user in (7, 8):
        node.stored.emit(USAGE, user)
        node.stored.emit(INCIDENT, user)
    node.poll()
    assert [(each["type"], each["userId"]) for each in peer.events()] == [(USAGE, 7)]


@pytest.mark.parametrize("revoked", ["older", "newer"])
async def test_what_is_revoked_is_the_token_that_was_taken_last(node: FakeNode, revoked: str) -> None:
    peer = node.connect("7:older")
    node.verifier.lifetime_s = 60
    peer.authenticate("7:newer", "auth_update")
    await node.control.tell(Revoke.of(TokenId(f"id of {revoked}"), int((node.now + 1000) * 1000)))
    await node.settle()
    assert peer.closed == (4401 if revoked == "newer" else None)
