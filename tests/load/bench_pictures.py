"""How many hashes are looked up a second, one at a time, on one core, against large libraries.

Answers are checked against comparing all hashes (numpy), which is the reference; goals are in the row.
"""

import time
from typing import Final

import numpy as np
import numpy.typing as npt
from autodmca_ai_detection.pictures.library import HASH_BITS, HashIndex

GOALS: Final = {100_000: 5_000, 1_000_000: 1_000}
LOOK_UPS: Final = 400
CHECKED: Final = 20
ROUNDS: Final = 3


def main() -> None:
    """Measure and print a row for each size."""
    rng = np.random.default_rng(1)
    for size, goal in GOALS.items():
        hashes = rng.integers(0, 2**64, size, dtype=np.uint64)
        started = time.process_time()
        index = HashIndex()
        index.add(hashes)
        built = time.process_time() - started
        wanted = near(hashes[rng.integers(0, size, LOOK_UPS)], rng)
        best = all_of_them = float("inf")
        for _ in range(ROUNDS):
            started = time.process_time()
            found = [index.within(wanted[n : n + 1], HASH_BITS) for n in range(LOOK_UPS)]
            best = min(best, (time.process_time() - started) / LOOK_UPS)
            started = time.process_time()
            compared = [
                np.flatnonzero(np.bitwise_count(hashes ^ one) <= HASH_BITS) for one in wanted[:CHECKED]
            ]
            all_of_them = min(all_of_them, (time.process_time() - started) / CHECKED)
        for got, want in zip(found, compared, strict=False):
            assert sorted(number for _, number, _ in got) == want.tolist(), "the index missed a hash"
        print(
            f"| look up a picture's hash among {size:,}, to {HASH_BITS} bits "
            f"(goal {goal:,}; made in {built:.2f} s) "
            f"| {1 / best:,.0f} /s | numpy {1 / all_of_them:,.0f} | {all_of_them / best:.1f} |",
            flush=True,
        )


def near(hashes: npt.NDArray[np.uint64], rng: np.random.Generator) -> npt.NDArray[np.uint64]:
    """Each with as many of its bits changed as may differ."""
    masks = [sum(1 << int(bit) for bit in rng.choice(64, HASH_BITS, replace=False)) for _ in hashes]
    return hashes ^ np.array(masks, dtype=np.uint64)


if __name__ == "__main__":
    main()
