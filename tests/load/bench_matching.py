"""How many accounts a second are compared with a watched person, on one core.

The accounts are the held-out pairs of `make quality`: most are like the person, which costs the most, and a
quarter has names outside ASCII. The reference is the goal, fifty thousand a second.
"""

import time
from typing import Final

from autodmca_social_media.matching.features import Prepared
from autodmca_social_media.matching.scoring import scorer

from tests.quality.impersonators.pairs import pairs

PERSONS: Final = range(600_000, 600_300)
GOAL: Final = 50_000
ROUNDS: Final = 7


def main() -> str:
    """Measure, print the row and return it."""
    every = [(Prepared(pair.person), pair.account) for pair in pairs(PERSONS, 1)]
    score = scorer().score
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for prepared, account in every:
            score(prepared, account)
        best = min(best, time.process_time() - started)
    rate = len(every) / best
    row = f"| compare accounts with a watched person | {rate:,.0f}/s | goal {GOAL:,}/s | {rate / GOAL:.2f} |"
    print(row)
    return row


if __name__ == "__main__":
    main()
