"""A test that fails beside others is run once more, alone; what differs is told, not hidden.

Tests of whole systems share two cores with each other. One that passes alone, right after it failed, is
*unsteady*: the run passes with at most `MOST` of them, and prints the failure of each in full, to be mended.
One that fails twice has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol

import pytest
from _pytest.runner import runtestprotocol

MOST: Final = 5  # in a run: one test of a thousand
UNSTEADY: Final = "unsteady"  # the outcome of a first run's report, as the terminal counts it


class Room(Protocol):
    """Where a test runs: beside others, or alone."""

    def __call__(self, *, alone: bool) -> AbstractContextManager[None]: ...


def run(item: pytest.Item, nextitem: pytest.Item | None, room: Room, *, alone: bool) -> bool:
    """Do the whole of `pytest_runtest_protocol` for one test."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    with room(alone=alone):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(report.failed for report in reports):
        with room(alone=True):
            again = runtestprotocol(item, log=False, nextitem=nextitem)
        if not any(report.failed for report in again):
            _tell(
                [report for report in reports if report.failed], item.ihook.pytest_runtest_logreport, UNSTEADY
            )
        reports = again
    _tell(reports, item.ihook.pytest_runtest_logreport)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _tell(reports: list[pytest.TestReport], log: Callable[..., object], outcome: str | None = None) -> None:
    for report in reports:
        if outcome is not None:
            report.outcome = outcome  # type: ignore[assignment]  # one of our own, as plugins may add
        log(report=report)


def status(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """`pytest_report_teststatus` of a first run; None leaves it to pytest."""
    return (UNSTEADY, "U", "UNSTEADY") if str(report.outcome) == UNSTEADY else None


def summarize(terminal: pytest.TerminalReporter) -> None:
    """Print each unsteady test's failure in full."""
    for report in terminal.getreports(UNSTEADY):
        terminal.section(f"unsteady: {report.nodeid} failed, then passed alone", yellow=True)
        terminal.write_line(report.longreprtext)


def too_many(session: pytest.Session) -> bool:
    """Whether more than `MOST` tests of this run were unsteady."""
    terminal = session.config.pluginmanager.getplugin("terminalreporter")
    return terminal is not None and len({each.nodeid for each in terminal.getreports(UNSTEADY)}) > MOST
