"""What the evidence of two pictures means: a copy, perhaps one, or none.

Owns the thresholds, and what they were chosen on: pictures that `make quality` does not judge by. Pure.
"""

from __future__ import annotations

import math
from typing import Final, Literal

from autodmca_ai_detection.pictures.verification import Evidence

Verdict = Literal["match", "possible_match", "no_match"]

_CERTAIN: Final = 0.5
_POSSIBLE: Final = 0.1
_LEAST_INLIERS: Final = 8
_MOST_ASTRAY: Final = 0.55
_MOST_HOLES: Final = 0.41
_MOST_BITS: Final = 4.5


def confidence(evidence: Evidence) -> float:
    """How sure it is, 0 to 1, that one picture is made of the other; `verdict` says from where on it is.

    Unrelated pictures share no eight features that a map joins. Another photograph of the same scene shares
    many, but is `shifted` where it is near, what fits does so less exactly, and less is there.
    What shares a layout alone, as posts in one frame or memes of one caption, has `holes`.
    """
    astray = evidence.shifted + 150 * evidence.residual - 0.4 * evidence.explained
    enough = (evidence.inliers - _LEAST_INLIERS + 0.5) / 1.5
    exact = (_MOST_ASTRAY - astray) / 0.03
    whole = (_MOST_HOLES - evidence.holes) / 0.04
    return 1 / (1 + math.exp(-min(enough, exact, whole)))


def confidence_of_whole(bits: int) -> float:
    """How sure it is that one picture is the other as a whole, by the bits of 64 in which hashes differ.

    Where noise or compression leaves no detail, hashes are all there is. Of different pictures that look
    alike, none differed in fewer than 8 bits of either hash.
    """
    return 1 / (1 + math.exp((bits - _MOST_BITS) / 0.35))


def verdict(confidence: float) -> Verdict:
    """What a confidence is called."""
    if confidence >= _CERTAIN:
        return "match"
    return "possible_match" if confidence >= _POSSIBLE else "no_match"
