"""The whole edge as a state machine, where some users' events are batched and conflated, all compressed; and
proof that it sees a pacer that is broken."""

from typing import Any

import msgspec
import pytest
from autodmca_edge.fanout import pacer
from autodmca_edge.fanout.experiments import Experiments
from autodmca_edge.session.session import Session
from autodmca_edge.testing import FakeNode, FakePeer
from hypothesis import HealthCheck, settings

from services.edge.tests.machine import GRACE_S, EdgeMachine
from services.edge.tests.machine_runs import caught

EXPERIMENTS = """{"pace": {"variants": {"plain": 1, "paced": 1},
                           "features": {"paced": {"batchMs": 300, "conflationMs": 700}}}}"""


class _Node(FakeNode):
    """Everybody can read what is compressed."""

    def connect(self, token: str | None = "", **options: Any) -> FakePeer:
        return super().connect(token, window=12, **options)


class PacedMachine(EdgeMachine):
    """What must hold is the same."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes = [
            _Node(
                self.stored,
                window_bytes=window,
                grace_s=GRACE_S,
                experiments=EXPERIMENTS,
                compression=True,
            )
            for window in (2500, 0)
        ]


PacedMachine.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestEdge = PacedMachine.TestCase


def test_the_machines_users_are_in_both_variants() -> None:
    experiments = Experiments(EXPERIMENTS)
    said = [experiments.variants_of(user)["pace"] for user in (1, 2, 9)]
    assert said == ["paced", "plain", "plain"]


def _all_states(payload: bytes) -> object:
    """Of facts, too, only the newest comes."""
    said = msgspec.json.decode(payload)
    return said["type"], said.get("userId")


def _overtaking(session: Session, text: bytes) -> None:
    """What is said comes before what waits, and has the cursors of that."""
    pacer, session.pacer = session.pacer, None
    _SAY(session, text)
    session.pacer = pacer


_SAY = Session._say

BREAKS = {
    "facts that wait, conflated like states": (pacer, "_entity", _all_states),
    "cursors of events that wait": (Session, "_say", _overtaking),
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_machine_catches(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(PacedMachine):
        pass

    monkeypatch.setattr(*BREAKS[what])
    caught(Broken)
