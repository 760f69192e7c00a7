"""The line for the log: its order, and places that are kept for who went away."""

from collections import Counter

import pytest
from autodmca_edge.replay.queue import KEPT_S, MOST_KEPT, Queue


class Place:
    """A line, its clock and its counts."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.counts: Counter[str] = Counter()
        self.line: Queue[str] = Queue(lambda: self.now, self.counts)

    def come(self, name: str) -> int:
        """How many are before it. A name is that of a user and of its only visit."""
        return self.line.join(name, self.line.number(name.encode()))

    def cut_off(self, name: str) -> None:
        number = self.line.leave(name)
        assert number is not None
        self.line.keep(number, name.encode())

    def served(self) -> list[str]:
        return list(iter(self.line.pop, None))


@pytest.fixture
def place() -> Place:
    return Place()


def test_first_come_first_served(place: Place) -> None:
    assert [place.come(name) for name in "abc"] == [0, 1, 2]
    assert place.line.leave("b") is not None
    assert place.line.leave("b") is None
    assert place.come("b") == 2
    assert len(place.line) == 3
    assert place.served() == ["a", "c", "b"]
    assert len(place.line) == 0


def test_who_was_cut_off_has_its_place_again_and_nobody_waits_for_it(place: Place) -> None:
    for name in "abcd":
        place.come(name)
    place.cut_off("a")
    place.cut_off("c")
    assert place.line.pop() == "b"
    assert [place.come(name) for name in "cae"] == [0, 0, 3]
    assert place.served() == ["a", "c", "d", "e"]
    assert place.counts == {"kept": 2, "taken": 2}


def test_a_place_is_taken_once_and_the_first_of_a_users_is_taken_first(place: Place) -> None:
    numbers = [place.line.number(b"7") for _ in range(2)]
    for number in reversed(numbers):
        place.line.keep(number, b"7")
    assert [place.line.number(b"8"), *(place.line.number(b"7") for _ in range(3))] == [3, 1, 2, 4]


def test_a_place_is_kept_for_a_while(place: Place) -> None:
    for name in "ab":
        place.come(name)
    place.cut_off("a")
    place.now += KEPT_S
    assert place.come("a") == 1
    assert place.counts == {"kept": 1, "lapsed": 1}


def test_not_more_than_so_many_are_kept(place: Place) -> None:
    for user in range(MOST_KEPT + 2):
        place.line.keep(place.line.number(b"%d" % user), b"%d" % user)
    assert place.counts == {"kept": MOST_KEPT + 2, "forgotten": 2}
    assert place.line.number(b"1") == MOST_KEPT + 3
    assert place.line.number(b"2") == 3
