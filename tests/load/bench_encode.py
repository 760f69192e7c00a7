"""What encoding one envelope costs, against json.dumps of the same content in the same run.

Run by itself it prints one row of a Markdown table. The ratio holds between machines, the microseconds do
not: the best of many short rounds, taken in turns, so that both meet the same disturbances.
"""

import json
import time
from collections.abc import Callable
from typing import Final

from autodmca_events import encode
from autodmca_events.example import example

TYPE: Final = "template_usage"
ROUNDS: Final = 60
CALLS_PER_ROUND: Final = 5_000


def main() -> str:
    """Measure, print the row and return it: what, ours, the reference, ours / reference."""
    event = example(TYPE)
    value = encode(event)
    same = json.loads(value)
    ours = reference = float("inf")
    for _ in range(ROUNDS):
        ours = min(ours, _microseconds(lambda: encode(event)))
        reference = min(reference, _microseconds(lambda: json.dumps(same).encode()))
    row = (
        f"| encode one envelope ({TYPE}, {len(value)} bytes) | {ours:.2f} µs "
        f"| json.dumps {reference:.2f} µs | {ours / reference:.2f} |"
    )
    print(row)
    return row


def _microseconds(call: Callable[[], bytes]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS_PER_ROUND):
        call()
    return (time.perf_counter() - started) / CALLS_PER_ROUND * 1e6


if __name__ == "__main__":
    main()
