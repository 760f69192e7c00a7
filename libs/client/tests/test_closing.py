"""Close codes become policies, policies become delays."""

import random

import pytest
from autodmca_client.closing import Backoff, Policy, delay_s, hint_s, policy_of, policy_of_status

BACKOFF = Backoff(first_s=1.0, longest_s=8.0, busy_steps=2)


class Highest(random.Random):
    """Always the upper end."""

    def uniform(self, a: float, b: float) -> float:
        return b


@pytest.mark.parametrize(
    ("code", "policy"),
    [
        (1000, Policy.STAY_AWAY),
        (1009, Policy.STAY_AWAY),
        (4400, Policy.STAY_AWAY),
        (4403, Policy.STAY_AWAY),
        (1006, Policy.RECONNECT),
        (1012, Policy.RECONNECT),
        (4408, Policy.RECONNECT),
        (4410, Policy.RECONNECT),
        (4401, Policy.NEW_TOKEN),
        (4429, Policy.BACK_OFF),
        (4503, Policy.BACK_OFF),
        (4999, Policy.RECONNECT),
    ],
)
def test_each_close_code_has_the_protocols_policy(code: int, policy: Policy) -> None:
    assert policy_of(code) is policy


@pytest.mark.parametrize(
    ("status", "policy"),
    [
        (401, Policy.NEW_TOKEN),
        (403, Policy.STAY_AWAY),
        (404, Policy.STAY_AWAY),
        (429, Policy.BACK_OFF),
        (408, Policy.BACK_OFF),
        (502, Policy.BACK_OFF),
    ],
)
def test_a_refused_handshake_is_judged_by_its_status(status: int, policy: Policy) -> None:
    assert policy_of_status(status) is policy


def test_the_window_doubles_up_to_its_bound() -> None:
    windows = [delay_s(Policy.RECONNECT, attempt, BACKOFF, Highest()) for attempt in range(6)]
    assert windows == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_busy_edge_is_given_a_wider_window() -> None:
    assert delay_s(Policy.BACK_OFF, 0, BACKOFF, Highest()) == 4.0


def test_the_delay_is_anywhere_in_the_window() -> None:
    rng = random.Random(7)
    delays = [delay_s(Policy.RECONNECT, 3, BACKOFF, rng) for _ in range(1000)]
    assert min(delays) < 0.5
    assert max(delays) > 7.5


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("too many at once; retry after 1500 ms", 1.5),
        ("retry after 0 ms, or later", 0.0),
        ("this node takes at most 100 connections of this user", None),
        ("retry after 5 s", None),
        ("retry after 99999999999999999999 ms", None),
        ("", None),
    ],
)
def test_a_close_reason_may_say_when_to_come_back(reason: str, hint: float | None) -> None:
    assert hint_s(reason) == hint


def test_nobody_is_back_before_the_edge_asked_for_it() -> None:
    rng = random.Random(7)
    delays = [delay_s(Policy.BACK_OFF, 0, BACKOFF, rng, hint_s=3.0) for _ in range(1000)]
    assert 3.0 <= min(delays) < 3.1
    assert 3.9 < max(delays) <= 4.0
    assert delay_s(Policy.BACK_OFF, 2, BACKOFF, Highest(), hint_s=3.0) == 7.0


def test_a_hint_is_not_kept_for_ever_nor_from_an_edge_that_is_not_busy() -> None:
    assert delay_s(Policy.BACK_OFF, 0, BACKOFF, Highest(), hint_s=1e6) == 8.0 + 1.0
    assert delay_s(Policy.RECONNECT, 0, BACKOFF, Highest(), hint_s=3.0) == 1.0


def test_a_huge_attempt_does_not_overflow() -> None:
    assert delay_s(Policy.RECONNECT, 10_000, BACKOFF, Highest()) == 8.0
