"""What clients may say, and how much of it: prices, allowances, and what becomes of those who go on."""

import pytest
from autodmca_edge.admission.allowances import MOST_USERS, Allowance, Allowances
from autodmca_edge.config import AdmissionSettings
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer, client_frame
from autodmca_edge.wire.deflate import deflated
from autodmca_edge.wire.frames import TURN_BYTES, FrameParser

from services.edge.tests.control_site import Site, error_of

USAGE = "template_usage"
A_SECOND, OF_USER, AT_ONCE = 10, 20, 200
"""An allowance holds twenty seconds' worth."""


@pytest.fixture
async def node() -> FakeNode:
    return FakeNode(FakeLog(), talk_a_second=A_SECOND, user_talk_a_second=OF_USER)


def limited(peer: FakePeer) -> int:
    return sum(each["code"] == "rate_limited" for each in peer.errors())


def talk_until_closed(peer: FakePeer) -> int:
    """After how many heartbeats."""
    for said in range(10_000):
        if peer.closed is not None:
            return said
        peer.heartbeat()
    raise AssertionError("it was never closed")


@pytest.mark.parametrize("kind", ["heartbeats", "subscriptions", "bad", "messages"])
async def test_whatever_is_said_too_fast_is_refused_and_then_ends_the_connection(
    node: FakeNode, kind: str
) -> None:
    peer = node.connect("7")

    def say() -> None:
        match kind:
            case "heartbeats":
                peer.heartbeat()
            case "subscriptions":
                peer.subscribe("s", USAGE)
            case "messages":
                peer.say_payload("user_notification", action="x")
            case _:
                peer.say_payload("user_notification")

    for _ in range(AT_ONCE - 10):
        if kind == "bad":  # ten of them are misuse: the allowance must be gone before
            peer.heartbeat()
        else:
            say()
    assert not limited(peer), "within the allowance"
    if kind == "bad":
        for _ in range(10):
            peer.heartbeat()
    for _ in range(AT_ONCE):
        say()
    assert 10 < limited(peer) < 40
    assert peer.closed == 4429
    assert peer.close_reason.startswith("too many messages; retry after ")


@pytest.mark.protocol(
    "What messages cost: a message",
    "What messages cost: a replay",
    "What messages cost: a token",
    "What messages cost: a frame",
    "What messages cost: a connection",
)
async def test_every_price_is_as_the_document_says(node: FakeNode) -> None:
    def of_user() -> float:
        return node.allowances.charge_user(b"7", 400, node.now) * OF_USER

    def spent(peer: FakePeer) -> float:
        return max(peer.session.paid - node.now, 0) * A_SECOND

    peer = node.connect("7")
    assert of_user() == pytest.approx(5), "what is lacking to take all of it besides"
    node.pass_time(30)
    for text, price in [
        (b'{"type":"heartbeat"}' + b" " * (4096 * 3 - 20), 4),
        (b'{"type":"connection_established","payload":{"action":"auth_update","token":"7"}}', 5),
        (
            b'{"type":"connection_established","payload":{"action":"subscribe","subscriptionId":"s","config":'
            b'{"types":["template_usage"],"since":"2023-11-14T00:00:00Z"}}}',
            4,
        ),
    ]:
        before = spent(peer)
        peer.session.said(text)
        assert spent(peer) - before == pytest.approx(price, abs=0.05)
    before = spent(peer)
    peer.session.heard(1)
    assert spent(peer) - before == pytest.approx(1 / 8, abs=0.001)


@pytest.mark.protocol("Errors: rate_limited", "What messages cost: a refused message")
async def test_a_refusal_names_what_was_refused_and_later_it_is_taken(node: FakeNode) -> None:
    peer = node.connect("7")
    while not peer.errors():
        peer.subscribe("s", USAGE)
    (error,) = peer.errors()
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert (error["subscriptionId"], error["inReplyTo"]) == ("s", "m-subscribe")
    assert "retry after " in error["message"]
    answers = len(peer.answers("subscribed"))
    node.pass_time(3)
    peer.subscribe("s", USAGE)
    assert len(peer.answers("subscribed")) == answers + 1
    assert peer.closed is None


async def test_a_message_costs_by_its_size(node: FakeNode) -> None:
    peer = node.connect("7")
    filters = {"name": {"in": ["x" * 1000 + str(number) for number in range(60)]}}
    while not peer.errors():
        peer.subscribe("s", USAGE, filters=filters)
    assert len(peer.answers("subscribed")) == int(AT_ONCE / 15.9)


async def test_a_refused_message_is_not_looked_at_beyond_its_name(node: FakeNode) -> None:
    peer = node.connect("7")
    while not limited(peer):
        peer.heartbeat()
    peer.session.said(b'{"type":"connection_established","id":"m","payload":{"action":"subscribe","subscr')
    peer.session.said(b"\xff")
    assert {each["code"] for each in peer.errors()} == {"rate_limited"}


async def test_pings_and_empty_frames_are_paid_for_too(node: FakeNode) -> None:
    peer = node.connect("7")
    for _ in range(2 * AT_ONCE):
        peer.session.heard(8)
    assert peer.closed == 4429


async def test_a_user_has_one_allowance_over_all_connections_and_others_have_theirs(node: FakeNode) -> None:
    peers = [node.connect("7") for _ in range(10)]
    quiet, other = node.connect("7"), node.connect("8")
    for peer in peers:
        for _ in range(AT_ONCE // 2):
            peer.heartbeat()
    assert sum(map(limited, peers))
    quiet.heartbeat()
    assert (limited(quiet), quiet.closed) == (1, None), "it is refused, but has not gone on"
    for _ in range(20):
        other.heartbeat()
    assert not other.errors()

    late = node.connect("7")
    assert late.closed == 4429
    assert "retry after " in late.close_reason
    assert late.errors()[0]["code"] == "rate_limited"
    assert node.counts["turned away: talk"] == 1
    node.pass_time(41)
    assert node.connect("7").closed is None


async def test_to_come_back_does_not_fill_an_allowance(node: FakeNode) -> None:
    said, came = 0, 0
    while (peer := node.connect("7")).closed is None:
        said += talk_until_closed(peer)
        came += 1
    assert (came, said) < (10, 1000)
    assert said - node.counts["rate_limited"] < 2 * AT_ONCE + 10 * OF_USER


async def test_strangers_pay_more(node: FakeNode) -> None:
    assert talk_until_closed(node.connect(None)) < talk_until_closed(node.connect("7")) / 5


async def test_what_is_said_while_a_key_is_fetched_is_paid_once(node: FakeNode) -> None:
    peer = node.connect("7")
    peer.session.hold()
    for _ in range(10):
        peer.heartbeat()
    before = peer.session.paid
    peer.session.release()
    assert peer.session.paid == before


async def test_a_client_that_makes_all_its_subscriptions_anew_is_not_refused() -> None:
    settings = AdmissionSettings()
    node = FakeNode(
        FakeLog(), talk_a_second=settings.talk_a_second, user_talk_a_second=settings.user_talk_a_second
    )
    node.max_subscriptions = 50
    node.allowances = Allowances(settings.talk_a_second, settings.user_talk_a_second, 50)
    for _ in range(10):  # as many tabs
        peer = node.connect("7")
        cursors = [f"c{number}:1" for number in range(30)]
        for number in range(50):
            peer.subscribe(f"s{number}", USAGE, resume=cursors, filters={"name": ["x" * 40] * 20})
        await node.settle()
        assert not peer.errors()
        assert len(peer.answers("subscribed")) == 50


@pytest.mark.protocol("What messages cost: a request about a subscription")
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_requests_of_a_user_are_paid_from_the_same_allowance(method: str) -> None:
    site = Site()
    peer = site.here.connect("7")
    site.here.allowances = Allowances(A_SECOND, OF_USER, 1)
    assert (await site.subscribe(site.here, peer)).status_code == 201
    site.here.allowances.charge_user(b"7", 2 * OF_USER * 20, site.here.now)
    if method == "POST":
        answer = await site.subscribe(site.here, peer)
    else:
        answer = await site.ask(site.here, "DELETE", f"/ws/subscribe/{peer.session.connection_id}.s")
    assert error_of(answer)[:2] == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0


def test_what_is_inflated_counts_for_a_turn_as_what_came() -> None:
    text = b"x" * 60_000
    small = deflated(text, 15)
    assert small is not None
    for frame in (client_frame(text), client_frame(small, 0x41)):
        parser = FrameParser(65_536, inflates=True)
        assert sum(len(text) for _, text in parser.feed(frame * 4)) <= TURN_BYTES + 60_000
        assert parser.behind


def test_an_allowance_fills_up_again_and_is_overdrawn_by_as_much_as_it_holds() -> None:
    allowance = Allowance(a_second=10, most=100)
    paid = allowance.charged(0, 100, now=1000)
    assert allowance.wait_s(paid, 1000) <= 0
    paid = allowance.charged(paid, 10, now=1000)
    assert allowance.wait_s(paid, 1000) == pytest.approx(1)
    assert allowance.wait_s(paid, 1001) == pytest.approx(0)
    assert allowance.charged(paid, 1e9, now=1000) == 1020
    assert not allowance.used_up(paid, 1000)
    assert allowance.used_up(1020, 1000)


def test_users_are_remembered_within_a_bound() -> None:
    allowances = Allowances(1, 1, 1)
    for user in range(MOST_USERS + 10):
        allowances.charge_user(b"%d" % user, 1, 1000)
    assert allowances.users == MOST_USERS
