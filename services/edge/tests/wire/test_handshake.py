"""What a request's head must be for a WebSocket to come of it, and what each fault is answered with."""

from contextlib import suppress

import pytest
from autodmca_edge.testing import upgrade_request
from autodmca_edge.wire.handshake import HandshakeRefused, Upgrade, accept, read_upgrade
from autodmca_events import FAMILIES
from hypothesis import given
from hypothesis import strategies as st


def read(head: bytes, *origins: str) -> Upgrade:
    upgrade = read_upgrade(head, origins)
    assert upgrade is not None
    return upgrade


def refusal(head: bytes, *origins: str) -> HandshakeRefused:
    with pytest.raises(HandshakeRefused) as refused:
        read_upgrade(head, origins)
    return refused.value


def test_a_valid_head_is_an_upgrade() -> None:
    upgrade = read(upgrade_request())
    assert upgrade == Upgrade(
        family=None, key=b"dGhlIHNhbXBsZSBub25jZQ==", token=None, origin=None, subprotocol=None
    )


def test_the_answer_proves_that_the_key_was_read() -> None:
    answer = accept(read(upgrade_request()))
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer  # RFC 6455, section 1.3
    assert answer.endswith(b"\r\n\r\n")
    assert b"Sec-WebSocket-Protocol" not in answer


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_an_address(family: str) -> None:
    assert read(upgrade_request(f"/ws/{family}?x=1")).family == family


@pytest.mark.parametrize(
    "head",
    [
        b"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /upgrade HTTP/1.1\r\nHost: a\r\n\r\n",
        upgrade_request("/metrics", without=["Upgrade"]),
        upgrade_request("/ws", "Upgrade: h2c", without=["Upgrade"]),
    ],
)
def test_what_asks_for_no_websocket_is_plain_http(head: bytes) -> None:
    assert read_upgrade(head, ()) is None


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (upgrade_request(without=["Host"]), 400),
        (upgrade_request(without=["Connection"]), 400),
        (upgrade_request("/ws", "Connection: keep-alive", without=["Connection"]), 400),
        (upgrade_request(without=["Sec-WebSocket-Key"]), 400),
        (upgrade_request("/ws", "Sec-WebSocket-Key: c2hvcnQ=", without=["Sec-WebSocket-Key"]), 400),
        (upgrade_request("/ws", "Sec-WebSocket-Key: ???", without=["Sec-WebSocket-Key"]), 400),
        (upgrade_request("/ws", "Sec-WebSocket-Key: \u00e9", without=["Sec-WebSocket-Key"]), 400),
        (upgrade_request(version="HTTP/1.0"), 400),
        (upgrade_request("/ws", "Content-Length: 5"), 400),
        (upgrade_request("/ws", "Content-Length: five"), 400),
        (upgrade_request("/ws", "Transfer-Encoding: chunked"), 400),
        (upgrade_request("/ws", "no colon here"), 400),
        (upgrade_request("/w s"), 400),
        (upgrade_request("/ws\x00"), 400),
        (b"\x16\x03\x01 upgrade: websocket\r\n\r\n", 400),
        (upgrade_request(method="POST"), 405),
        (upgrade_request(method="HEAD"), 405),
        (upgrade_request(method="OPTIONS"), 405),
        (upgrade_request(without=["Sec-WebSocket-Version"]), 426),
        (upgrade_request("/ws", "Sec-WebSocket-Version: 8", without=["Sec-WebSocket-Version"]), 426),
        (upgrade_request("/"), 404),
        (upgrade_request("/ws/"), 404),
        (upgrade_request("/ws/nothing"), 404),
        (upgrade_request("/WS"), 404),
        (upgrade_request("/templates"), 404),
        (upgrade_request("*"), 404),
        (upgrade_request("http://edge.example"), 404),
    ],
)
def test_each_fault_has_its_status(head: bytes, status: int) -> None:
    assert refusal(head).status == status


@pytest.mark.parametrize(
    "line",
    [
        "Host: other",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ],
)
def test_a_header_given_twice_is_refused(line: str) -> None:
    assert refusal(upgrade_request("/ws", line)).status == 400


@pytest.mark.parametrize("name", ["Authorization", "Origin"])
def test_an_optional_header_given_twice_is_refused(name: str) -> None:
    assert refusal(upgrade_request("/ws", f"{name}: a b", f"{name}: a b")).status == 400


def test_a_refusal_is_a_whole_http_answer() -> None:
    head, _, body = refusal(upgrade_request(method="POST")).response().partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 405 Method Not Allowed"
    assert "Allow: GET" in lines
    assert "Connection: close" in lines
    assert f"Content-Length: {len(body)}" in lines


def test_another_version_is_told_which_one_is_spoken() -> None:
    answer = refusal(upgrade_request(without=["Sec-WebSocket-Version"])).response().decode().split("\r\n")
    assert answer[0] == "HTTP/1.1 426 Upgrade Required"
    # RFC 9110, section 15.5.22: a 426 says in Upgrade what would do; section 7.8: so does Connection.
    assert {"Sec-WebSocket-Version: 13", "Upgrade: websocket", "Connection: Upgrade, close"} <= set(answer)


def test_lists_and_case_in_headers_do_not_matter() -> None:
    head = upgrade_request(
        "/ws", "upgrade: h2c, WebSocket", "connection: keep-alive, UPGRADE", without=["Upgrade", "Connection"]
    )
    assert read(head).key


def test_an_absolute_address_is_read_like_a_path() -> None:
    assert read(upgrade_request("http://edge.example/ws/ai?token=t")).token == "t"


HEADER, OFFER, QUERY = (
    "Authorization: Bearer h",
    "Sec-WebSocket-Protocol: autodmca.v1, bearer.s",
    "/ws?token=q",
)


@pytest.mark.parametrize(
    ("target", "lines", "token"),
    [
        ("/ws", [], None),
        ("/ws", [HEADER], "h"),
        ("/ws", ["authorization: bearer  h "], "h"),
        ("/ws", [OFFER], "s"),
        (QUERY, [], "q"),
        (QUERY, [OFFER], "s"),
        (QUERY, [HEADER, OFFER], "h"),
        ("/ws", [HEADER, OFFER], "h"),
        (QUERY, ["Authorization: Basic abc"], "q"),
        ("/ws?token=", [], None),
        ("/ws/ai?a=b&token=x.y-z_0", [], "x.y-z_0"),
        ("/ws", ["Sec-WebSocket-Protocol: autodmca.v1", "Sec-WebSocket-Protocol: bearer.two"], "two"),
    ],
)
def test_the_token_comes_from_the_header_the_subprotocol_or_the_query_in_this_order(
    target: str, lines: list[str], token: str | None
) -> None:
    assert read(upgrade_request(target, *lines)).token == token


def test_the_subprotocol_is_answered_without_the_token() -> None:
    upgrade = read(upgrade_request("/ws", OFFER))
    assert upgrade.subprotocol == "autodmca.v1"
    assert b"\r\nSec-WebSocket-Protocol: autodmca.v1\r\n" in accept(upgrade)
    assert read(upgrade_request("/ws", "Sec-WebSocket-Protocol: graphql-ws")).subprotocol is None


def test_an_origin_outside_the_list_is_forbidden() -> None:
    ours = "https://app.example"
    assert read(upgrade_request("/ws", f"Origin: {ours}"), ours).origin == ours
    assert read(upgrade_request(), ours).origin is None  # not a browser
    assert read(upgrade_request("/ws", "Origin: https://evil.example")).origin == "https://evil.example"
    for origin in ["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"]:
        assert refusal(upgrade_request("/ws", f"Origin: {origin}"), ours).status == 403


@given(st.binary(max_size=200))
def test_random_heads_raise_nothing_but_refusals(noise: bytes) -> None:
    with suppress(HandshakeRefused):
        read_upgrade(b"GET /ws HTTP/1.1\r\nupgrade: websocket\r\n" + noise + b"\r\n\r\n", ())
    with suppress(HandshakeRefused):
        read_upgrade(noise + b" upgrade\r\n\r\n", ())


@given(st.binary(max_size=60).filter(lambda target: b"\r" not in target and b"\n" not in target))
def test_random_addresses_raise_nothing_but_refusals(target: bytes) -> None:
    head = upgrade_request("/@").replace(b"/@", target)
    with suppress(HandshakeRefused):
        read_upgrade(head, ())
