"""Batches into records: offsets, codecs, control batches, and bytes that are no batch."""

from __future__ import annotations

import struct

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from autodmca_kafka.records import Span, committed, decode, span
from hypothesis import given
from hypothesis import strategies as st

ATTRIBUTES_AT = 21
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)


def batch(first: int, count: int, codec: int = NONE, header: str = "type") -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, 1 << 20)
    for number in range(count):
        assert builder.append(number, 1000 + number, b"k", b"v%d" % (first + number), [(header, b"x")])
    built = bytearray(builder.build())
    struct.pack_into(">q", built, 0, first)
    return bytes(built)


def values(fetched: bytes, start: int) -> list[bytes | None]:
    records, faults = decode(fetched, start)
    assert not faults
    return [record.value for record in records]


@pytest.mark.parametrize("codec", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_every_codec_gives_the_records(codec: int) -> None:
    records, faults = decode(batch(10, 3, codec), 10)
    assert not faults
    assert [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in records] == [
        (10 + n, 1000 + n, b"k", b"v%d" % (10 + n), [("type", b"x")]) for n in range(3)
    ]


def test_a_start_inside_a_batch_leaves_out_what_is_before() -> None:
    fetched = batch(0, 4) + batch(4, 4)
    assert values(fetched, 2) == [b"v%d" % number for number in range(2, 8)]
    assert values(fetched, 5) == [b"v5", b"v6", b"v7"]


def test_span_ends_before_a_batch_that_is_cut_off() -> None:
    first, second = batch(0, 4), batch(4, 4)
    assert span(first + second, 0) == Span(8, len(first + second), None)
    for cut in (1, 30, 61, len(second) - 1):
        assert span(first + second[:cut], 0) == Span(4, len(first), None)
    assert span(b"", 7) == Span(7, 0, None)


def test_gaps_of_a_compacted_log_are_no_fault() -> None:
    fetched = batch(0, 2) + batch(100, 2)
    assert span(fetched, 0).next_offset == 102
    assert values(fetched, 0) == [b"v0", b"v1", b"v100", b"v101"]


def test_control_batches_are_passed_over() -> None:
    control = bytearray(batch(4, 1))
    struct.pack_into(">h", control, ATTRIBUTES_AT, 0x30)
    fetched = batch(0, 4) + bytes(control) + batch(5, 1)
    assert span(fetched, 0).next_offset == 6
    assert values(fetched, 0) == [b"v0", b"v1", b"v2", b"v3", b"v5"]


def test_a_wrong_checksum_is_a_fault_and_the_other_batches_are_read() -> None:
    broken = bytearray(batch(4, 4))
    broken[-1] ^= 0xFF
    records, faults = decode(batch(0, 4) + bytes(broken) + batch(8, 1), 0)
    assert [record.offset for record in records] == [0, 1, 2, 3, 8]
    assert [(fault.offset, fault.next_offset) for fault in faults] == [(4, 8)]
    assert "checksum" in faults[0].reason


def test_a_header_that_is_not_utf_8_costs_only_the_records_from_it_on() -> None:
    builder = DefaultRecordBatchBuilder(2, NONE, 0, -1, -1, 0, 1 << 20)
    for number, name in enumerate(["good", "badd", "good"]):
        builder.append(number, 1000, b"k", b"v", [(name, b"x")])
    fetched = bytes(builder.build()).replace(b"badd", b"\xff\xfe\xfd\xfc")
    records, faults = decode(fetched, 0, check_crcs=False)
    assert [record.offset for record in records] == [0]
    assert [(fault.offset, fault.next_offset) for fault in faults] == [(1, 3)]


def test_a_compressed_batch_of_garbage_is_a_fault() -> None:
    for codec in (GZIP, SNAPPY, LZ4, ZSTD, 7):
        broken = bytearray(batch(4, 4))
        struct.pack_into(">h", broken, ATTRIBUTES_AT, codec)
        records, faults = decode(bytes(broken), 4, check_crcs=False)
        assert (records, [(fault.offset, fault.next_offset) for fault in faults]) == ([], [(4, 8)])


def test_an_old_record_format_is_named() -> None:
    old = bytearray(batch(0, 1))
    old[16] = 1
    assert "format 1" in (span(bytes(old), 0).broken or "")


@given(st.binary(max_size=300), st.integers(0, 10))
def test_bytes_that_are_no_batch_never_raise_nor_go_back(junk: bytes, start: int) -> None:
    assert span(junk, start).next_offset >= start
    fetched = batch(0, 12) + junk
    whole = span(fetched, start)
    assert whole.next_offset >= 12
    assert 0 < whole.size <= len(fetched)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_flipped_byte_is_noticed_or_harmless(place: int, value: int) -> None:
    good = batch(0, 5)
    flipped = bytearray(good)
    flipped[place % len(good)] = value
    whole = span(bytes(flipped), 0)
    records, faults = decode(bytes(flipped)[: whole.size], 0)
    if not faults and not whole.broken and whole.size:
        # Not covered by the checksum: the base offset, the length and the leader's epoch.
        assert [record.value for record in records] in ([b"v%d" % n for n in range(5)], [])


TRANSACTIONAL, CONTROL = 0x10, 0x20
PRODUCER_ID_AT = 43


def of_producer(producer: int, first: int, count: int = 1, attributes: int = TRANSACTIONAL) -> bytes:
    built = bytearray(batch(first, count))
    struct.pack_into(">h", built, ATTRIBUTES_AT, attributes)
    struct.pack_into(">q", built, PRODUCER_ID_AT, producer)
    return bytes(built)


def marker(producer: int, offset: int) -> bytes:
    return of_producer(producer, offset, attributes=TRANSACTIONAL | CONTROL)


def test_of_a_producer_only_the_aborted_transactions_are_left_out() -> None:
    mine, others = 5, 6
    kept = {
        "before": of_producer(mine, 0) + marker(mine, 1),
        "another's": of_producer(others, 3),
        "idempotent": of_producer(mine, 4, attributes=0),
        "plain": batch(5, 2),
        "after": of_producer(mine, 9) + marker(others, 10),
    }
    fetched = b"".join([
        kept["before"], of_producer(mine, 2), kept["another's"], kept["idempotent"], kept["plain"],
        of_producer(mine, 7), marker(mine, 8), kept["after"],
    ])  # fmt: skip
    decoded, faults = decode(committed(fetched, [(mine, 2)]), 0, check_crcs=False)
    assert not faults
    assert [record.offset for record in decoded] == [0, 3, 4, 5, 6, 9]
    assert committed(fetched, []) is fetched
    assert span(fetched, 0).next_offset == 11
