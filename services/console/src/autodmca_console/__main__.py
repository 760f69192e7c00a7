"""`python -m autodmca_console`: the console until SIGTERM or SIGINT."""

from __future__ import annotations

import sys

from autodmca_runtime import run

from autodmca_console.app import main
from autodmca_console.config import ConsoleSettings

if __name__ == "__main__":
    sys.exit(run("console", ConsoleSettings, main))
