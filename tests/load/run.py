"""`make bench`: every benchmark in turn, as one Markdown table.

    python -m tests.load.run [NAME...]      # all, or those whose module's name holds a NAME

Each `bench_*.py` is a process of its own and prints rows: what, ours, the reference in the same run, and
ours divided by the reference's. Absolute figures drift from machine to machine; compare within a row. Where
other work took more than a quarter of a core meanwhile, a row says so: do not rely on those figures.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
STAT: Final = Path("/proc/stat")
QUIET_CORES: Final = 0.25


def main(names: list[str]) -> int:
    """Run the benchmarks; the number of those that failed."""
    print("| what | ours | reference, same run | ratio |\n| --- | ---: | ---: | ---: |", flush=True)
    failed = 0
    for path in sorted(HERE.glob("bench_*.py")):
        if names and not any(name in path.stem for name in names):
            continue
        others, began = _others_cpu_s(), time.monotonic()
        command = [sys.executable, "-m", f"tests.load.{path.stem}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        print("".join(line for line in done.stdout.splitlines(True) if line.startswith("|")), end="")
        cores = (_others_cpu_s() - others) / (time.monotonic() - began)
        if cores > QUIET_CORES:
            print(f"| *{path.stem} shared the machine with other work: {cores:.1f} cores* | | | |")
        sys.stdout.flush()
        if done.returncode:
            failed += 1
            print(f"{path.stem} failed with exit code {done.returncode}", file=sys.stderr, flush=True)
    return failed


def _others_cpu_s() -> float:
    """CPU seconds of this machine so far that no process started here used; 0 where there is no /proc."""
    if not STAT.exists():
        return 0.0
    user, nice, system, _, _, irq, softirq, steal, *_ = STAT.read_text().splitlines()[0].split()[1:]
    busy = sum(map(int, (user, nice, system, irq, softirq, steal))) / os.sysconf("SC_CLK_TCK")
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    return busy - ours.ru_utime - ours.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
