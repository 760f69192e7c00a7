"""The signatures by which texts are proposed: MinHash (Broder, 1997) over runs of words, of windows, so that
a part of a text is found in another. Apart from the fingerprint, which workers make that search nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from datasketch import MinHash

from autodmca_ai_detection.texts.fingerprint import TextFingerprint, shingles

PERMUTATIONS: Final = 128
_WINDOW: Final = 64
_STEP: Final = 32


def signatures(fingerprint: TextFingerprint) -> Iterator[MinHash]:
    """Of each window of the text, in order."""
    runs = (shingles(fingerprint.numbers) >> np.uint64(32)).astype(np.uint32)
    last = max(1, len(runs) - _WINDOW + _STEP)
    parts = (np.unique(runs[at : at + _WINDOW]).tolist() for at in range(0, last, _STEP))
    yield from MinHash.generator(parts, num_perm=PERMUTATIONS, scheme="affine32", hashfunc=_itself)


def _itself(value: int) -> int:
    return value
