"""An incremental fetch session, against a broker that keeps one by the rules of KIP-227."""

from __future__ import annotations

from autodmca_kafka.fetch_session import ID_NOT_FOUND, INVALID_EPOCH, LAST_EPOCH, Changes, FetchSession
from autodmca_kafka.fetch_wire import Wanted
from hypothesis import given
from hypothesis import strategies as st

ONE, TWO = b"1" * 16, b"2" * 16


def wanted(*offsets: int | None, topic: bytes = ONE) -> list[Wanted]:
    """Partitions from 0 on; None: not that one."""
    return [
        Wanted(topic, number, 0, offset, 1000) for number, offset in enumerate(offsets) if offset is not None
    ]


def begun() -> FetchSession:
    session = FetchSession()
    assert session.request(wanted(0, 0, 0)) == Changes((0, 0), wanted(0, 0, 0), ())
    session.granted(7)
    return session


def test_the_broker_hears_only_what_has_changed() -> None:
    session = begun()
    assert session.request(wanted(0, 5, 0)) == Changes((7, 1), wanted(None, 5), [])
    session.granted(7)
    assert session.request(wanted(0, 5, 0)) == Changes((7, 2), [], [])
    session.granted(7)
    assert session.request(wanted(0, 5)) == Changes((7, 3), [], [(ONE, 2)])
    session.granted(7)
    again = wanted(0, 5, 0)
    assert session.request(again) == Changes((7, 4), again[2:], [])


def test_of_a_topic_that_was_made_again_the_old_one_is_forgotten() -> None:
    session = begun()
    changes = session.request([*wanted(0, 0), *wanted(0, topic=TWO)])
    assert (changes.wanted, changes.forgotten) == (wanted(0, topic=TWO), [(ONE, 2)])


def test_a_broker_that_keeps_no_session_is_told_everything_each_time() -> None:
    session = FetchSession()
    for offset in range(3):
        assert session.request(wanted(offset)) == Changes((0, 0), wanted(offset), ())
        session.granted(0)


def test_after_a_fault_everything_is_told_in_a_new_session_and_the_old_one_ends() -> None:
    session = begun()
    session.request(wanted(1, 1, 1))
    session.lost()
    assert session.request(wanted(1, 1, 1)) == Changes((7, 0), wanted(1, 1, 1), ())
    session.granted(8)
    session.request(wanted(2, 1, 1))
    session.lost(INVALID_EPOCH)
    assert session.request(wanted(2, 1, 1)).session == (8, 0)
    session.lost(ID_NOT_FOUND)
    assert session.request(wanted(2, 1, 1)).session == (0, 0)


def test_epochs_begin_again_after_the_last() -> None:
    session = begun()
    session._epoch = LAST_EPOCH
    session.granted(7)
    assert session.request(wanted(0, 0, 0)).session == (7, 1)


class Keeper:
    """A broker's half."""

    def __init__(self) -> None:
        self.sessions: dict[int, tuple[int, dict[tuple[bytes, int], Wanted]]] = {}

    def answer(self, changes: Changes, *, full: bool) -> tuple[int, int, set[Wanted]]:
        """Error, session, and what is read."""
        number, epoch = changes.session
        if epoch == 0:
            self.sessions.pop(number, None)
            known = {each[:2]: each for each in changes.wanted}
            if full:
                return 0, 0, set(known.values())
            number = len(self.sessions) + 1 + number
            self.sessions[number] = 1, known
            return 0, number, set(known.values())
        if number not in self.sessions:
            return ID_NOT_FOUND, 0, set()
        expected, known = self.sessions[number]
        if epoch != expected:
            return INVALID_EPOCH, number, set()
        known.update({each[:2]: each for each in changes.wanted})
        for place in changes.forgotten:
            del known[place]
        self.sessions[number] = epoch + 1, known
        return 0, number, set(known.values())


FAULTS = st.sampled_from(["none", "none", "none", "unsent", "unanswered", "evicted", "full"])


@given(st.lists(st.tuples(st.lists(st.none() | st.integers(0, 3), max_size=4), FAULTS), max_size=30))
def test_whatever_fails_the_broker_reads_exactly_what_is_wanted(
    rounds: list[tuple[list[int | None], str]],
) -> None:
    session, keeper = FetchSession(), Keeper()
    for offsets, fault in rounds:
        if fault == "evicted":
            keeper.sessions.clear()
        changes = session.request(wanted(*offsets))
        if fault == "unsent":
            session.lost()
            continue
        error, number, read = keeper.answer(changes, full=fault == "full")
        if fault == "unanswered":
            session.lost()
        elif error:
            session.lost(error)
            assert session.whole
        else:
            session.granted(number)
            assert read == set(wanted(*offsets))
