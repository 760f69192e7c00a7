"""The Autobahn test suite against the echo: `python -m tests.conformance.autobahn [CASES ...]`.

Owns getting the suite (which runs on Python 2.7 alone) into .tools/, running its fuzzing client and
printing what it found by group. Exits with 1 when a case failed, or closed in a wrong way, and with a line
that says what is missing when there is no Python 2.7.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.unit.repository import ROOT

SUITE: Final = "autobahntestsuite==0.8.2"
INSTALLED: Final = ROOT / ".tools" / "autobahn"
REPORTS: Final = ROOT / ".run" / "autobahn"
GROUPS: Final = {
    "1": "framing", "2": "pings and pongs", "3": "reserved bits", "4": "opcodes", "5": "fragmentation",
    "6": "UTF-8", "7": "close handling", "9": "limits and speed", "10": "automatic fragmentation",
    "12": "compression", "13": "compression, parameters",
}  # fmt: skip
PASSED: Final = ("OK", "NON-STRICT", "INFORMATIONAL")


def python27() -> str:
    """A Python 2.7 that runs, from PATH or pyenv."""
    candidates = [shutil.which("python2.7")]
    if pyenv := shutil.which("pyenv"):
        folder = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip()
        candidates += [str(each) for each in Path(folder, "versions").glob("2.7.*/bin/python2.7")]
    for each in candidates:
        if each and subprocess.run([each, "-c", ""], capture_output=True, check=False).returncode == 0:
            return each
    raise SystemExit("the Autobahn suite needs Python 2.7, and none was found: try `pyenv install 2.7.18`")


def install(python: str, environ: Mapping[str, str]) -> Path:
    """Install the suite, unless it is; its command."""
    command = INSTALLED / "bin" / "wstest"
    done = INSTALLED / ".installed"
    if not done.is_file() or done.read_text() != SUITE:
        shutil.rmtree(INSTALLED, ignore_errors=True)
        pip = [python, "-m", "pip", "install", "--user", "--ignore-installed", "--no-warn-script-location"]
        subprocess.run([*pip, "--quiet", SUITE], env=environ, check=True)
        done.write_text(SUITE)
    return command


def run(cases: list[str]) -> Mapping[str, Mapping[str, Any]]:
    """Run the cases; what the suite says of each."""
    python = python27()
    # A user's folder of packages of our own: as apart from the machine's as a virtual environment.
    environ = {**os.environ, "PYTHONUSERBASE": str(INSTALLED), "PYTHONWARNINGS": "ignore"}
    wstest = install(python, environ)
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    with (
        (REPORTS / "echo.log").open("w") as echo_log,
        (REPORTS / "wstest.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.echo"],
            stdout=subprocess.PIPE, stderr=echo_log, text=True, cwd=ROOT,
        ) as echo,
    ):  # fmt: skip
        assert echo.stdout is not None
        specification = {
            "outdir": str(REPORTS),
            "servers": [{"agent": "edge", "url": f"ws://127.0.0.1:{echo.stdout.readline().strip()}/ws"}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        file = REPORTS / "specification.json"
        file.write_text(json.dumps(specification))
        command = [python, str(wstest), "-m", "fuzzingclient", "-s", str(file)]
        try:
            subprocess.run(command, env=environ, cwd=REPORTS, stdout=log, stderr=log, check=True)
        finally:
            echo.terminate()
    if (REPORTS / "echo.log").stat().st_size:
        raise SystemExit(f"the echo complained: {REPORTS}/echo.log")
    found: dict[str, dict[str, Any]] = json.loads((REPORTS / "index.json").read_text())["edge"]
    return found


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Cases by group and verdict, as Markdown."""
    lines = ["| group | cases | OK | non-strict | informational | failed |", "| --- " * 6 + "|"]
    for group, name in GROUPS.items():
        verdicts = Counter(verdict(each) for case, each in results.items() if case.split(".")[0] == group)
        if total := verdicts.total():
            counts = [verdicts[each] for each in PASSED]
            row = [f"{group} {name}", total, *counts, total - sum(counts)]
            lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)


def verdict(result: Mapping[str, Any]) -> str:
    """The worse one of how a case went and how it closed."""
    closed: str = result["behaviorClose"]
    said: str = result["behavior"]
    return said if closed in PASSED else f"close: {closed}"


def main(cases: list[str]) -> int:
    begun = time.monotonic()
    results = run(cases or [f"{group}.*" for group in GROUPS])
    print(table(results))
    notable = {case: verdict(each) for case, each in results.items() if verdict(each) != "OK"}
    for case in sorted(notable, key=lambda case: [int(part) for part in re.findall(r"\d+", case)]):
        print(f"{case}: {notable[case]}")
    failed = [case for case, said in notable.items() if said not in PASSED]
    seconds = time.monotonic() - begun
    print(f"{len(results)} cases in {seconds:.0f} s, {len(failed)} failed: {REPORTS}/index.html")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
