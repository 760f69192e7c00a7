"""`make bench`: every benchmark in turn, as one Markdown table.

    python -m tests.load.run [NAME...]      # all, or those whose module's name holds a NAME

Each `bench_*.py` is a process of its own and prints rows: what, ours, the reference in the same run, and
the ratio of the two. Absolute figures drift from machine to machine; compare within a row.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the benchmarks; the number of those that failed."""
    print("| what | ours | reference, same run | ratio |\n| --- | ---: | ---: | ---: |", flush=True)
    failed = 0
    for path in sorted(HERE.glob("bench_*.py")):
        if not names or any(name in path.stem for name in names):
            done = subprocess.run(
                [sys.executable, "-m", f"tests.load.{path.stem}"], stdout=subprocess.PIPE, text=True
            )
            print(
                "".join(line for line in done.stdout.splitlines(True) if line.startswith("|")),
                end="",
                flush=True,
            )
            if done.returncode:
                failed += 1
                print(f"{path.stem} failed with exit code {done.returncode}", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
