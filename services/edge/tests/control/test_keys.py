"""The keys of `edge-control`: each kind has its own, and a record under another's is no record."""

from itertools import combinations
from typing import Any

import pytest
from autodmca_edge.control.keys import of_connection, of_node, of_user
from autodmca_edge.control.messages import DescribeAsk, DisconnectAsk, DisconnectUser, Held, ListAsk, decode
from autodmca_edge.session.identifiers import (
    ConnectionId,
    NodeName,
    checked_connection_id,
    checked_node_name,
    host_name,
    new_connection_id,
)
from autodmca_service.control.records import ControlRecord, Misplaced, Revoke, Unknown, encode, of_revocation
from autodmca_service.control.revocations import Revoked, TokenId

from services.edge.tests.control.test_revocations import digest_of, ends, revoke
from services.edge.tests.control_site import Site

CONNECTION = ConnectionId("0123456789abcdef")
NODE = NodeName("0123456789abcdef")
DIGEST = digest_of("7:old")


def test_no_two_kinds_share_a_key() -> None:
    """Also where what is named is written alike."""
    keys = [
        of_connection(CONNECTION),
        of_node(NODE),
        of_user(7),
        of_revocation(7),
        of_revocation(DIGEST),
        of_revocation(TokenId("7")),
        of_revocation(TokenId(DIGEST)),
        of_revocation(TokenId("user:7")),
    ]
    assert len(set(keys)) == len(keys)
    prefixes = {each.partition(":")[0] + ":" for each in keys}
    assert len(prefixes) == 6
    assert not any(one.startswith(other) for one, other in combinations(sorted(prefixes, reverse=True), 2))


def test_an_id_and_a_nodes_own_name_have_the_form_that_is_checked() -> None:
    assert checked_connection_id(new_connection_id(), "id")
    for name in ("host", "ip-10-0-0-1.eu-west-1.compute.internal", "odd host/ñ", "h" * 300):
        assert checked_node_name(host_name(name), "node")


@pytest.mark.parametrize(
    "record",
    [
        DisconnectAsk(ask="a", connection_id=CONNECTION),
        ListAsk(ask="a", node=NODE, user_id=None, limit=1, after="", by_lag=False),
        DisconnectUser(user_id=7),
        Revoke(user_id=7, until_ms=1),
        Revoke(token_digest=DIGEST, until_ms=1),
        Revoke(jti="abc", until_ms=1),
        Held(ask="a", of=of_connection(CONNECTION)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_record_is_read_under_its_own_key_alone(record: ControlRecord) -> None:
    value, _ = encode(record)
    assert decode(record.key.encode(), value) == record
    assert decode(record.once.encode(), value) == record, "as nodes of earlier wrote it"
    for key in (None, b"", b"revoked 8", b"revoked-user:8", record.key.encode() + b" "):
        with pytest.raises(Misplaced):
            decode(key, value)


@pytest.mark.parametrize(
    "value",
    [
        b'{"kind":"disconnect","ask":"a","connectionId":"revoked 7"}',
        b'{"kind":"list","ask":"a","node":"a b","userId":null,"limit":1,"after":"","byLag":false}',
        b'{"kind":"held","ask":"a","of":"revoked-user:7"}',
        b'{"kind":"revoke","untilMs":1}',
        b'{"kind":"revoke","userId":7,"jti":"x","untilMs":1}',
        b'{"kind":"revoke","tokenDigest":"abc","untilMs":1}',
        b'{"kind":"revoke","userId":0,"untilMs":1}',
    ],
)
def test_what_is_of_another_form_is_unknown(value: bytes) -> None:
    with pytest.raises(Unknown):
        decode(b"revoked 7", value)


async def test_a_record_under_anothers_key_is_counted_and_ignored() -> None:
    site = Site()
    peer = site.here.connect("7")
    value, headers = encode(Revoke.of(7, int((site.here.clock() + 60) * 1000)))
    await site.control_log.send_record("", key=b"revoked 8", value=value, headers=headers)
    await site.here.settle()
    assert peer.closed is None
    assert site.here.control.records == {"misplaced": 1}


@pytest.mark.parametrize("what", [7, "7:old", TokenId("id of old")])
async def test_what_nodes_of_earlier_cut_off_stays_so_until_its_time(what: Revoked) -> None:
    """A rolling upgrade: the record is under the key of before, the node that reads it is of now."""
    site = Site()
    record = Revoke.of(
        digest_of(what) if isinstance(what, str) else what, int((site.here.clock() + 60) * 1000)
    )
    value, headers = encode(record)
    await site.control_log.send_record("", key=record.once.encode(), value=value, headers=headers)
    late = site.node("late")
    assert ends(late.connect("7:old"))[0][1] in {4401, 4403}
    await revoke(late, what, seconds=-1)
    assert ends(late.connect("7:old"), site.node("later").connect("7:old")) == [(None, None)] * 2


async def test_nodes_of_earlier_are_answered() -> None:
    """They ask under a connection's bare id, and know their answer by the ask's name."""
    site = Site()
    peer = site.here.connect("7")
    ask = DescribeAsk(ask="theirs", connection_id=ConnectionId(peer.session.connection_id))
    value, headers = encode(ask)
    await site.control_log.send_record("", key=ask.once.encode(), value=value, headers=headers)
    await site.here.settle()
    answer: Any = decode(site.control_log.records[-1].key, site.control_log.records[-1].value)
    assert (answer.ask, answer.payload["userId"]) == ("theirs", 7)
