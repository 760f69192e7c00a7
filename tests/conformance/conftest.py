"""The echo that the conformance tests talk to, and a client of it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conformance.conversation import LIMIT
from tests.raw_client import RawClient
from tests.unit.repository import ROOT


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.conformance.echo", str(LIMIT)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as echo:
        assert echo.stdout is not None
        try:
            yield int(echo.stdout.readline())
        finally:
            echo.terminate()
        assert echo.stdout.read() == "", "the echo complained"


@pytest.fixture
def client(port: int) -> Iterator[RawClient]:
    with RawClient(port) as client:
        client.upgrade()
        yield client
