"""The checker itself: histories that are known to be linearizable or not, and an exhaustive search."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linearizable.checker import (
    Operation,
    State,
    Step,
    is_linearizable,
    narrowed,
    register,
    sequence,
)

NEVER = math.inf


def write(called: float, answered: float, value: int) -> Operation:
    return Operation(called, answered, "write", value)


def read(called: float, answered: float, told: int) -> Operation:
    return Operation(called, answered, "read", told=told)


def append(called: float, answered: float, value: int) -> Operation:
    return Operation(called, answered, "append", value)


def listed(called: float, answered: float, *told: int) -> Operation:
    return Operation(called, answered, "read", told=told)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], True),
        ([read(0, 1, 0)], True),
        ([read(0, 1, 7)], False),
        ([write(0, 1, 1), read(2, 3, 1)], True),
        ([write(0, 1, 1), read(2, 3, 0)], False),  # stale
        ([write(0, 5, 1), read(1, 2, 0), read(3, 4, 1)], True),
        ([write(0, 5, 1), read(1, 2, 1), read(3, 4, 0)], False),  # seen, and gone again
        ([write(0, 9, 1), write(0, 9, 2), read(1, 2, 2), read(3, 4, 1)], True),
        ([write(0, 1, 1), write(2, 3, 2), read(4, 5, 1)], False),  # lost
        ([write(0, NEVER, 1), read(2, 3, 0), read(4, 5, 1)], True),  # late
        ([write(0, NEVER, 1), read(2, 3, 0)], True),  # never
        ([write(0, NEVER, 1), read(2, 3, 1), read(4, 5, 0)], False),
        ([write(4, NEVER, 1), read(2, 3, 1)], False),  # seen before it was asked
    ],
)
def test_histories_of_a_register(history: list[Operation], expected: bool) -> None:
    assert is_linearizable(history, register, 0) == expected
    assert is_linearizable(narrowed(history), register, 0) == expected


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([append(0, 1, 1), append(2, 3, 2), listed(4, 5, 1, 2)], True),
        ([append(0, 1, 1), append(2, 3, 2), listed(4, 5, 2, 1)], False),
        ([append(0, 3, 1), append(0, 3, 2), listed(4, 5, 2, 1)], True),
        ([append(0, 1, 1), listed(4, 5, 1, 1)], False),  # twice
        ([append(0, 1, 1), append(2, NEVER, 2), listed(4, 5, 1), listed(6, 7, 1, 2)], True),
        ([append(0, 1, 1), append(2, NEVER, 2), listed(4, 5, 1, 2), listed(6, 7, 1)], False),
        ([append(0, 1, 1), append(0, 1, 2), listed(2, 3, 1, 2), listed(2, 3, 2, 1)], False),
    ],
)
def test_histories_of_a_list(history: list[Operation], expected: bool) -> None:
    assert is_linearizable(history, sequence, ()) == expected
    assert is_linearizable(narrowed(history), sequence, ()) == expected


def by_hand(history: Sequence[Operation], step: Step, initial: State) -> bool:
    """Every order that agrees with the clock, one after the other."""

    def explains(order: tuple[Operation, ...]) -> bool:
        state: State | None = initial
        latest = -math.inf
        for operation in order:
            if operation.answered < latest:
                return False
            latest = max(latest, operation.called)
            state = step(state, operation)
            if state is None:
                return False
        return True

    return any(explains(order) for order in permutations(history))


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        called = draw(st.integers(0, 12))
        answered = called + draw(st.integers(0, 8)) + 0.5
        if draw(st.booleans()):
            made.append(write(called, draw(st.sampled_from([answered, NEVER])), number + 1))
        else:
            made.append(read(called, answered, draw(st.integers(0, 6))))
    return made


@given(history=histories())
@settings(deadline=None)
def test_it_finds_what_an_exhaustive_search_finds(history: list[Operation]) -> None:
    truth = by_hand(history, register, 0)
    assert is_linearizable(history, register, 0) == truth
    assert is_linearizable(narrowed(history), register, 0) == truth


@given(seed=st.integers(0, 2**32), clients=st.integers(1, 5), stale=st.booleans())
@settings(deadline=None)
def test_a_list_that_is_one_is_told_from_one_that_forgets(seed: int, clients: int, stale: bool) -> None:
    rng = random.Random(seed)
    truth: list[int] = []
    busy = [0.0] * clients
    history = []
    for moment in range(1, 80):
        client = rng.randrange(clients)
        called = max(busy[client], moment - rng.random() * 3)
        busy[client] = answered = max(moment, called) + rng.random() * 3
        if called > moment:
            continue
        if rng.random() < 0.5:
            truth.append(moment)
            history.append(append(called, rng.choice([answered, NEVER]), moment))
        else:
            history.append(listed(called, answered, *truth))
    assert is_linearizable(narrowed(history), sequence, ())
    if stale and truth:
        end = 1000.0
        history += [listed(end, end + 1, *truth), listed(end + 2, end + 3, *truth[:-1])]
        assert not is_linearizable(narrowed(history), sequence, ())
