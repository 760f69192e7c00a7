"""What is offered in Sec-WebSocket-Extensions, and what comes of it (RFC 7692, sections 5 and 7.1)."""

import pytest
from autodmca_edge.testing import upgrade_request
from autodmca_edge.wire.deflate import agreed
from autodmca_edge.wire.handshake import accept, read_upgrade
from hypothesis import given
from hypothesis import strategies as st

ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
ALL = 12


@pytest.mark.parametrize(
    ("offer", "window", "more"),
    [
        ("permessage-deflate", ALL, ""),
        ("permessage-deflate; client_max_window_bits", ALL, ""),  # Chromium
        ("permessage-deflate; client_max_window_bits=8", ALL, ""),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", ALL, ""),
        ("permessage-deflate; server_max_window_bits=15", ALL, "; server_max_window_bits=15"),
        ("permessage-deflate; server_max_window_bits=12", ALL, "; server_max_window_bits=12"),
        ("permessage-deflate; server_max_window_bits=9", 9, "; server_max_window_bits=9"),
        ('permessage-deflate; server_max_window_bits="10"', 10, "; server_max_window_bits=10"),
        ('permessage-deflate; server_max_window_bits="1\\0"', 10, "; server_max_window_bits=10"),
        ("\tpermessage-deflate ;server_max_window_bits = 11 ; client_max_window_bits=15 ", 11,
         "; server_max_window_bits=11"),
    ],
)  # fmt: skip
def test_an_offer_that_can_be_met_is_answered(offer: str, window: int, more: str) -> None:
    """Never with takeover of a context, so that a message is the same bytes for everybody."""
    assert agreed([offer]) == (window, ANSWER + more)


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "permessage-bzip2",
        "x-webkit-deflate-frame",
        "Permessage-Deflate",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=1 0",
        "permessage-deflate; server_max_window_bits=9.0",
        'permessage-deflate; server_max_window_bits=""',
        'permessage-deflate; server_max_window_bits="10',
        'permessage-deflate; server_max_window_bits=10"',
        "permessage-deflate; server_max_window_bits='10'",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=\u0661\u0662",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; mode=fast",
        "permessage-deflate;",
        "permessage-deflate; ;",
        "permessage-deflate; =9",
        "permessage-deflate=1",
        "permessage-deflate; server_max_window_bits=8",  # allowed, but zlib writes no such stream
    ],
)
def test_an_offer_that_is_malformed_or_cannot_be_met_is_declined(offer: str) -> None:
    assert agreed([offer]) is None


@pytest.mark.parametrize(
    "headers",
    [
        ["foo, permessage-deflate"],
        ["foo", "permessage-deflate"],
        ["permessage-deflate; mode=fast, permessage-deflate"],
        ["permessage-deflate; server_max_window_bits=8, permessage-deflate; client_max_window_bits"],
        ['foo; x="a, b\\"; c", permessage-deflate'],
        [",, permessage-deflate,,"],
        ["permessage-deflate, permessage-deflate; server_max_window_bits=9"],
    ],
)
def test_of_several_the_first_that_can_be_met_is_taken(headers: list[str]) -> None:
    assert agreed(headers) == (ALL, ANSWER)


@pytest.mark.parametrize(
    "header",
    ['foo; x=", permessage-deflate, "', 'foo; x="a\\", permessage-deflate', 'foo; "permessage-deflate'],
)
def test_what_is_inside_quotes_is_no_offer(header: str) -> None:
    assert agreed([header]) is None


@given(st.text(st.sampled_from('permssagedflt-;="\\, 019wx_'), max_size=80))
def test_any_header_is_answered_or_declined(header: str) -> None:
    assert agreed([header]) in {None, (ALL, ANSWER)}
    assert agreed([f"permessage-deflate, {header}"]) == (ALL, ANSWER)


def test_a_long_header_costs_no_more_than_its_length() -> None:
    for piece in ('"', '"\\', ";", " ", ",", "a=", 'a="', "permessage-deflate;"):
        agreed([piece * (30_000 // len(piece))])


@pytest.mark.parametrize(("compression", "answered"), [(True, True), (False, False)])
def test_the_answer_to_the_handshake_names_it_when_it_is_switched_on(
    *, compression: bool, answered: bool
) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    upgrade = read_upgrade(upgrade_request("/ws", offer), (), compression=compression)
    assert upgrade is not None
    assert (f"Sec-WebSocket-Extensions: {ANSWER}\r\n".encode() in accept(upgrade)) is answered
    assert (b"Extensions" in accept(upgrade)) is answered


def test_an_offer_that_is_not_taken_does_no_harm() -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99, \x01"
    upgrade = read_upgrade(upgrade_request("/ws", offer.replace("\x01", "?")), (), compression=True)
    assert upgrade is not None
    assert upgrade.deflate is None
    assert b"Extensions" not in accept(upgrade)
