"""How a state machine of the edge is run: to see that nothing fails, or that a broken edge does."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.edge.tests.machine import EdgeMachine


def run(machine: type[EdgeMachine], **more: Any) -> None:
    """Runs of 40 steps each, until one fails."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), **more
        ),
    )


def caught(machine: type[EdgeMachine]) -> None:
    """It ends with the first run that fails."""
    with pytest.raises(AssertionError):
        run(machine, max_examples=4000, derandomize=True, database=None, phases=[Phase.generate])
