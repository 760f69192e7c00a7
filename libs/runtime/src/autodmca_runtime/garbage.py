"""Python's garbage collector, set for a process that makes many short-lived records.

With the default thresholds the collector walks every batch of fresh records again and again and the whole
start-up heap with them, for next to nothing: what the hot paths make has no cycles.
"""

from __future__ import annotations

import gc

THRESHOLD = 50_000
"""Containers made, less those freed, before the youngest generation is looked at (Python: 700 or 2,000)."""


def settle_garbage_collector(threshold: int = THRESHOLD) -> None:
    """Collect once, exempt all that is alive from later collections, and collect more rarely from now on.

    Call it once, when start-up is over. Blocks for one full collection (tens of milliseconds).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(threshold, 20, 50)
