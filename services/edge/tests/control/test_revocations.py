"""Revocation: a user or a token is cut off on every node at once, and stays so until its time."""

from hashlib import sha256

import pytest
from autodmca_client.development import development_token
from autodmca_edge.control.messages import DisconnectUser
from autodmca_edge.protocol import Refusal
from autodmca_edge.testing import FakeNode, FakePeer
from autodmca_runtime import Claims, InvalidToken, Secret, TokenSettings, TokenVerifier
from autodmca_service.control import revocations
from autodmca_service.control.records import Revoke
from autodmca_service.control.revocations import Revocations, Revoked, TokenId, Unrevoked, UserCutOff

from services.edge.tests.control_site import Site

SECRET = "a secret of tests, which has 32 bytes and more"


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


async def revoke(node: FakeNode, what: Revoked, *, seconds: float = 3600) -> None:
    """A user, a token, or one by its id."""
    revoked = digest_of(what) if isinstance(what, str) else what
    await node.control.tell(Revoke.of(revoked, int((node.clock() + seconds) * 1000)))
    await node.settle()


def ends(*peers: FakePeer) -> list[tuple[str | None, int | None]]:
    """The last error and the close code of each."""
    return [(each.errors()[-1]["code"] if each.errors() else None, each.closed) for each in peers]


@pytest.fixture
async def site() -> Site:
    return Site()


@pytest.mark.protocol("Close codes: 4403")
async def test_a_user_is_cut_off_on_every_node(site: Site) -> None:
    peers = [site.here.connect("7"), site.there.connect("7:admin")]
    other = site.there.connect("8")
    await revoke(site.here, 7)
    assert ends(*peers, other) == [("forbidden", 4403), ("forbidden", 4403), (None, None)]
    assert ends(site.there.connect("7"), site.there.connect("8")) == [("forbidden", 4403), (None, None)]
    late = site.node("late")
    assert ends(late.connect("7")) == [("forbidden", 4403)], "who starts later knows it, too"


async def test_a_token_is_cut_off_on_every_node_and_the_user_may_have_another(site: Site) -> None:
    peers = [site.here.connect("7:old"), site.there.connect("7:old")]
    other = site.there.connect("7:new")
    await revoke(site.there, "7:old")
    assert ends(*peers, other) == [("invalid_token", 4401), ("invalid_token", 4401), (None, None)]
    assert ends(site.here.connect("7:old"), site.here.connect("7:new")) == [
        ("invalid_token", 4401),
        (None, None),
    ]


async def test_a_token_is_cut_off_by_its_jti_wherever_it_is(site: Site) -> None:
    peers = [site.here.connect("7:old"), site.there.connect("8:old")]
    other = site.there.connect("7:new")
    await revoke(site.there, TokenId("id of old"))
    assert ends(*peers, other) == [("invalid_token", 4401), ("invalid_token", 4401), (None, None)]
    late = site.node("late")
    assert ends(late.connect("7:old"), late.connect("7:new")) == [("invalid_token", 4401), (None, None)]
    await revoke(site.there, TokenId("id of old"), seconds=-1)
    assert ends(late.connect("7:old")) == [(None, None)]


async def test_a_connection_is_as_good_as_the_token_it_has_now(site: Site) -> None:
    renewed = site.here.connect("7:old")
    site.here.pass_time(1)
    renewed.authenticate("7:new", "auth_update")
    await revoke(site.there, "7:old")
    assert ends(renewed) == [(None, None)]
    renewed.authenticate("7:old", "auth_update")
    assert ends(renewed) == [("invalid_token", None)], "refused, and goes on with the one it has"
    await revoke(site.there, "7:new")
    assert ends(renewed) == [("invalid_token", 4401)]


async def test_nothing_that_waits_is_delivered_after_it(site: Site) -> None:
    peer = site.here.connect("7")
    peer.subscribe("s", "template_usage")
    peer.stall()
    for _ in range(5):
        site.log.emit("template_usage", 7)
        site.here.poll()
    held = peer.held
    await revoke(site.here, 7)
    assert peer.held < held
    peer.read()
    assert len(peer.events()) <= 1, "what the transport had already"
    assert peer.closed == 4403


async def test_a_revocation_ends_with_its_time_and_can_be_lifted(site: Site) -> None:
    await revoke(site.here, 7, seconds=60)
    site.there.pass_time(59)
    assert ends(site.there.connect("7")) == [("forbidden", 4403)]
    site.there.pass_time(2)
    assert ends(site.there.connect("7")) == [(None, None)]
    await revoke(site.here, 8)
    await revoke(site.here, 8, seconds=-1)
    assert ends(site.there.connect("8")) == [(None, None)]


async def test_http_requests_are_refused_too(site: Site) -> None:
    await revoke(site.here, 7)
    await revoke(site.here, "8")
    path = "/ws/subscribe/c.s"
    assert (await site.ask(site.there, "DELETE", path, user="7")).status_code == 403
    assert (await site.ask(site.there, "DELETE", path, user="8")).status_code == 401


async def test_a_topic_that_was_made_again_is_told_once_more(site: Site) -> None:
    await revoke(site.here, 7)
    await revoke(site.here, "8:old")
    await revoke(site.here, TokenId("id of lent"))
    site.control_log.records.clear()
    site.here.control.forgotten()
    await site.here.settle()
    late = site.node("late")
    assert ends(*(late.connect(each) for each in ("7", "8:old", "8:lent", "8"))) == [
        ("forbidden", 4403),
        ("invalid_token", 4401),
        ("invalid_token", 4401),
        (None, None),
    ]


async def test_a_log_that_is_away_cannot_be_told(site: Site) -> None:
    site.control_log.away = True
    with pytest.raises(Refusal) as refused:
        await revoke(site.here, 7)
    assert (refused.value.code, refused.value.retryable) == ("not_ready", True)


async def test_a_user_can_be_sent_away_everywhere_and_come_back(site: Site) -> None:
    peers = [site.here.connect("7"), site.there.connect("7")]
    other = site.here.connect("8")
    await site.here.control.tell(DisconnectUser(user_id=7))
    await site.here.settle()
    assert [each.closed for each in (*peers, other)] == [1012, 1012, None]
    assert site.there.connect("7").closed is None


def claims(user: int, token: str = "") -> Claims:
    return Claims(user, frozenset(), 2_000_000_000, token_digest=sha256(token.encode()).digest())


def test_revocations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "MOST", 3)
    known = Revocations(lambda: 100.0)
    for user, until in ((1, 300.0), (2, 200.0), (3, 400.0), (4, 500.0)):
        known.put(user, until)
    assert dict(known) == {1: 300.0, 3: 400.0, 4: 500.0}
    assert known.forgotten == 1


def test_what_was_said_of_one_before_does_not_count_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocations, "MOST", 2)
    known = Revocations(lambda: 100.0)
    for until in range(200, 210):
        known.put(1, float(until))
    known.put(1, 900.0)
    known.put(2, 300.0)
    known.put(3, 400.0)
    assert (dict(known), known.forgotten) == ({1: 900.0, 3: 400.0}, 1)
    known.put(1, 0.0)
    known.put(4, 500.0)
    assert (dict(known), known.forgotten) == ({3: 400.0, 4: 500.0}, 1)


def test_those_that_have_ended_make_room_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "MOST", 2)
    now = [100.0]
    known = Revocations(lambda: now[0])
    known.put(1, 200.0)
    known.put(2, 900.0)
    now[0] = 300.0
    known.put(3, 400.0)
    assert (dict(known), known.forgotten) == ({2: 900.0, 3: 400.0}, 0)


async def test_a_verified_token_that_is_remembered_is_refused_all_the_same() -> None:
    known = Revocations(lambda: 100.0)
    verifier = Unrevoked(TokenVerifier(TokenSettings(secret=Secret(SECRET))), known)
    token = development_token(SECRET, 7)
    assert verifier.verify(token) is verifier.verify(token), "it is remembered"
    known.put(digest_of(token), 200.0)
    with pytest.raises(InvalidToken, match="revoked"):
        verifier.verify(token)
    with pytest.raises(InvalidToken, match="revoked"):
        await verifier.check(token)
    known.put(7, 200.0)
    with pytest.raises(UserCutOff):
        verifier.verify(token)
    assert token not in str(list(known))


def test_claims_that_are_not_revoked_pass() -> None:
    known = Revocations(lambda: 100.0)
    known.put(8, 200.0)
    known.put(digest_of("other"), 200.0)
    known.require(claims(7, "token"))
