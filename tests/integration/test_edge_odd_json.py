"""Deep, huge and odd JSON, in every place of every message, to a real edge process."""

import itertools
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from autodmca_edge.testing import client_frame

from tests.brokers import Broker
from tests.integration.edge_site import Edge, edge_node, token
from tests.raw_client import TEXT, Frame, RawClient

_users = itertools.count(6_000_000 + os.getpid())


@pytest.fixture(scope="module")
def edge(embedded_broker: Broker) -> Iterator[Edge]:
    with edge_node(embedded_broker.bootstrap_servers) as node:
        yield node
        assert "Traceback" not in node.output, node.output[node.output.index("Traceback") - 500 :][:4000]


@pytest.fixture
def client(edge: Edge) -> Iterator[RawClient]:
    with RawClient(edge.port) as client:
        client.upgrade(f"/ws?token={token(next(_users))}")
        assert payload(client.frame())["action"] == "connected"
        yield client


def payload(frame: Frame) -> dict[str, Any]:
    assert frame.opcode == TEXT, frame
    found: dict[str, Any] = json.loads(frame.payload)["payload"]
    return found


DEEP = [100, 900, 990, 1000, 1010, 5000, 16_000]


@pytest.mark.parametrize(
    "value",
    [
        *("[" * depth + "]" * depth for depth in DEEP),
        *('{"a":' * depth + "1" + "}" * depth for depth in DEEP if depth < 10_000),
        "[" * 30_000,
        "9" * 30_000,
        "-" + "9" * 400,
        "123456789012345678901234567890",
        "1e999999",
        "0." + "0" * 30_000 + "1",
        '"' + "x" * 30_000 + '"',
        '"' + "\\u00e9" * 5000 + '"',
        '"\\ud800"',
        '"\\udc00\\ud83d"',
        '"\\u0000"',
        '"\\',
        "{" + ",".join(f'"k{number}":{number}' for number in range(2000)) + "}",
        '{"a":1,"a":2}',
        "[" + "0," * 15_000 + "0]",
        "NaN",
        "",
    ],
    ids=lambda value: f"{value[:12]}-{len(value)}",
)
@pytest.mark.parametrize(
    "message",
    [
        '{"type":"heartbeat","payload":{"timestamp":@}}',
        '{"type":"heartbeat","payload":@}',
        '{"type":"connection_established","id":@,"payload":{"action":"unsubscribe","subscriptionId":"s"}}',
        '{"type":"connection_established","payload":{"action":"unsubscribe","subscriptionId":@}}',
        '{"type":"connection_established","payload":{"action":"subscribe","subscriptionId":"s","config":'
        '{"types":["template_usage"],"filters":{"name":@}}}}',
        '{"type":"connection_established","payload":{"action":"subscribe","subscriptionId":"s","config":'
        '{"types":@,"resume":@}}}',
        '{"type":"user_notification","payload":{"action":"read","data":@}}',
        '{"type":"other","more":@}',
        "@",
    ],
    ids=["beat", "payload", "id", "name", "filter", "types", "data", "more", "all"],
)
def test_deep_huge_and_odd_json_is_answered_and_the_connection_stays(
    client: RawClient, message: str, value: str
) -> None:
    client.send(client_frame(message.replace("@", value).encode()))
    client.send(client_frame(b'{"type":"heartbeat","payload":{"timestamp":"after"}}'))
    first = payload(client.frame())
    assert {"response", "action", "code"} & set(first), first
    last = first if first.get("timestamp") == "after" else payload(client.frame())
    assert last["timestamp"] == "after"
