"""RFC 6455 over real sockets: Autobahn's groups 6 and 7, text as UTF-8 and the closing handshake."""

import pytest
from autodmca_edge.testing import client_frame

from tests.conformance.conversation import close, refused, said
from tests.raw_client import CLOSE, CONT, PING, TEXT, RawClient

# -- 6, UTF-8 ---------------------------------------------------------------------------------------

KOSME = "κόσμε".encode()
VALID = [
    b"", b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!", KOSME,
    b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80", b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf",
    b"\xf4\x8f\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xbf\xbe",
    b"\xf0\x9f\xbf\xbe", b"\xf0\x9f\xbf\xbf", b"\xf3\xaf\xbf\xbe",
]  # fmt: skip
INVALID = [
    KOSME + b"\xed\xa0\x80edited", KOSME + b"\xf4\x90\x80\x80edited", KOSME[:1], KOSME[:-1],
    b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfd\xbf\xbf\xbf\xbf\xbf", b"\xf4\x90\x80\x80", b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80\xbf\x80",
    bytes(range(0x80, 0xC0)), b" ".join(bytes([each]) for each in range(0xC0, 0xE0)) + b" ",
    b"\xe0 \xe1 \xe2 \xef ", b"\xf0 \xf1 \xf7 ", b"\xf8 \xf9 ", b"\xfc \xfd ", b"\xc0", b"\xe0\x80",
    b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80", b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf",
    b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xc1\xbf",
    b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xed\xad\xbf",
    b"\xed\xae\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xaf\xbf\xed\xbf\xbf",
]  # fmt: skip


def test_every_valid_text_comes_back_whole_and_in_pieces(client: RawClient) -> None:
    pieces = [
        client_frame(text[:1], TEXT, fin=False)
        + b"".join(client_frame(text[at : at + 1], CONT, fin=False) for at in range(1, len(text)))
        + client_frame(b"", CONT)
        for text in VALID
    ]
    stream = b"".join(client_frame(text) + cut for text, cut in zip(VALID, pieces, strict=True))
    assert said(client, stream) == [(TEXT, text) for text in VALID for _ in range(2)]


@pytest.mark.parametrize("text", INVALID, ids=lambda text: text.hex())
def test_text_that_is_not_utf8_is_refused_whole_and_in_pieces(port: int, text: bytes) -> None:
    whole = client_frame(text)
    pieces = client_frame(text[:1], TEXT, fin=False) + client_frame(text[1:], CONT)
    for stream in (whole, pieces):
        with RawClient(port) as client:
            client.upgrade()
            assert refused(client, client_frame(b"before") + stream) == ([(TEXT, b"before")], 1007)


# -- 7, close handling ------------------------------------------------------------------------------


@pytest.mark.protocol("Close codes: 1000")
@pytest.mark.parametrize("code", [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4410, 4999])
def test_a_close_code_that_may_be_sent_is_sent_back(client: RawClient, code: int) -> None:
    client.send(close(code, "grüß dich".encode()))
    assert client.close_code() == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
@pytest.mark.parametrize("reason", [b"", b"reason"])
def test_a_close_code_that_may_not_be_sent_is_misuse(client: RawClient, code: int, reason: bytes) -> None:
    client.send(close(code, reason))
    assert client.close_code() == 1002


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", None),
        (b"\x03", 1002),
        (b"\x03\xe8" + b"*" * 123, 1000),
        (b"\x03\xe8" + b"*" * 124, 1002),
        (b"\x03\xe8" + KOSME[:-1], 1007),
        (b"\x03\xe8\xed\xa0\x80", 1007),
    ],
)
def test_a_close_frame_s_body_is_empty_or_a_code_and_text(
    client: RawClient, body: bytes, code: int | None
) -> None:
    client.send(client_frame(body, CLOSE))
    assert client.close_code() == code


def test_what_follows_a_close_frame_is_not_answered(client: RawClient) -> None:
    stream = client_frame(b"a") + close() + client_frame(b"b") + client_frame(b"", PING) + close(1001)
    assert refused(client, stream) == ([(TEXT, b"a")], 1000)


def test_a_close_frame_inside_a_fragmented_message_ends_it(client: RawClient) -> None:
    assert refused(client, client_frame(b"a", TEXT, fin=False) + close(1001)) == ([], 1001)


def test_a_peer_that_is_refused_in_the_middle_of_a_flood_still_hears_why(client: RawClient) -> None:
    client.send(client_frame(b"", 3) + client_frame(b"x" * 50_000) * 40)
    assert client.close_code() == 1002
