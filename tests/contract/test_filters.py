"""A filter means the same to the edge, to the SDK and to the edge that the SDK is tested with.

The table is libs/events/filter-cases.json: filters on a subscription of user 7, who is an administrator, and
an event with these fields; whether it is delivered, or the key for which the subscription is refused.
Refusals that only the edge can make, since they are about values of its schema, are not in it.
"""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
import pytest
from autodmca_client import BadFilter, wire
from autodmca_client.dial import PROTOCOL
from autodmca_client.interests import Interest, Interests
from autodmca_client.testing import FakeEdge
from autodmca_edge.fanout.projection import decoder
from autodmca_edge.fanout.subscriptions import BITS, subscription
from autodmca_edge.protocol import Refusal, SubscriptionConfig
from autodmca_events import CATALOGUE, filters, user_key
from autodmca_runtime import Claims
from websockets.asyncio.client import connect

from tests.unit.repository import ROOT

OWN: Final = 7
CASES: Final[list[dict[str, Any]]] = json.loads((ROOT / "libs/events/filter-cases.json").read_text())
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case)[12:90])


def types(case: dict[str, Any]) -> list[str]:
    found: list[str] = case.get("types", [case["type"]])
    return found


def user(case: dict[str, Any]) -> int | None:
    return None if CATALOGUE[case["type"]].everybody else case.get("user", OWN)


def by_the_edge(case: dict[str, Any]) -> bool | str:
    """What becomes of it: delivered or not, or the refusal."""
    identity = Claims(OWN, frozenset({"admin"}), 1 << 40, None, None)
    try:
        wanted = subscription("s", SubscriptionConfig(types=types(case), filters=case["filters"]), identity)
    except Refusal as refusal:
        return f"{refusal.code} {refusal.field}"
    named = user(case)
    body = msgspec.json.encode({"type": case["type"], "payload": case.get("payload", {})})
    payload = decoder(wanted.paths, case["type"])(body).payload
    concerned = named is None or wanted.concerns(user_key(named))
    return concerned and wanted.wants(BITS[case["type"]], payload)


def by_the_sdk(case: dict[str, Any]) -> bool | str:
    interests = Interests()
    interests.own_user_id = OWN
    try:
        for name, filtered in (("s", case["filters"]), ("another", {})):  # a lone one is the edge's to decide
            interests.add(
                Interest(name, types(case), filtered, since=None, resume=(), remembered_ids=10),
            )
    except BadFilter as refused:
        return f"{refused.code} {refused.field}"
    envelope = {"type": case["type"], "payload": case.get("payload", {}), "userId": user(case)}
    message = wire.read(msgspec.json.encode({**envelope, "id": "m1", "timestamp": "2026-03-07T10:30:00Z"}))
    return "s" in [each.id for each in interests.claimants(message)]


def wanted_of(case: dict[str, Any]) -> bool | str:
    if "refused" not in case:
        found: bool = case["matches"]
        return found
    return f"bad_filter payload.config.filters.{case['refused']}".rstrip(".")


@every_case
def test_the_edge_does_as_the_table_says(case: dict[str, Any]) -> None:
    assert by_the_edge(case) == wanted_of(case)


@every_case
def test_the_sdk_does_as_the_table_says(case: dict[str, Any]) -> None:
    assert by_the_sdk(case) == wanted_of(case)


class Peer:
    """A bare connection to a fake edge."""

    def __init__(self, edge: FakeEdge, url: str) -> None:
        self.edge = edge
        self.url = url

    async def outcome(self, case: dict[str, Any]) -> bool | str:
        subprotocols = [PROTOCOL, f"bearer.{TOKEN}"]
        async with connect(self.url, subprotocols=subprotocols, compression=None) as socket:  # type: ignore[arg-type]
            await socket.recv()
            config = {"types": types(case), "filters": case["filters"]}
            payload = {"action": "subscribe", "subscriptionId": "s", "config": config}
            await socket.send(json.dumps({"type": "connection_established", "payload": payload}))
            answer = json.loads(await socket.recv())
            if answer["type"] == "error":
                return f"{answer['payload']['code']} {answer['payload']['field']}"
            self.edge.emit(case["type"], case.get("payload", {}), user_id=user(case) or 0)
            await socket.send(json.dumps({"type": "heartbeat", "payload": {"timestamp": "t"}}))
            return bool(json.loads(await socket.recv())["type"] == case["type"])


TOKEN: Final = "e30.eyJzdWIiOiI3In0.e30"  # {"sub": "7"}, which a fake edge believes


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with FakeEdge() as edge:
        yield Peer(edge, edge.url)


async def test_the_fake_edge_does_as_the_table_says(peer: Peer) -> None:
    for case in CASES:
        assert await peer.outcome(case) == wanted_of(case), case


def test_every_operator_and_short_key_has_a_case_that_matches_and_one_that_does_not() -> None:
    shown = set()
    for case in CASES:
        for key, condition in case["filters"].items():
            if "refused" not in case and key != filters.USER_KEY:
                shown |= {(name, case["matches"]) for name, _ in filters.operations(key, condition)}
                shown.add((key, case["matches"]))
    wanted = set(itertools.product((*filters.OPERATORS, *filters.SHORT_KEYS), (True, False)))
    assert wanted - shown == set(), "add cases with these to libs/events/filter-cases.json"
