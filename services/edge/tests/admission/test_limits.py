"""How many connections a user, an address and strangers may have. PROTOCOL: close codes 4429 and 4503."""

import re

import pytest
from autodmca_edge.admission.addresses import Network, Proxies
from autodmca_edge.admission.limits import Limits
from autodmca_edge.admission.pressure import LAG_UP
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer

USAGE = "template_usage"
HINT = re.compile(r"retry after (\d+) ms$")


@pytest.fixture
def node() -> FakeNode:
    return FakeNode(FakeLog(), user_connections=2)


def limit(node: FakeNode, **limits: int) -> None:
    """Other limits than the node's."""
    given = {"a_user": 0, "an_address": 0, "unauthenticated": 1000} | limits
    node.limits = Limits(Proxies([]), **given)


def codes(peer: FakePeer) -> list[str]:
    return [each["code"] for each in peer.errors()]


# -- users -----------------------------------------------------------------------------------------


@pytest.mark.protocol("Close codes: 4429")
async def test_one_connection_of_a_user_too_many_is_told_so_and_closed_with_4429(node: FakeNode) -> None:
    peers = [node.connect("7") for _ in range(2)]
    late = node.connect("7")
    assert (codes(late), late.closed) == (["limit_exceeded"], 4429)
    assert late.close_reason == "this node takes at most 2 connections of this user"
    assert node.connect("8").closed is None
    for peer in peers:
        peer.subscribe("s", USAGE)
        assert len(peer.answers("subscribed")) == 1
    assert node.counts["turned away: user"] == 1
    assert len(node.sessions) == 3


@pytest.mark.parametrize("ends", ["gone", "closed"])
async def test_a_connection_that_ends_makes_room(node: FakeNode, ends: str) -> None:
    for _ in range(5):
        first, second = node.connect("7"), node.connect("7")
        assert node.connect("7").closed == 4429
        for peer in (first, second):
            if ends == "closed":
                peer.session.drain()
            peer.leave()
            peer.leave()
    assert node.connect("7").closed is None


async def test_a_token_by_message_counts_as_well(node: FakeNode) -> None:
    for _ in range(2):
        node.connect(None).authenticate("7")
    late = node.connect(None)
    late.authenticate("7")
    assert (codes(late), late.closed) == (["limit_exceeded"], 4429)
    assert late.answers("authenticated") == []
    assert node.limits.waiting == 0


async def test_a_newer_token_is_no_further_connection(node: FakeNode) -> None:
    peer = node.connect("7")
    for _ in range(5):
        peer.authenticate("7", "auth_update")
    assert node.connect("7").closed is None
    assert len(peer.answers("authenticated")) == 5


# -- addresses -------------------------------------------------------------------------------------


async def test_one_connection_of_an_address_too_many_is_closed_with_4429(node: FakeNode) -> None:
    limit(node, an_address=2)
    first, _ = node.connect("1"), node.connect(None)
    late = node.connect("3")
    assert (codes(late), late.closed) == (["limit_exceeded"], 4429)
    assert late.answers("connected") == []
    assert node.counts["turned away: address"] == 1
    first.session.drain()
    assert node.connect("4").closed == 4429  # its socket is there still
    first.leave()
    assert node.connect("5").closed is None


async def test_clients_behind_a_trusted_proxy_are_counted_by_what_it_says(node: FakeNode) -> None:
    proxies = Proxies([Network("192.0.2.0/24")])
    node.limits = Limits(proxies, a_user=0, an_address=1, unauthenticated=1000)
    assert node.connect("1", forwarded="203.0.113.1").closed is None
    assert node.connect("2", forwarded="203.0.113.2").closed is None
    assert node.connect("3", forwarded="198.51.100.1, 203.0.113.1").closed == 4429


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2,10.0.0.3", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1", "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "198.51.100.1", "2001:db8:1:2::/64"),
        ("local", "198.51.100.1", "local"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(peer: str, forwarded: str, counted: str) -> None:
    proxies = Proxies([Network("10.0.0.0/8"), Network("fd00::/8")])
    assert proxies.client(peer, forwarded) == counted


@pytest.mark.parametrize("text", ["10.0.0.1/8", "300.0.0.0/8", "here"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Network(text)


# -- strangers -------------------------------------------------------------------------------------


async def test_when_too_many_are_not_authenticated_the_newest_is_closed_with_4503(node: FakeNode) -> None:
    limit(node, unauthenticated=2)
    waiting = [node.connect(None) for _ in range(2)]
    late = node.connect(None)
    assert late.closed == 4503
    assert HINT.search(late.close_reason)
    assert node.counts["turned away: unauthenticated"] == 1
    assert node.connect("7").closed is None  # who brings its token does not wait
    assert node.connect("bad").closed == 4401
    waiting[0].authenticate("8")
    assert node.connect(None).closed is None
    node.pass_time(11)
    assert [each.closed for each in waiting] == [None, 4408]
    assert node.limits.waiting == 0


async def test_who_waits_for_a_key_is_not_authenticated_either(node: FakeNode) -> None:
    limit(node, unauthenticated=1)
    node.verifier.known = False
    peer, late = node.connect("7"), node.connect("8")
    assert (peer.closed, late.closed) == (None, 4503)
    await node.settle()
    node.verifier.known = True
    node.verifier.fetched.set()
    await node.settle()
    assert node.limits.waiting == 0
    peer.subscribe("s", USAGE)
    assert len(peer.answers("subscribed")) == 1


# -- the node itself -------------------------------------------------------------------------------


@pytest.mark.protocol("Close codes: 4503")
async def test_an_overloaded_node_takes_nobody_and_keeps_those_it_has(node: FakeNode) -> None:
    peer = node.connect("7")
    for _ in range(LAG_UP):
        node.pressure.beat(1.0)
    late = node.connect("8")
    assert late.closed == 4503
    hint = HINT.search(late.close_reason)
    assert hint is not None
    assert 1000 <= int(hint[1]) <= 5000
    assert len(late.close_reason.encode()) <= 123  # RFC 6455, section 5.5
    assert node.counts["turned away: overloaded"] == 1
    peer.subscribe("s", USAGE)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1


async def test_nobody_leaves_anything_behind(node: FakeNode) -> None:
    limit(node, a_user=1, an_address=3, unauthenticated=1)
    for _ in range(50):
        peers = [node.connect(token) for token in ("7", "7", None, None, "bad", "8")]
        for peer in peers:
            peer.leave()
    assert node.limits.counted == (0, 0, 0)
