"""A test that is marked `alone` gets the machine to itself, however many others come meanwhile."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import room as under_test
from tests.room import room

DEADLINE_S = 120


class Guest:
    """Comes in by itself and leaves when told."""

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self.entered, self._leave = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()

    def _visit(self) -> None:
        with room(alone=self._alone):
            self.entered.set()
            self._leave.wait(DEADLINE_S)

    def leave(self) -> None:
        self._leave.set()
        self._thread.join()


@contextmanager
def guest(*, alone: bool = False) -> Iterator[Guest]:
    visitor = Guest(alone=alone)
    try:
        yield visitor
    finally:
        visitor.leave()


def somebody_is_at_the_door(directory: Path) -> None:
    deadline = threading.Event()
    for _ in range(DEADLINE_S * 100):
        with open(directory / "tests.door", "w") as door:
            try:
                fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        deadline.wait(0.01)
    pytest.fail("nobody waits at the door")


def test_one_who_wants_to_be_alone_is_let_in_before_those_who_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "RUN", tmp_path)
    with guest() as first, guest() as second:
        assert first.entered.wait(DEADLINE_S)
        assert second.entered.wait(DEADLINE_S)
        with guest(alone=True) as recluse:
            somebody_is_at_the_door(tmp_path)
            with guest() as late:
                first.leave()
                assert not recluse.entered.is_set()
                assert not late.entered.is_set()
                second.leave()
                assert recluse.entered.wait(DEADLINE_S)
                assert not late.entered.is_set()
                recluse.leave()
                assert late.entered.wait(DEADLINE_S)
