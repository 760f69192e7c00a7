"""A run tells a test that fails once from one that fails: pytest itself, on files of the test's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unsteady import MOST

ROOT = Path(__file__).parents[2]

CONFTEST = """
from contextlib import nullcontext
import pytest
from tests import unsteady

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    return unsteady.run(item, nextitem, lambda *, alone: nullcontext(), alone=False)

def pytest_report_teststatus(report):
    return unsteady.status(report)

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if unsteady.too_many(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

def pytest_terminal_summary(terminalreporter):
    unsteady.summarize(terminalreporter)
"""

ONCE = """
import pytest

seen = set()

@pytest.mark.parametrize("number", range({count}))
def test_fails_once(number, tmp_path):
    if number not in seen:
        seen.add(number)
        raise ValueError("the first time")
"""


def _run(folder: Path, text: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_these.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        *more,
        str(folder),
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("workers", [(), ("--numprocesses=2",)], ids=["here", "in two processes"])
def test_what_passes_the_second_time_is_unsteady_and_told_in_full(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    run = _run(tmp_path, ONCE.format(count=2), *workers)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed, 2 unsteady" in run.stdout
    assert run.stdout.count("ValueError: the first time") >= 2
    assert "test_fails_once[1] failed, then passed alone" in run.stdout


def test_what_fails_twice_has_failed(tmp_path: Path) -> None:
    run = _run(tmp_path, "def test_fails():\n    raise ValueError('each time')\n")
    assert run.returncode == 1
    assert "1 failed" in run.stdout
    assert "unsteady" not in run.stdout


def test_too_many_unsteady_tests_fail_the_run(tmp_path: Path) -> None:
    assert _run(tmp_path, ONCE.format(count=MOST)).returncode == 0
    run = _run(tmp_path, ONCE.format(count=MOST + 1), "--numprocesses=2")
    assert run.returncode == 1
    assert f"{MOST + 1} unsteady" in run.stdout
