"""The fixtures of every test in this repository, wherever it lies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `tests` is importable however pytest is started

from tests import unsteady
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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Beside the tests of other processes, or alone; once more, alone, when it fails."""
    return unsteady.run(item, nextitem, room, alone=item.get_closest_marker("alone") is not None)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """An unsteady test's first run is counted apart."""
    return unsteady.status(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run with too many unsteady tests fails."""
    if unsteady.too_many(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests that passed have measured, as they recorded it under `table`; and who was unsteady."""
    unsteady.summarize(terminalreporter)
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "table":
                terminalreporter.write_line(f"\n{value}")
