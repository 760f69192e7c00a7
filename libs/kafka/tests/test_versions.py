"""What a newer version wrote is told from what is wrong, and an input of it is left where it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from autodmca_events.partitions import user_key
from autodmca_kafka import Context, Decision
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import Block, PartitionWork
from autodmca_kafka.versions import UnknownTag, VersionedDecoder


class Written(NamedTuple):
    offset: int
    value: bytes
    key: bytes = user_key(7)
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 1_700_000_000_000


class Put(msgspec.Struct, frozen=True, tag_field="command", tag="put"):
    text: str


class Clear(msgspec.Struct, frozen=True, tag_field="command", tag="clear"):
    pass


class Plain(msgspec.Struct, frozen=True):
    text: str


class Kinds(msgspec.Struct, frozen=True, tag=7):
    text: str


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Put | Clear, b'{"command":"append","text":"x"}'),
        (Put, b'{"text":"x","command":"append"}'),
        (Kinds, b'{"type":8}'),
    ],
)
def test_a_tag_that_is_not_known_is_told_by_name(kind: Any, value: bytes) -> None:
    with pytest.raises(UnknownTag, match="is not known to this version"):
        VersionedDecoder(kind).decode(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Put | Clear, b'{"command":"put"}'),
        (Put | Clear, b'{"text":"x"}'),
        (Put | Clear, b'{"command":["append"]}'),
        (Put | Clear, b'{"command":null}'),
        (Put | Clear, b"[]"),
        (Put | Clear, b"{"),
        (Put | Clear, b"\xff"),
        (Plain, b'{"type":"append"}'),
    ],
)
def test_what_no_version_wrote_is_wrong(kind: Any, value: bytes) -> None:
    with pytest.raises(ValueError) as wrong:
        VersionedDecoder(kind).decode(value)
    assert not isinstance(wrong.value, UnknownTag)


def keep(_notes: Mapping[str, Plain], command: Put, _context: Context) -> Decision[Plain, None]:
    return Decision(outcome=None, changes={command.text: Plain(command.text)})


def applied(*values: bytes) -> tuple[PartitionWork[Plain, Put, None], Block]:
    work: PartitionWork[Plain, Put, None] = PartitionWork(
        "autodmca.notes-inputs.v1",
        0,
        partitions=1,
        model=keep,
        decode=VersionedDecoder(Put).decode,
        ledger=Ledger(VersionedDecoder(Plain).decode),
        next_offset=0,
        max_bytes=10_000,
    )
    return work, work.apply([Written(offset, value) for offset, value in enumerate(values)])


def test_an_input_of_a_newer_version_ends_the_block_and_stays() -> None:
    first, second = b'{"command":"put","text":"a"}', b'{"command":"put","text":"b"}'
    work, block = applied(first, b"garbage", b'{"command":"append"}', second)
    assert (block.applied, len(block.dead_letters), len(block.states)) == (1, 1, 1)
    assert (block.next_offset, work.next_offset) == (2, 2)
    assert block.unknown is not None
    assert (block.unknown.offset, block.unknown.partition) == (2, 0)
    assert "command 'append' is not known to this version" in str(block.unknown)
