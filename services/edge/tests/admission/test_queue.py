"""Storms: how many are let in when, who waits, and who is sent away. PROTOCOL: close code 4503."""

import re
from collections.abc import Callable

import pytest
from autodmca_edge.admission.queue import BURST, LONGEST_HINT_S, PRESSED, STEP_S, Admission

RATE = 1000.0


class Loop:
    """Time, and what is to be called when."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._calls: list[tuple[float, Callable[[], None]]] = []

    def clock(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self._calls.append((self.now + seconds, call))

    @property
    def calls(self) -> int:
        return len(self._calls)

    def step(self) -> None:
        """Go on to the next call."""
        self._calls.sort(key=lambda each: each[0])
        when, call = self._calls.pop(0)
        self.now = max(self.now, when)
        call()

    def run(self) -> None:
        while self._calls:
            self.step()


class Comer:
    """One who comes."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.admitted = False
        self.reason: str | None = None
        self._breaks = breaks

    def admit(self) -> None:
        assert not self.admitted
        self.admitted = True
        if self._breaks:
            raise RuntimeError("broken")

    def turn_away(self, reason: str) -> None:
        self.reason = reason


@pytest.fixture
def loop() -> Loop:
    return Loop()


def admission_of(loop: Loop, *, rate: float = RATE, limit: int = 10_000) -> Admission:
    return Admission(rate, limit, loop.clock, loop.later)


def storm(admission: Admission, count: int) -> list[Comer]:
    comers = [Comer() for _ in range(count)]
    for each in comers:
        admission.arrive(each)
    return comers


def admitted(comers: list[Comer]) -> int:
    return sum(each.admitted for each in comers)


def test_on_an_idle_node_nobody_waits(loop: Loop) -> None:
    admission = admission_of(loop)
    for _ in range(100):
        comers = storm(admission, BURST)
        assert admitted(comers) == BURST
        loop.now += BURST / RATE + 0.001
    assert loop.calls == 0
    assert admission.outcomes == {"at_once": 100 * BURST}


def test_a_storm_is_let_in_at_the_rate_in_small_batches_first_come_first_in(loop: Loop) -> None:
    admission = admission_of(loop)
    comers, began = storm(admission, 1000), loop.now
    assert admission.waiting == 1000 - BURST
    while loop.calls:
        before = admitted(comers)
        loop.step()
        assert admitted(comers) - before <= BURST
        assert [each.admitted for each in comers] == sorted((each.admitted for each in comers), reverse=True)
    assert admitted(comers) == 1000
    assert loop.now - began == pytest.approx((1000 - BURST) / RATE, abs=2 * STEP_S)
    assert admission.outcomes == {"at_once": BURST, "waited": 1000 - BURST}


def test_a_loop_that_comes_late_lets_in_no_more_for_it(loop: Loop) -> None:
    admission = admission_of(loop)
    comers = storm(admission, 1000)
    while loop.calls:
        before = admitted(comers)
        loop.now += 1.0
        loop.step()
        assert admitted(comers) - before <= BURST


def test_a_higher_rate_makes_larger_batches(loop: Loop) -> None:
    admission = admission_of(loop, rate=100_000)
    comers, began = storm(admission, 10_000), loop.now
    loop.run()
    assert admitted(comers) == 10_000
    assert loop.now - began == pytest.approx(0.1, abs=0.01)


def test_an_overloaded_node_deals_with_newcomers_ten_times_slower(loop: Loop) -> None:
    """PROTOCOL, 4503: those who come back at once all the same must not keep it overloaded."""
    overloaded = True
    admission = Admission(RATE, 10_000, loop.clock, loop.later, lambda: overloaded)
    comers, began = storm(admission, BURST + 100), loop.now
    loop.run()
    assert loop.now - began == pytest.approx(100 / (RATE * PRESSED), abs=2 * STEP_S)
    overloaded = False
    comers, began = storm(admission, 1000), loop.now
    loop.run()
    assert admitted(comers) == 1000
    assert loop.now - began == pytest.approx(1000 / RATE, abs=2 * STEP_S)


def test_nobody_overtakes_those_who_wait(loop: Loop) -> None:
    admission = admission_of(loop)
    storm(admission, BURST + 10)
    loop.now += 1.0  # there would be room now, but the timer has not come yet
    (late,) = storm(admission, 1)
    assert not late.admitted
    loop.run()
    assert late.admitted


def test_who_hangs_up_is_forgotten_and_costs_no_turn(loop: Loop) -> None:
    admission = admission_of(loop)
    comers, began = storm(admission, 1000), loop.now
    for each in comers[: 1000 - 10]:
        admission.leave(each)
        admission.leave(each)
    assert admission.waiting == 10
    loop.run()
    assert admitted(comers) == BURST + 10
    assert loop.now - began <= 10 / RATE + 2 * STEP_S
    assert admission.outcomes["left"] == 1000 - 10 - BURST


def test_when_all_have_hung_up_nothing_goes_on(loop: Loop) -> None:
    admission = admission_of(loop)
    for _ in range(3):
        for each in storm(admission, 100):
            admission.leave(each)
        assert loop.calls == 1
    loop.run()
    assert (admission.waiting, loop.calls) == (0, 0)


def test_one_who_cannot_be_let_in_holds_up_nobody(loop: Loop) -> None:
    admission = admission_of(loop)
    before = storm(admission, BURST + 3)
    admission.arrive(Comer(breaks=True))
    after = storm(admission, 10)
    with pytest.raises(RuntimeError):
        loop.run()
    loop.run()
    assert (admitted(before), admitted(after)) == (BURST + 3, 10)


# -- the queue is full -----------------------------------------------------------------------------


def hint_s(comer: Comer) -> float:
    assert comer.reason is not None
    assert len(comer.reason.encode()) <= 123  # RFC 6455, section 5.5
    found = re.fullmatch(r"too many at once; retry after (\d+) ms", comer.reason)
    assert found is not None, comer.reason
    return int(found[1]) / 1000


def test_beyond_the_queue_each_is_given_a_moment_of_its_own(loop: Loop) -> None:
    """They come back behind the queue, at the rate at which they can be let in."""
    admission = admission_of(loop, limit=2000)
    comers = storm(admission, BURST + 2000 + 3000)
    refused = comers[BURST + 2000 :]
    assert admission.outcomes["full"] == len(refused)
    hints = [hint_s(each) for each in refused]
    assert hints[0] == pytest.approx(2.0, abs=0.01)
    assert hints[-1] == pytest.approx(5.0, abs=0.01)
    for begin in range(2, 5):
        assert sum(begin <= each < begin + 1 for each in hints) == pytest.approx(RATE, abs=2)
    loop.run()
    assert admitted(comers) == BURST + 2000


def test_the_longest_hint_is_bounded_and_spread(loop: Loop) -> None:
    admission = admission_of(loop, rate=10, limit=1)
    hints = [hint_s(each) for each in storm(admission, BURST + 2000) if each.reason]
    far = [each for each in hints if each > LONGEST_HINT_S * 0.9]
    assert max(hints) <= LONGEST_HINT_S
    assert len(set(far)) > len(far) / 2
    loop.now += LONGEST_HINT_S
    loop.run()
    storm(admission, BURST + 1)
    assert hint_s(storm(admission, 1)[0]) < 1  # the former storm's promises are over


def test_without_a_queue_nobody_waits(loop: Loop) -> None:
    admission = admission_of(loop, limit=0)
    comers = storm(admission, BURST + 5)
    assert [each.admitted for each in comers] == [True] * BURST + [False] * 5
    assert (admission.waiting, loop.calls) == (0, 0)
