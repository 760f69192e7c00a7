"""Which leader wrote what, as far as a node knows, against logs of which all is known."""

from bisect import bisect_right
from typing import NamedTuple

from autodmca_edge.log.leader_epochs import MOST, LeaderEpochs, Stretch
from hypothesis import given, settings
from hypothesis import strategies as st


class Log(NamedTuple):
    """`led`: each leader's epoch with its first offset; the last may have written nothing yet."""

    led: list[tuple[int, int]]
    end: int

    @property
    def first(self) -> int:
        return self.led[0][1]

    def at(self, offset: int) -> int:
        return self.led[bisect_right([start for _, start in self.led], offset) - 1][0]

    def epoch_end(self, asked: int) -> tuple[int, int]:
        """As Kafka's LeaderEpochFileCache.endOffsetFor."""
        older = [epoch for epoch, _ in self.led if epoch <= asked]
        newer = [start for epoch, start in self.led if epoch > asked]
        if not newer and asked not in older:
            return -1, -1
        return older[-1] if older else asked, newer[0] if newer else self.end


@st.composite
def logs(draw: st.DrawFn) -> Log:
    first = draw(st.integers(0, 20))
    epoch, start, led = draw(st.integers(0, 5)), first, []
    for _ in range(draw(st.integers(1, 6))):
        led.append((epoch, start))
        epoch += draw(st.integers(1, 4))
        start += draw(st.integers(1, 8))
    return Log(led, led[-1][1] + draw(st.integers(0, 8)))


def reach(known: LeaderEpochs, log: Log, offset: int) -> int:
    """Ask as often as it takes; how often that is."""
    asked = 0
    while (question := known.question(offset)) is not None:
        known.answer(question, *log.epoch_end(question), log.first)
        asked += 1
        assert asked <= len(log.led) + 2, "it asks without end"
    return asked


def read(known: LeaderEpochs, log: Log, begun: int) -> None:
    """What batches show to who reads from an offset, which may be within one."""
    for offset in range(begun, log.end):
        if offset == begun or log.at(offset) != log.at(offset - 1):
            known.began(log.at(offset), offset)


@settings(deadline=None)
@given(logs(), st.data())
def test_what_is_asked_of_the_log_is_what_the_log_is(log: Log, data: st.DataObject) -> None:
    begun = data.draw(st.integers(log.first, log.end), "the node begins to read here")
    before = log.at(begun - 1) if begun > log.first else log.led[0][0]
    newest = data.draw(st.integers(before, log.led[-1][0]), "who led then")
    known = LeaderEpochs(begun, newest)
    read(known, log, begun)
    for offset in data.draw(st.lists(st.integers(log.first - 1, log.end - 1)), "asked for"):
        reach(known, log, offset)
        if offset >= log.first:
            assert known.at(offset) == log.at(offset)
            verdicts = {epoch: known.holds(epoch, offset) for epoch in range(newest + 3)}
            assert verdicts == {epoch: epoch == log.at(offset) for epoch in verdicts}
        elif offset >= 0:  # taken by retention, as all before
            assert known.holds(log.led[0][0], offset)
            assert not known.holds(log.led[0][0] + 1, offset)
    reach(known, log, log.first)
    assert [reach(known, log, offset) for offset in range(log.first, log.end)] == [0] * (log.end - log.first)
    for offset in range(log.first, log.end):
        epoch, start, end = known.stretch(offset)
        assert {log.at(each) for each in range(max(start, log.first), min(end, log.end))} == {epoch}


@settings(deadline=None)
@given(logs(), st.integers(0, 60))
def test_a_question_costs_no_more_than_the_log_has_epochs(log: Log, offset: int) -> None:
    known = LeaderEpochs(log.end, log.led[-1][0])
    assert reach(known, log, min(offset, log.end - 1)) <= len(log.led) + 2


@settings(deadline=None)
@given(logs(), st.integers(0, 50), st.integers(0, 50))
def test_a_log_that_lost_its_end_is_known_up_to_there(log: Log, begun: int, lost: int) -> None:
    begun = min(max(begun, log.first), log.end)
    position = min(lost, log.end)
    known = LeaderEpochs(begun, log.led[-1][0])
    read(known, log, begun)
    rest = known.cut(position)
    newer = log.led[-1][0] + 3
    rest.began(newer, position)
    kept = [each for each in log.led if each[1] < position]
    after = Log([*kept, (newer, position)], position + 5)
    for offset in range(after.first, after.end):
        reach(rest, after, offset)
        assert rest.at(offset) == after.at(offset)


def test_a_log_without_leader_epochs_asks_nothing_and_holds_no_record_of_one() -> None:
    known = LeaderEpochs(100)
    assert (known.question(5), known.at(5), known.newest) == (None, None, -1)
    assert known.holds(0, 5) is False
    assert known.stretch(5) == Stretch(None, 0, 1 << 63)


def test_an_epoch_newer_than_all_before_is_refused_without_a_question() -> None:
    known = LeaderEpochs(100, 7)
    assert known.holds(8, 50) is False
    assert known.holds(7, 50) is None


def test_leaders_without_end_are_forgotten_from_the_front_and_asked_for_again() -> None:
    led = [(epoch, 10 * epoch) for epoch in range(MOST + 50)]
    known = LeaderEpochs()
    for epoch, start in led:
        assert known.began(epoch, start)
    log = Log(led, 10 * len(led))
    first = log.end - 10 * MOST // 2
    assert known.at(first - 1000) is None
    assert known.at(log.end - 1) == log.led[-1][0]
    assert reach(known, log, 485) > 100
    assert [known.at(offset) for offset in range(485, log.end)] == [*map(log.at, range(485, log.end))]
