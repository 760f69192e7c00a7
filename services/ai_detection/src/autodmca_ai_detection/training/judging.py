"""How good confidences are, and which threshold keeps a precision. Pure arithmetic over labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from sklearn.metrics import roc_auc_score

from autodmca_ai_detection.training.measures import Floats, Pair
from autodmca_ai_detection.training.model import BUILT_IN_THRESHOLD, Model, built_in

Labels = npt.NDArray[np.bool_]

_BINS: Final = 10
_NEVER: Final = 1.000001
_LEAST_LOSS: Final = {"precision": 0.005, "recall": 0.01, "roc_auc": 0.005}
"""By how much a figure may be lower before a model is called worse."""


class Score(Struct, frozen=True, kw_only=True):
    """Of one model on labelled pairs; `precision` is 1 where nothing is called a match."""

    precision: float
    recall: float
    roc_auc: float
    calibration_error: float
    wrong: int
    missed: int


class Comparison(Struct, frozen=True, kw_only=True):
    """A model beside the active one, on the pictures that the new one was not fitted on. The active one may
    have seen them. `reasons` says in words what is worse, if anything is."""

    pairs: int
    candidate: Score
    active: Score
    worse: bool
    reasons: tuple[str, ...]


def score(confidences: Floats, copies: Labels, threshold: float) -> Score:
    """How good confidences are where `copies` says what is one."""
    called = confidences >= threshold
    hits = int((called & copies).sum())
    return Score(
        precision=round(hits / max(1, int(called.sum())) if called.any() else 1.0, 4),
        recall=round(hits / max(1, int(copies.sum())), 4),
        roc_auc=round(float(roc_auc_score(copies, confidences)), 4)
        if 0 < copies.sum() < len(copies)
        else 1.0,
        calibration_error=round(_calibration_error(confidences, copies), 4),
        wrong=int((called & ~copies).sum()),
        missed=int((~called & copies).sum()),
    )


def log_loss(confidences: Floats, copies: Labels) -> float:
    """The mean over pairs."""
    kept = np.clip(confidences, 1e-9, 1 - 1e-9)
    return float(-np.mean(np.where(copies, np.log(kept), np.log1p(-kept))))


def threshold_at(precision: float, confidences: Floats, copies: Labels) -> float:
    """The least confidence from which on so many are copies, half way to the one below it; of equal ones all
    or none. Just above all that are no copies where no confidence keeps the precision."""
    levels = np.unique(confidences)[::-1]
    kept: float | None = None
    for number, level in enumerate(levels):
        called = confidences >= level
        if copies[called].mean() >= precision:
            below = float(levels[number + 1]) if number + 1 < len(levels) else 0.0
            middle = (float(level) + below) / 2
            kept = middle if middle > below else float(level)
    if kept is not None:
        return kept
    most = float(confidences[~copies].max())
    return (1 + most) / 2 if (1 + most) / 2 > most else _NEVER


def compare(candidate: Model, active: Model | None, held_out: Sequence[Pair]) -> Comparison:
    """A new model and the active one (None: the built-in judgement) on the same pairs."""
    measures = [pair.measures for pair in held_out]
    copies = np.array([pair.copy for pair in held_out])
    mine = score(candidate.confidences(measures), copies, candidate.threshold)
    if active is None:
        theirs = score(built_in(measures), copies, BUILT_IN_THRESHOLD)
    else:
        theirs = score(active.confidences(measures), copies, active.threshold)
    reasons = tuple(
        f"its {name.replace('_', ' ')} is {new:.3f}, the active one's {old:.3f}"
        for name, slack in _LEAST_LOSS.items()
        if (new := getattr(mine, name)) < (old := getattr(theirs, name)) - slack
    )
    return Comparison(
        pairs=len(held_out), candidate=mine, active=theirs, worse=bool(reasons), reasons=reasons
    )


def _calibration_error(confidences: Floats, copies: Labels) -> float:
    """The expected calibration error (Naeini et al., 2015)."""
    bins = np.minimum((confidences * _BINS).astype(int), _BINS - 1)
    total = 0.0
    for each in range(_BINS):
        here = bins == each
        if here.any():
            total += here.mean() * abs(confidences[here].mean() - copies[here].mean())
    return float(total)
