"""Messages under permessage-deflate: what RFC 7692 says of streams, bounds against those that swell."""

import random
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from autodmca_edge.wire.deflate import SMALLEST, STREAMS, Undeflatable, deflated, inflated
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 65_536
TAIL = b"\x00\x00\xff\xff"


def stream_of(payload: bytes, *, window: int = 15, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
    """`payload` as a client sends it."""
    stream = zlib.compressobj(wbits=-window)
    data = stream.compress(payload) + stream.flush(flush)
    return data[:-4] if flush == zlib.Z_SYNC_FLUSH else data + b"\x00"


def refused(data: bytes, limit: int = LIMIT) -> int:
    with pytest.raises(Undeflatable) as fault:
        inflated(data, limit)
    return fault.value.code


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("f248cdc9c90700"),  # section 7.2.3.1, one block
        bytes.fromhex("000500faff48656c6c6f00"),  # section 7.2.3.3, a block without compression
        bytes.fromhex("f348cdc9c9070000"),  # section 7.2.3.4, a final block
        bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", "")),  # section 7.2.3.5, two blocks
    ],
)
def test_the_examples_of_the_rfc_are_read(data: bytes) -> None:
    assert inflated(data, 5) == b"Hello"
    assert refused(data, 4) == 1009


def test_an_empty_message_is_one_byte() -> None:
    """Section 7.2.3.6: without it there is no block for the end to belong to."""
    assert inflated(b"\x00", LIMIT) == b""
    assert refused(b"") == 1007


@pytest.mark.parametrize("window", range(9, 16))
@pytest.mark.parametrize("flush", [zlib.Z_SYNC_FLUSH, zlib.Z_FINISH])
def test_a_client_may_use_any_window(window: int, flush: int) -> None:
    payload = random.Random(window).randbytes(5000) * 3
    assert inflated(stream_of(payload, window=window, flush=flush), LIMIT) == payload


def test_what_follows_a_final_block_may_reach_back_before_it() -> None:
    """Section 7.2.3.4 ends a stream, not the window."""
    first = b"the same words again and again"
    stream = zlib.compressobj(wbits=-15)
    start = stream.compress(first) + stream.flush(zlib.Z_FINISH)
    stream = zlib.compressobj(wbits=-15, zdict=first)
    rest = stream.compress(first) + stream.flush(zlib.Z_SYNC_FLUSH)
    assert inflated(start + rest[:-4], LIMIT) == first * 2


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_a_message_of_exactly_the_limit_is_taken(size: int) -> None:
    data = stream_of(b"x" * size)
    if size == LIMIT:
        assert inflated(data, LIMIT) == b"x" * size
    else:
        assert refused(data) == 1009


@pytest.mark.parametrize("flush", [zlib.Z_SYNC_FLUSH, zlib.Z_FINISH])
def test_what_swells_is_refused_before_it_is_there(flush: int) -> None:
    bomb = stream_of(bytes(50 << 20), flush=flush)
    assert len(bomb) < LIMIT
    tracemalloc.start()
    try:
        assert refused(bomb) == 1009
        assert tracemalloc.get_traced_memory()[1] < 10 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"\x06",  # a block of the reserved type
        bytes.fromhex("f248cdc9"),  # cut inside a block
        bytes.fromhex("000500faff4865"),  # cut inside a block without compression
        bytes.fromhex("0005000000"),  # its length and the complement do not agree
        bytes.fromhex("f348cdc9c90700") + b"\xff\xff",  # no stream after a final block
        b"this is not compressed at all",
    ],
)
def test_what_is_no_stream_is_refused(data: bytes) -> None:
    assert refused(data) == 1007


def test_a_message_in_streams_without_end_is_refused() -> None:
    final = bytes.fromhex("0300")  # an empty final block
    assert inflated(final * (STREAMS - 1) + b"\x00", LIMIT) == b""
    assert refused(final * STREAMS + b"\x00") == 1008
    assert refused(final * (LIMIT // 2)) == 1008


@pytest.mark.parametrize("window", range(9, 13))
def test_what_is_sent_is_read_with_the_window_agreed(window: int) -> None:
    rng = random.Random(window)
    payload = b"".join(
        rng.choice([b'{"type":', b'"payload":', rng.randbytes(3).hex().encode()]) * 3 for _ in range(900)
    )
    data = deflated(payload, window)
    assert data is not None
    assert len(data) < len(payload)
    reader = zlib.decompressobj(-window)
    assert reader.decompress(data + TAIL) == payload
    assert not reader.eof, "a final block would need a byte more"


def test_what_is_small_or_would_grow_is_not_compressed() -> None:
    assert deflated(b"x" * (SMALLEST - 1), 12) is None
    assert deflated(b"x" * SMALLEST, 12) is not None
    assert deflated(random.Random(0).randbytes(5000), 12) is None


@given(st.binary(max_size=2000), st.integers(9, 12))
def test_what_one_side_writes_the_other_reads(payload: bytes, window: int) -> None:
    data = deflated(payload * 3, window)
    if data is not None:
        assert inflated(data, LIMIT) == payload * 3
    assert inflated(stream_of(payload, window=window), LIMIT) == payload


@given(st.binary(max_size=300), st.lists(st.tuples(st.integers(0, 299), st.integers(0, 255)), max_size=3))
def test_damaged_streams_raise_nothing_else_and_keep_the_bound(
    payload: bytes, scars: list[tuple[int, int]]
) -> None:
    data = bytearray(stream_of(payload * 2))
    for at, value in scars:
        data[at % len(data) : at % len(data) + 1] = bytes([value])
    with suppress(Undeflatable):
        assert len(inflated(bytes(data), 400)) <= 400
