"""The web package's own tests, by Vitest; what runs against a real edge starts one with `edge_command`."""

import os
import shutil
import subprocess

import pytest

from tests.unit.repository import ROOT

PACKAGE = ROOT / "libs" / "web-client"
VITEST = ROOT / "node_modules" / "vitest" / "vitest.mjs"
AGAINST_EDGES = "tests/scripts.test.ts"
REACT_18 = "react-18/vitest.config.ts"


def node_program() -> str:
    """Node; the test is skipped by name where it, or its packages, are missing, but fails in CI."""
    node = shutil.which("node")
    if node is None or not VITEST.is_file():
        reason = "no Node with its packages: `make test` installs them, as root on Debian Node too"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return node


def vitest(*arguments: str) -> None:
    """Run some of them; a failure shows what they said."""
    command = [node_program(), str(VITEST), "run", "--passWithNoTests=false", *arguments]
    ended = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_web_client_does_what_its_tests_say() -> None:
    vitest("--exclude", AGAINST_EDGES)


def test_what_the_web_client_draws_is_the_same_on_react_18() -> None:
    vitest("--config", REACT_18)


def test_the_web_client_hears_the_same_of_its_fake_edge_and_of_a_real_one() -> None:
    vitest(AGAINST_EDGES)
