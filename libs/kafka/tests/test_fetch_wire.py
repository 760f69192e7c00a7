"""Fetch version 13 by hand, against the bytes that Kafka's protocol guide describes."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from aiokafka.protocol.types import UnsignedVarInt32
from autodmca_kafka.fetch_wire import (
    Aborted,
    Diverging,
    FetchRequest,
    FetchRequestV13,
    FetchResponse,
    Slice,
    Wanted,
)
from hypothesis import given
from hypothesis import strategies as st

ONE, TWO = bytes(range(16)), bytes(range(16, 32))


def response(*slices: Slice, tags: bytes = b"\x00") -> bytes:
    parts = [struct.pack(">ihi", 0, 0, 77), UnsignedVarInt32.encode(len(slices) + 1)]
    for piece in slices:
        head = (
            piece.partition,
            piece.error_code,
            piece.high_watermark,
            piece.end,
            piece.log_start,
        )
        parts += [
            piece.topic_id, b"\x02", struct.pack(">ihqqq", *head),
            UnsignedVarInt32.encode(len(piece.aborted) + 1),
            *(struct.pack(">qq", *each) + b"\x00" for each in piece.aborted),
            struct.pack(">i", -1), UnsignedVarInt32.encode(len(piece.records) + 1), piece.records,
            tags, b"\x00",
        ]  # fmt: skip
    return b"".join([*parts, b"\x00"])


PARTITION = struct.Struct(">iiqiqib")


def request(wanted: list[Wanted], **more: Any) -> bytes:
    whole = FetchRequest(wanted, max_wait_ms=100, min_bytes=1, max_bytes=5000, **more)
    return whole.build(FetchRequestV13).encode()


def test_partitions_are_asked_for_under_their_topic_in_the_order_given() -> None:
    wanted = [Wanted(ONE, 0, 5, 100, 1000), Wanted(ONE, 2, 5, 8, 1000, 4), Wanted(TWO, 3, -1, 7, 1000)]
    assert request([*wanted, wanted[0]]) == b"".join([
        struct.pack(">iiiibii", -1, 100, 1, 5000, 1, 0, -1), b"\x04",
        ONE, b"\x03", PARTITION.pack(0, 5, 100, -1, -1, 1000, 0), PARTITION.pack(2, 5, 8, 4, -1, 1000, 0),
        b"\x00", TWO, b"\x02", PARTITION.pack(3, -1, 7, -1, -1, 1000, 0), b"\x00",
        ONE, b"\x02", PARTITION.pack(0, 5, 100, -1, -1, 1000, 0), b"\x00",
        b"\x01\x01\x00",
    ])  # fmt: skip


def test_a_session_is_told_what_to_forget() -> None:
    assert request([], session=(7, 3), forgotten=[(ONE, 4), (ONE, 5), (TWO, 6)]) == b"".join([
        struct.pack(">iiiibii", -1, 100, 1, 5000, 1, 7, 3), b"\x01",
        b"\x03", ONE, b"\x03", struct.pack(">ii", 4, 5), b"\x00", TWO, b"\x02", struct.pack(">i", 6), b"\x00",
        b"\x01\x00",
    ])  # fmt: skip


@pytest.mark.parametrize("tags", [b"\x00", b"\x02\x05\x03abc\x06\x81\x01" + b"x" * 129])
@pytest.mark.parametrize("aborted", [[], [Aborted(7, 3), Aborted(2**40, 2)]])
def test_a_response_is_read_with_its_aborted_transactions_and_over_tags(
    aborted: list[Aborted], tags: bytes
) -> None:
    slices = [Slice(ONE, 0, 0, 9, 8, 1, b"r" * 300, aborted), Slice(TWO, 5, 3, 0, 0, -1, b"", [])]
    read = FetchResponse.decode(response(*slices, tags=tags))
    assert (read.slices, read.session_id) == (slices, 77)


def test_a_response_says_where_the_log_parts_from_what_was_read() -> None:
    tags = b"\x02\x00\x0d" + struct.pack(">iq", 3, 90) + b"\x00\x05\x01x"
    [read] = FetchResponse.decode(response(Slice(ONE, 0, 0, 105, 105, 0, b""), tags=tags)).slices
    assert read.diverging == Diverging(epoch=3, end=90)


def test_a_response_that_ends_early_is_refused_wherever_it_ends() -> None:
    whole = response(Slice(ONE, 0, 0, 9, 9, 1, b"r" * 30))
    for end in range(len(whole)):
        with pytest.raises(ValueError, match="fetch response"):
            FetchResponse.decode(whole[:end])


@given(st.binary(max_size=200))
def test_junk_is_refused_or_read_but_never_runs_away(junk: bytes) -> None:
    try:
        FetchResponse.decode(struct.pack(">ihi", 0, 0, 0) + junk)
    except ValueError:
        return
