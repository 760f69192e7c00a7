"""What reading ten thousand URLs out of a text costs, each to its normal form and registrable domain.

The hosts are all different, so that no cache of domains helps. The reference is the goal, half a second on
a core.
"""

import time
from typing import Final

from autodmca_urls.reading import read_text

URLS: Final = 10_000
GOAL_S: Final = 0.5
ROUNDS: Final = 5


def main() -> str:
    """Measure, print the row and return it."""
    text = "\n".join(
        f"{number}. hxxps://www.site{number}[.]co.uk:443/a%7eb/../files/{number:x}?utm_source=x&id={number}#top"
        if number % 4 == 0
        else f"* https://site{number}.example{number % 97}.com/wp-content/{number}/b%c3%a9.html?id={number}"
        for number in range(URLS)
    )
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        found = read_text(text)
        best = min(best, time.process_time() - started)
    assert sum(read.dropped is None for read in found) == URLS
    row = f"| read {URLS:,} URLs out of a text | {best:.3f} s | goal {GOAL_S} s | {best / GOAL_S:.2f} |"
    print(row)
    return row


if __name__ == "__main__":
    main()
