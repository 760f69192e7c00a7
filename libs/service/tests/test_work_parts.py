"""What work is made of: when things are due, whose turn it is, what time it is, when to try again."""

from __future__ import annotations

import random

import pytest
from autodmca_service.work.agenda import SPARE, Agenda, Key
from autodmca_service.work.clock import BELIEVED_S, Clock
from autodmca_service.work.retries import FIRST_PAUSE_S, KEPT, LONGEST_PAUSE_S, Retries
from autodmca_service.work.turns import Turns
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_agenda_says_what_a_list_would(seed: int) -> None:
    rng = random.Random(seed)
    agenda = Agenda()
    waiting: dict[Key, tuple[int, int]] = {}
    opened: set[int] = set()
    for _ in range(100):
        partition = rng.randrange(3)
        key = partition, f"e{rng.randrange(5)}"  # a user is on one partition
        match rng.randrange(6):
            case 0:
                agenda.open(partition)
                opened.add(partition)
            case 1 if rng.random() < 0.3:
                agenda.close(partition)
                opened.discard(partition)
                waiting = {k: at for k, at in waiting.items() if at[1] != partition}
            case 2:
                agenda.drop(partition, key)
                waiting.pop(key, None)
            case 3:
                now = rng.randrange(20)
                taken = agenda.take(now)
                least = min((at for at, _ in waiting.values()), default=None)
                if least is None or least > now:
                    assert taken is None
                else:
                    assert taken is not None
                    assert waiting.pop(taken)[0] == least
            case _:
                at_ms = rng.randrange(20)
                agenda.put(partition, key, at_ms)
                if partition in opened:
                    waiting[key] = at_ms, partition
        assert len(agenda) == len(waiting)
        assert agenda.next_ms() == min((at for at, _ in waiting.values()), default=None)
        assert [partition in agenda for partition in range(3)] == [p in opened for p in range(3)]


def test_times_that_were_replaced_take_no_room_for_ever() -> None:
    agenda = Agenda()
    agenda.open(0)
    for at_ms in range(10 * SPARE):
        agenda.put(0, (1, "a"), 10**9 + at_ms)
    assert len(agenda._heap) <= SPARE + 2
    agenda.close(0)
    assert (len(agenda), agenda.next_ms()) == (0, None)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), at_once=st.integers(1, 6))
def test_slots_are_never_more_than_allowed_and_go_to_whoever_holds_fewest(seed: int, at_once: int) -> None:
    rng = random.Random(seed)
    per_user = rng.randint(1, at_once)
    turns = Turns(at_once, per_user)
    ready: dict[int, list[Key]] = {}
    held: dict[int, int] = {}
    for n in range(100):
        user = rng.randrange(4)
        if rng.random() < 0.5:
            key = user, f"e{n}"
            turns.put(key)
            turns.put(key)
            ready.setdefault(user, []).append(key)
        elif rng.random() < 0.6:
            taken = turns.take()
            able = [u for u, keys in ready.items() if keys and held.get(u, 0) < per_user]
            if sum(held.values()) == at_once or not able:
                assert taken is None
                continue
            assert taken is not None
            who = taken[0]
            assert ready[who].pop(0) == taken
            assert held.get(who, 0) == min(held.get(u, 0) for u in able)
            held[who] = held.get(who, 0) + 1
        elif held.get(user):
            turns.give_back(user)
            held[user] -= 1
        assert (turns.taken, len(turns)) == (sum(held.values()), sum(map(len, ready.values())))
        assert all(key in turns for keys in ready.values() for key in keys)


def test_of_users_who_hold_as_many_the_one_who_has_waited_longest_is_next() -> None:
    turns = Turns(10, 5)
    for n in range(3):
        for user in (1, 2, 3):
            turns.put((user, f"e{n}"))
    assert [turns.take() for _ in range(6)] == [
        (1, "e0"),
        (2, "e0"),
        (3, "e0"),
        (1, "e1"),
        (2, "e1"),
        (3, "e1"),
    ]


def test_slots_have_sense() -> None:
    with pytest.raises(ValueError, match="per_user=3"):
        Turns(2, 3)


class Times:
    """Two clocks, one of which may be set."""

    def __init__(self) -> None:
        self.steady_s = 0.0
        self.set_by_s = 1_000.0
        self.clock = Clock(lambda: self.steady_s + self.set_by_s, lambda: self.steady_s)

    def pass_s(self, seconds: float) -> int:
        """Time goes by, and the clock is read each second, as it has to be."""
        for _ in range(int(seconds)):
            self.steady_s += 1
            self.clock.now_ms()
        return self.clock.now_ms()


@pytest.mark.parametrize("step_s", [-86_400.0, -10.0, 10.0, 3_600.0, 10.0**9])
def test_a_clock_that_is_set_and_set_back_makes_nothing_due_and_one_that_is_set_right_is_followed(
    step_s: float,
) -> None:
    times = Times()
    times.set_by_s += step_s
    assert times.pass_s(BELIEVED_S - 1) == 1_009_000
    times.set_by_s -= step_s
    assert times.pass_s(1) == 1_010_000
    assert times.clock.steps == 0
    times.set_by_s += step_s
    assert times.pass_s(BELIEVED_S) == 1_020_000
    assert times.pass_s(1) == 1_021_000 + int(step_s * 1000)
    assert times.clock.steps == 1


def test_a_clock_that_is_set_again_and_again_is_believed_when_it_rests() -> None:
    times = Times()
    for n in range(20):
        times.set_by_s = 5_000.0 * (n + 1)
        assert times.pass_s(3) == 1_000_000 + 3_000 * (n + 1)
    assert times.pass_s(BELIEVED_S) == 100_000_000 + 60_000 + int(BELIEVED_S * 1000)


def test_a_clock_that_is_a_little_off_is_followed_at_once() -> None:
    times = Times()
    for _ in range(100):
        times.set_by_s += 0.5
        times.pass_s(1)
    assert times.clock.now_ms() == 1_150_000
    assert times.clock.steps == 0


def test_pauses_grow_with_each_failure_of_a_run_up_to_a_bound() -> None:
    now_s = 0.0
    retries = Retries(lambda: now_s)
    assert retries.pause_ms((1, "a"), 5) is None
    for times in range(30):
        retries.failed((1, "a"), 5)
        pause_ms = retries.pause_ms((1, "a"), 5)
        longest_s = min(FIRST_PAUSE_S * 2**times, LONGEST_PAUSE_S)
        assert pause_ms is not None
        assert longest_s * 500 - 1 <= pause_ms <= longest_s * 1000
    now_s += LONGEST_PAUSE_S
    assert (retries.pause_ms((1, "a"), 5) or 0) <= 0
    assert retries.pause_ms((1, "a"), 6) is None
    assert list(retries) == []


def test_failures_are_remembered_of_a_bounded_number() -> None:
    retries = Retries(lambda: 0.0)
    for n in range(KEPT + 5):
        retries.failed((n, "a"), 0)
    assert len(list(retries)) == KEPT
    assert retries.pause_ms((4, "a"), 0) is None
