"""The timer wheel: to the second, in any order, for items that change their mind."""

import math

from autodmca_edge.timers import JumpDetector, TimerWheel, steady_clock
from hypothesis import given
from hypothesis import strategies as st


class Item:
    """Is due at each of `times`, in turn."""

    def __init__(self, *times: float) -> None:
        self.times = list(times)
        self.asked: list[float] = []

    def due(self, now: float) -> float | None:
        self.asked.append(now)
        while self.times and self.times[0] <= now:
            self.times.pop(0)
        return self.times[0] if self.times else None


def test_an_item_is_asked_in_the_second_it_named_and_not_before() -> None:
    wheel, item = TimerWheel(), Item(105)
    wheel.add(item, 105)
    for now in (100, 104, 104.999):
        wheel.advance(now)
    assert item.asked == []
    wheel.advance(105)
    wheel.advance(106)
    assert item.asked == [105]


def test_a_moment_that_is_far_away_is_rounded_up_to_a_second() -> None:
    wheel, item = TimerWheel(), Item(104.2)
    wheel.advance(100)
    wheel.add(item, 104.2)
    wheel.advance(104.9)
    assert item.asked == []
    wheel.advance(105)
    assert item.asked == [105]


def test_a_moment_that_is_near_is_met_exactly() -> None:
    wheel, item, again = TimerWheel(), Item(104.2), Item(104, 104.5)
    wheel.advance(103.5)
    wheel.add(item, 104.2)
    wheel.add(again, 104)
    for now in (103.7, 104, 104.125, 104.25, 104.5, 104.75):
        wheel.advance(now)
    assert (item.asked, again.asked) == ([104.25], [104, 104.5])
    wheel.add(Item(105), 105.5)
    assert wheel.next_due == 105.5


def test_next_due_tells_when_there_is_nothing_to_do() -> None:
    wheel = TimerWheel()
    assert wheel.next_due == math.inf
    wheel.add(Item(), 20)
    wheel.add(Item(), 10)
    assert wheel.next_due == 10
    wheel.advance(15)
    assert wheel.next_due == 20
    wheel.advance(25)
    assert wheel.next_due == math.inf


def test_an_item_says_when_to_be_asked_again() -> None:
    wheel, item = TimerWheel(), Item(10, 12, 15)
    wheel.add(item, 10)
    for now in range(30):
        wheel.advance(now)
    assert item.asked == [10, 12, 15]


def test_an_item_that_wants_to_be_asked_in_the_past_waits_for_the_next_second() -> None:
    class Eager:
        asked = 0

        def due(self, now: float) -> float:
            self.asked += 1
            return now - 100

    wheel, item = TimerWheel(), Eager()
    wheel.add(item, 5)
    wheel.advance(5)
    assert item.asked == 1
    wheel.advance(5.9)
    assert item.asked == 1
    wheel.advance(6)
    assert item.asked == 2


def test_a_long_pause_asks_everybody_once() -> None:
    wheel = TimerWheel()
    items = [Item(second) for second in range(1, 100)]
    for item in items:
        wheel.add(item, item.times[0])
    wheel.advance(1000)
    assert [len(item.asked) for item in items] == [1] * 99


def test_items_may_be_added_while_others_are_asked() -> None:
    wheel, late = TimerWheel(), Item(6)

    class Adds:
        def due(self, now: float) -> None:
            wheel.add(late, 6)
            wheel.add(late, now)

    wheel.add(Adds(), 5)
    wheel.advance(5.5)
    assert late.asked == []
    wheel.advance(6)
    assert len(late.asked) == 2


@given(
    st.lists(st.floats(0, 50), min_size=1, max_size=20), st.lists(st.floats(0, 3), min_size=1, max_size=40)
)
def test_nobody_is_early_and_nobody_is_more_than_a_second_late(
    whens: list[float], steps: list[float]
) -> None:
    wheel, now = TimerWheel(), 0.0
    items = [Item(when) for when in whens]
    for item, when in zip(items, whens, strict=True):
        wheel.add(item, when)
    for step in steps:
        now += step
        wheel.advance(now)
    for item, when in zip(items, whens, strict=True):
        assert all(asked >= when for asked in item.asked)
        assert bool(item.asked) is (math.ceil(when) <= now)


def test_the_steady_clock_does_not_go_back() -> None:
    clock = steady_clock()
    assert clock() <= clock()


def test_a_wall_clock_that_is_set_is_told_once_and_one_that_drifts_is_not() -> None:
    steady, wall = 100.0, 5000.0
    jumps = JumpDetector(lambda: steady, lambda: wall)
    for _ in range(100):
        steady, wall = steady + 1, wall + 1.005
        assert jumps.look() is None
    wall -= 3600
    told = jumps.look()
    assert told is not None
    assert -3600 <= told <= -3599
    assert jumps.look() is None
