"""The hand-over between fetching and polling: order, bound, and what a moved position makes void."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.structs import TopicPartition
from autodmca_kafka.positions import Fetched, HandOver, Position
from autodmca_kafka.reader_events import ReaderEvent, TopicGone


def position() -> Position:
    return Position(TopicPartition("t", 0), bytes(16), 0, 1000)


def fetched(place: Position, size: int) -> Fetched:
    return Fetched(place, place.moves, 0, 1, 1, b"x" * size)


async def has_room(hand_over: HandOver) -> bool:
    try:
        async with asyncio.timeout(0):
            await hand_over.room()
    except TimeoutError:
        return False
    return True


async def test_there_is_no_room_from_the_limit_on_until_it_is_taken() -> None:
    hand_over, place = HandOver(100), position()
    hand_over.put(fetched(place, 99))
    assert await has_room(hand_over)
    hand_over.put(fetched(place, 1))
    assert not await has_room(hand_over)
    assert len(hand_over.take()) == 2
    assert await has_room(hand_over)


async def test_batches_and_events_never_come_in_one_take() -> None:
    hand_over, place = HandOver(100), position()
    items: list[Fetched | ReaderEvent] = [
        fetched(place, 1),
        fetched(place, 2),
        TopicGone("t"),
        TopicGone("u"),
        fetched(place, 3),
    ]
    for item in items:
        hand_over.put(item)
    assert hand_over.take() == items[:2]
    assert hand_over.take() == items[2:4]
    assert hand_over.take() == items[4:]
    assert hand_over.take() == []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await hand_over.filled()


def test_a_move_makes_what_was_fetched_void() -> None:
    place = position()
    before = fetched(place, 1)
    place.move(7)
    assert before.void
    assert not fetched(place, 1).void
    assert (place.fetched, place.taken) == (7, 7)


def read(*batches: tuple[int, int]) -> Position:
    """What came in batches: the epoch of each, and the offset after it; all of it handed over."""
    place = position()
    for epoch, next_offset in batches:
        place.came(epoch, next_offset)
    place.taken = place.fetched
    return place


def test_a_log_that_parts_from_what_was_read_is_read_from_there() -> None:
    place = read((0, 80), (0, 100))
    assert place.parted(0, 90) == 100
    assert (place.fetched, place.taken, place.last_epoch, place.moves) == (90, 90, 0, 1)


def test_it_parts_no_later_than_where_a_newer_epoch_was_read() -> None:
    place = read((1, 80), (2, 90), (3, 100))
    assert place.parted(1, 90) == 100
    assert (place.fetched, place.last_epoch) == (80, 1)


def test_what_was_not_handed_over_is_read_anew_and_nobody_is_told() -> None:
    place = read((0, 50))
    place.came(0, 100)
    assert place.parted(0, 90) is None
    assert (place.fetched, place.taken, place.moves) == (50, 50, 1)


def test_a_leader_that_wrote_nothing_is_no_parting() -> None:
    place = read((0, 100))
    place.last_epoch = 4
    assert place.parted(0, 100) is None
    assert (place.fetched, place.last_epoch, place.moves) == (100, 0, 0)


def test_moved_elsewhere_nothing_is_known_of_epochs() -> None:
    place = read((7, 100))
    place.move(300)
    assert place.last_epoch == -1
