"""The limit of open files of a process."""

import subprocess
import sys

CODE = """
import resource
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
hard = min(hard, 300)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
from autodmca_runtime.files import raise_file_limit
assert raise_file_limit() == hard, resource.getrlimit(resource.RLIMIT_NOFILE)
assert raise_file_limit() == hard
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "file limit" in ran.stdout + ran.stderr
