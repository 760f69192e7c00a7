"""A fitted model: the confidence that one picture is made of another, and the verdict that goes with it.

Owns the form in which a model is stored: JSON with the weights and the version of the code that they belong
to, the same bytes for the same model. Knows no scikit-learn: what it says is a sum and two curves. A model of
another version raises NotTrainable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta, Struct

from autodmca_ai_detection.errors import NotTrainable
from autodmca_ai_detection.pictures import judgement
from autodmca_ai_detection.pictures.judgement import Verdict
from autodmca_ai_detection.pictures.library import Match
from autodmca_ai_detection.training.measures import (
    NAMES,
    VERSION,
    Floats,
    Measures,
    evidence_of,
    figures,
    measured,
)

WIDTH: Final = len(NAMES) * (len(NAMES) + 3) // 2
"""Figures of a pair: each of NAMES and the products of two."""
FORMAT: Final = 1

Row = Annotated[tuple[float, ...], Meta(min_length=WIDTH, max_length=WIDTH)]


class Epoch(Struct, frozen=True, kw_only=True):
    """What one pass over the pairs came to.

    `loss` is of the pairs that were learned from and `chosen_loss` of those that decide when to stop, as mean
    log loss. The rest is of pairs of held-out pictures, which decide nothing: precision and recall at
    `threshold`, the area under the ROC curve, and by how much confidences are off on the average
    (`calibration_error`, over ten bins of confidence).
    """

    number: int
    loss: float
    chosen_loss: float
    precision: float
    recall: float
    roc_auc: float
    calibration_error: float
    threshold: float
    best: bool


class Model(Struct, frozen=True, kw_only=True):
    """`mean` and `spread` bring figures to one size, `weights` and `bias` are the regression's, `slope` and
    `offset` calibrate it. From `threshold` on it is a match, from `possible` on perhaps one."""

    format: int
    figures: int
    mean: Row
    spread: Row
    weights: Row
    bias: float
    slope: float
    offset: float
    threshold: float
    possible: float
    precision: float
    pictures: int
    pairs: int
    pairs_digest: str
    seed: int
    epoch: Epoch

    def confidences(self, measures: Sequence[Measures]) -> Floats:
        """Of each, 0 to 1."""
        rows = (figures(measures) - np.array(self.mean)) / np.array(self.spread)
        scores = rows @ np.array(self.weights) + self.bias
        return chances(self.slope * scores + self.offset)

    def judge(self, match: Match) -> tuple[float, Verdict]:
        """What it says of one that `Library.search` found, in the place of `judgement`."""
        confidence = float(self.confidences([measured(match.evidence, match.phash, match.dhash)])[0])
        return confidence, self.verdict(confidence)

    def verdict(self, confidence: float) -> Verdict:
        """What a confidence is called."""
        if confidence >= self.threshold:
            return "match"
        return "possible_match" if confidence >= self.possible else "no_match"


_DECODER: Final = msgspec.json.Decoder(Model)


def chances(scores: Floats) -> Floats:
    """Scores as parts of 1, by the logistic curve."""
    found: Floats = 1 / (1 + np.exp(-np.clip(scores, -60, 60)))
    return found


def built_in(measures: Sequence[Measures]) -> Floats:
    """The confidences of the judgement that stands in for a model where none is active."""
    return np.array([_built_in(each) for each in measures])


def _built_in(each: Measures) -> float:
    by_detail = judgement.confidence(evidence_of(each)) if each.inliers else 0.0
    return max(by_detail, judgement.confidence_of_whole(max(each.phash, each.dhash)))


BUILT_IN_THRESHOLD: Final = 0.5


def dump(model: Model) -> bytes:
    """The model as it is stored, about 5 kB."""
    return msgspec.json.encode(model)


def load(data: bytes) -> Model:
    """What `dump` wrote. Raises NotTrainable."""
    try:
        model = _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise NotTrainable("other_version", f"no model of form {FORMAT}: {error}") from error
    if (model.format, model.figures) != (FORMAT, VERSION):
        raise NotTrainable(
            "other_version",
            f"a model of form {model.format} and figures {model.figures}; this version reads form {FORMAT} "
            f"and figures {VERSION}: train it again",
        )
    numbers = (*model.mean, *model.spread, *model.weights, model.bias, model.slope, model.offset)
    if not all(map(math.isfinite, numbers)) or min(model.spread) <= 0:
        raise NotTrainable("other_version", "a model whose numbers make no sense")
    return model
