"""RFC 7692 over real sockets: Autobahn's groups 12 and 13 against the echo, and what they leave out."""

import json
import random
import zlib
from collections.abc import Iterator

import pytest
from autodmca_edge.testing import client_frame

from tests.conformance.conversation import LIMIT, refused, said
from tests.raw_client import BINARY, CLOSE, COMPRESSED, CONT, DEFLATE, PING, PONG, TEXT, RawClient

CUTS = [[], [1] * 60, [2], [3, 1, 7], [1000] * 40]


@pytest.fixture
def client(port: int) -> Iterator[RawClient]:
    with RawClient(port) as client:
        client.upgrade("/ws", DEFLATE)
        assert client.compressed is not None
        yield client


def squeezed(payload: bytes, window: int = 15) -> bytes:
    stream = zlib.compressobj(wbits=-window)
    return (stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


def sent(payload: bytes, opcode: int = TEXT, window: int = 15) -> bytes:
    """A compressed message in one frame."""
    return client_frame(squeezed(payload, window), opcode | COMPRESSED)


def text(size: int) -> bytes:
    """JSON, as most messages are."""
    rng = random.Random(size)
    found = json.dumps(
        [{"platform": rng.choice("abc"), "count": rng.random()} for _ in range(size // 40 + 1)]
    )
    return found[:size].encode()


# -- 12, messages of every kind and size ------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 16, 64, 200, 256, 1024, 4096, 8192, 16384, 32768, 65536, LIMIT])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_of_every_size_comes_back(client: RawClient, size: int, opcode: int) -> None:
    size = min(size, LIMIT - 100)  # what does not compress grows: neither form may be over the limit
    payload = text(size) if opcode == TEXT else random.Random(size).randbytes(size)
    assert said(client, sent(payload, opcode) * 3) == [(opcode, payload)] * 3
    assert client.compressed == (3 if opcode == TEXT and size >= 200 else 0)


@pytest.mark.parametrize("size", [64, 256, 4096])
@pytest.mark.parametrize("cuts", CUTS, ids=str)
def test_a_compressed_message_in_fragments_comes_back(client: RawClient, size: int, cuts: list[int]) -> None:
    """Section 6.1: the bit is on the first fragment alone; control frames come between, never compressed."""
    payload = text(60_000)
    data = squeezed(payload)
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    stream = b""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        stream += client_frame(part, CONT if index else TEXT | COMPRESSED, fin=last)
        if index == 0:
            stream += client_frame(b"between", PING)
    assert said(client, stream, cuts) == [(PONG, b"between"), (TEXT, payload)]
    assert client.compressed == 1


def test_messages_may_be_compressed_or_not_one_by_one(client: RawClient) -> None:
    payload = text(1000)
    stream = client_frame(payload) + sent(payload) + client_frame(b"x") + sent(b"y") + client_frame(b"", PING)
    assert said(client, stream) == [(TEXT, payload), (TEXT, payload), (TEXT, b"x"), (TEXT, b"y"), (PONG, b"")]


def test_each_message_stands_alone(client: RawClient) -> None:
    """No context is taken over: what a message says does not hang on those before it."""
    payload = text(2000)
    client.send(sent(payload) * 2 + client_frame(b"\x03\xe8", CLOSE))
    raw = client.rest()
    half = (len(raw) - 4) // 2
    first, second, end = raw[:half], raw[half : 2 * half], raw[2 * half :]
    assert first == second
    assert first[0] == 0x80 | TEXT | COMPRESSED
    assert end == b"\x88\x02\x03\xe8"


# -- 13, parameters ---------------------------------------------------------------------------------


@pytest.mark.parametrize("window", range(9, 16))
def test_what_comes_back_can_be_read_with_the_window_that_was_asked_for(port: int, window: int) -> None:
    payload = text(50_000)
    with RawClient(port) as client:
        offer = f"permessage-deflate; server_max_window_bits={window}; client_max_window_bits={window}"
        head = client.upgrade("/ws", f"Sec-WebSocket-Extensions: {offer}")
        assert f"server_max_window_bits={window}" in head
        client.send(sent(payload, window=window) + client_frame(b"\x03\xe8", CLOSE))
        answer = client.rest()
    assert answer[:2] == b"\xc1\x7e"
    reader = zlib.decompressobj(-window)
    assert reader.decompress(answer[4:-4] + b"\x00\x00\xff\xff") == payload


@pytest.mark.parametrize(
    "offer",
    ["permessage-deflate; server_max_window_bits=8", "permessage-deflate; mode=fast", "foo", ", ,", '"', ""],
)
def test_what_cannot_be_agreed_is_left_out_and_the_rest_works(port: int, offer: str) -> None:
    payload = text(1000)
    with RawClient(port) as client:
        assert "Extensions" not in client.upgrade("/ws", f"Sec-WebSocket-Extensions: {offer}")
        assert said(client, client_frame(payload)) == [(TEXT, payload)]


def test_of_several_offers_the_first_good_one_is_answered(port: int) -> None:
    with RawClient(port) as client:
        head = client.upgrade(
            "/ws",
            "Sec-WebSocket-Extensions: permessage-deflate; x, permessage-deflate; client_max_window_bits=9",
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9",
        )
        answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        assert f"Sec-WebSocket-Extensions: {answer}\r\n" in head + "\r\n"


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_compressed_message_is_refused_where_that_was_not_agreed(port: int, opcode: int) -> None:
    with RawClient(port) as client:
        client.upgrade()
        assert refused(client, client_frame(b"before") + sent(b"x", opcode)) == ([(TEXT, b"before")], 1002)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_is_never_compressed(client: RawClient, opcode: int) -> None:
    assert refused(client, client_frame(b"", opcode | COMPRESSED)) == ([], 1002)


def test_a_later_fragment_does_not_carry_the_bit(client: RawClient) -> None:
    stream = client_frame(b"\xf2", TEXT | COMPRESSED, fin=False) + client_frame(b"", CONT | COMPRESSED)
    assert refused(client, stream) == ([], 1002)


@pytest.mark.parametrize("bits", [0x20, 0x10, 0x60, 0x50, 0x70])
def test_the_other_reserved_bits_stay_reserved(client: RawClient, bits: int) -> None:
    assert refused(client, client_frame(b"\x00", TEXT | bits)) == ([], 1002)


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xf2\x48", b"plain text"])
def test_what_is_no_deflate_stream_is_refused(client: RawClient, data: bytes) -> None:
    stream = sent(b"before") + client_frame(data, TEXT | COMPRESSED)
    assert refused(client, stream) == ([(TEXT, b"before")], 1007)


def test_text_must_be_utf_8_once_it_is_decompressed(client: RawClient) -> None:
    assert refused(client, sent(b"\xff" * 100)) == ([], 1007)


def test_what_swells_over_the_limit_is_refused(client: RawClient) -> None:
    bomb = sent(bytes(90 << 20))
    assert len(bomb) < LIMIT
    assert refused(client, bomb) == ([], 1009)


def test_a_message_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(client: RawClient) -> None:
    assert refused(client, sent(b"x" * LIMIT) + sent(b"x" * (LIMIT + 1))) == ([(TEXT, b"x" * LIMIT)], 1009)


@pytest.mark.parametrize("seed", range(10))
def test_random_conversations_cut_at_random_come_back(client: RawClient, seed: int) -> None:
    rng = random.Random(seed)
    stream, expected = b"", []
    for _ in range(rng.randint(1, 40)):
        opcode = rng.choice([TEXT, BINARY])
        payload = text(rng.choice([0, 1, 199, 200, 1000, 20_000]))
        data, bit = (
            (squeezed(payload, rng.randint(9, 15)), COMPRESSED) if rng.random() < 0.6 else (payload, 0)
        )
        cut = rng.randint(0, len(data))
        if rng.random() < 0.5:
            stream += client_frame(data, opcode | bit, mask=rng.randbytes(4))
        else:
            stream += client_frame(data[:cut], opcode | bit, fin=False) + client_frame(data[cut:], CONT)
        expected.append((opcode, payload))
    sizes = [rng.choice([1, 2, 5, 17, 130, 4096]) for _ in range(rng.randint(0, 200))]
    assert said(client, stream, sizes) == expected
