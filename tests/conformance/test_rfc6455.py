"""RFC 6455 over real sockets: Autobahn's groups 1 to 5, 9 and 10 against the echo, with a client that can
send any bytes, cut anywhere."""

import random

import pytest
from autodmca_edge.testing import client_frame
from autodmca_edge.wire.frames import FRAGMENT_BYTES, FRAMES_A_TURN, MAX_FRAGMENTS

from tests.conformance.conversation import LIMIT, refused, said
from tests.raw_client import BINARY, CLOSE, CONT, PING, PONG, TEXT, RawClient

BOUNDARIES = [0, 1, 125, 126, 127, 128, 65535, 65536, LIMIT]
CUTS = [[], [1] * 40, [2], [3, 1, 7], [6] * 30, [1000] * 90]


# -- 1, framing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", BOUNDARIES)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_of_every_length_form_comes_back(client: RawClient, size: int, opcode: int) -> None:
    payload = b"*" * size if opcode == TEXT else b"\xfe" * size
    assert said(client, client_frame(payload, opcode)) == [(opcode, payload)]


@pytest.mark.parametrize("cuts", CUTS, ids=str)
def test_however_a_message_is_cut_it_is_the_same(client: RawClient, cuts: list[int]) -> None:
    payload = b"*" * 65536
    assert said(client, client_frame(payload), cuts) == [(TEXT, payload)]


def test_frames_in_one_segment_are_all_taken_in_their_order(client: RawClient) -> None:
    texts = [b"%d" % number for number in range(5 * FRAMES_A_TURN)]
    assert said(client, b"".join(map(client_frame, texts))) == [(TEXT, text) for text in texts]


def test_the_mask_may_be_any(client: RawClient) -> None:
    masks = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x00\xff\x00\xff"]
    assert said(client, b"".join(client_frame(b"mask", mask=mask) for mask in masks)) == [(TEXT, b"mask")] * 3


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x05hello",  # section 5.1: not masked
        b"\x81\xfe\x00\x7d",  # section 5.2: not the minimal number of bytes
        b"\x81\xff" + (65535).to_bytes(8, "big"),
        b"\x81\xff" + (1 << 63).to_bytes(8, "big"),  # the most significant bit must be 0
    ],
)
def test_a_frame_out_of_shape_is_refused_at_its_first_bytes(client: RawClient, frame: bytes) -> None:
    assert refused(client, client_frame(b"before") + frame) == ([(TEXT, b"before")], 1002)


# -- 2, pings and pongs -----------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"Hello", b"\x00\xff\xfe\xfd", b"\xfe" * 125])
def test_a_ping_comes_back_as_a_pong(client: RawClient, payload: bytes) -> None:
    assert said(client, client_frame(payload, PING)) == [(PONG, payload)]


def test_ten_pings_come_back_in_their_order_whole_or_byte_by_byte(client: RawClient) -> None:
    pings = b"".join(client_frame(b"payload-%d" % number, PING) for number in range(10))
    expected = [(PONG, b"payload-%d" % number) for number in range(10)]
    assert said(client, pings + pings, [len(pings), *[1] * len(pings)]) == expected * 2


def test_a_pong_that_nobody_asked_for_is_ignored(client: RawClient) -> None:
    stream = client_frame(b"", PONG) + client_frame(b"x" * 125, PONG) + client_frame(b"p", PING)
    assert said(client, stream) == [(PONG, b"p")]


def test_a_ping_over_125_bytes_is_refused(client: RawClient) -> None:
    assert refused(client, client_frame(b"\xfe" * 126, PING)) == ([], 1002)


# -- 3 and 4, reserved bits and opcodes -------------------------------------------------------------


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_a_reserved_bit_is_refused_and_what_came_before_is_answered(
    client: RawClient, bits: int, opcode: int
) -> None:
    stream = client_frame(b"before") + client_frame(b"", opcode | bits << 4) + client_frame(b"after")
    assert refused(client, stream) == ([(TEXT, b"before")], 1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"payload"])
def test_a_reserved_opcode_is_refused(client: RawClient, opcode: int, payload: bytes) -> None:
    stream = client_frame(b"before") + client_frame(payload, opcode) + client_frame(b"", PING)
    assert refused(client, stream, [10, 1, 1]) == ([(TEXT, b"before")], 1002)


# -- 5, fragmentation -------------------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_may_not_be_fragmented(client: RawClient, opcode: int) -> None:
    stream = client_frame(b"frag", opcode, fin=False) + client_frame(b"ment", CONT)
    assert refused(client, stream) == ([], 1002)


@pytest.mark.parametrize("cuts", CUTS, ids=str)
def test_fragments_are_joined_with_control_frames_between_them(client: RawClient, cuts: list[int]) -> None:
    stream = (
        client_frame(b"one ", TEXT, fin=False)
        + client_frame(b"a", PING)
        + client_frame(b"", CONT, fin=False)
        + client_frame(b"b", PING)
        + client_frame(b"", PONG)
        + client_frame(b"two", CONT)
        + client_frame(b"\xff\xfe", BINARY, fin=False)
        + client_frame(b"c", PING)
        + client_frame(b"", CONT)
    )
    expected = [(PONG, b"a"), (PONG, b"b"), (TEXT, b"one two"), (PONG, b"c"), (BINARY, b"\xff\xfe")]
    assert said(client, stream, cuts) == expected


@pytest.mark.parametrize(
    "frames",
    [
        [(b"x", CONT, True)],
        [(b"x", CONT, False)],
        [(b"a", TEXT, False), (b"b", CONT, True), (b"c", CONT, True)],
        [(b"a", TEXT, False), (b"b", TEXT, True)],
        [(b"a", TEXT, False), (b"b", TEXT, False)],
        [(b"a", BINARY, False), (b"b", TEXT, True)],
    ],
)
def test_a_message_is_continued_or_begun_never_both(
    client: RawClient, frames: list[tuple[bytes, int, bool]]
) -> None:
    stream = b"".join(client_frame(payload, opcode, fin=fin) for payload, opcode, fin in frames)
    assert refused(client, stream)[1] == 1002


def test_fragments_without_end_are_refused(client: RawClient) -> None:
    fragments = max(MAX_FRAGMENTS, LIMIT // FRAGMENT_BYTES)
    stream = client_frame(b"", TEXT, fin=False) + client_frame(b"", CONT, fin=False) * fragments
    assert refused(client, stream) == ([], 1008)


# -- 9 and 10, limits and fragments of any size -----------------------------------------------------


def test_a_message_over_the_limit_is_refused_before_it_is_there(client: RawClient) -> None:
    head = client_frame(b"x" * (LIMIT + 1))[:10]
    assert refused(client, head) == ([], 1009)


def test_fragments_count_together_against_the_limit(client: RawClient) -> None:
    half = b"x" * (LIMIT // 2)
    stream = client_frame(half, TEXT, fin=False) + client_frame(half, CONT, fin=False)
    assert refused(client, stream + client_frame(b"y", CONT)) == ([], 1009)


@pytest.mark.parametrize("size", [64, 256, 1300, 65536])
def test_a_message_in_fragments_of_any_size_comes_back(client: RawClient, size: int) -> None:
    payload = random.Random(size).randbytes(LIMIT)
    parts = [payload[at : at + size] for at in range(0, LIMIT, size)]
    last = len(parts) - 1
    stream = b"".join(
        client_frame(part, CONT if index else BINARY, fin=index == last) for index, part in enumerate(parts)
    )
    assert said(client, stream, [size + 3] * 50) == [(BINARY, payload)]


@pytest.mark.parametrize("seed", range(20))
def test_random_conversations_cut_at_random_come_back(client: RawClient, seed: int) -> None:
    rng = random.Random(seed)
    stream, expected = b"", []
    for _ in range(rng.randint(1, 60)):
        opcode = rng.choice([TEXT, BINARY, PING])
        size = rng.choice([0, 1, rng.randint(2, 125), 125] if opcode == PING else [*BOUNDARIES[:6], 3000])
        payload = b"t" * size if opcode == TEXT else rng.randbytes(size)
        cut = rng.randint(0, size)
        mask = rng.randbytes(4)
        if opcode == PING or rng.random() < 0.5:
            stream += client_frame(payload, opcode, mask=mask)
        else:
            stream += client_frame(payload[:cut], opcode, fin=False) + client_frame(payload[cut:], CONT)
        expected.append((PONG if opcode == PING else opcode, payload))
    sizes = [rng.choice([1, 2, 5, 17, 130, 4096]) for _ in range(rng.randint(0, 200))]
    assert said(client, stream, sizes) == expected
