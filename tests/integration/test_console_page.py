"""The logic of the console's page, by Vitest."""

import subprocess

from tests.integration.test_web_client import VITEST, node_program
from tests.unit.repository import ROOT


def test_the_page_s_logic_does_what_its_tests_say() -> None:
    command = [node_program(), str(VITEST), "run", "--passWithNoTests=false"]
    ended = subprocess.run(
        command, cwd=ROOT / "services" / "console", capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
