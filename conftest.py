"""The fixtures of every test in this repository, wherever it lies."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `tests` is importable however pytest is started

from tests.brokers import (
    _module_cluster,
    _module_embedded,
    _module_kafka,
    any_broker,
    embedded_broker,
    fault_broker,
    fault_embedded,
    fault_kafka,
    kafka_broker,
    kafka_cluster,
    moving_kafka,
    new_name,
    secure_kafka,
)
from tests.room import room
from tests.seeds import MACHINE_EXAMPLES, MACHINE_SEED

__all__ = [
    "_module_cluster",
    "_module_embedded",
    "_module_kafka",
    "any_broker",
    "embedded_broker",
    "fault_broker",
    "fault_embedded",
    "fault_kafka",
    "kafka_broker",
    "kafka_cluster",
    "moving_kafka",
    "new_name",
    "secure_kafka",
]


def pytest_report_header() -> str:
    """What repeats this run's random parts."""
    return f"random: MACHINE_SEED={MACHINE_SEED} MACHINE_EXAMPLES={MACHINE_EXAMPLES}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Beside the tests of other processes, or alone."""
    with room(alone=item.get_closest_marker("alone") is not None):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests that passed have measured, as they recorded it under `table`."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "table":
                terminalreporter.write_line(f"\n{value}")
