"""`python -m tests.quality.fit_matching`: fit the weights of matching, and write them where they belong.

A logistic regression by scikit-learn on labelled pairs; the thresholds come from scores that each fifth of
the persons got from weights fitted on the other four. Takes seconds; the same pairs give the same weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from autodmca_social_media.matching import scoring
from autodmca_social_media.matching.features import NAMES, Prepared, figures
from autodmca_social_media.matching.scoring import Weights
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from tests.quality.impersonators.pairs import pairs

PERSONS: Final = range(1, 1_201)
PENALTY: Final = 1.0
PRECISION: Final = {"high": 0.996, "critical": 0.999}
WHERE: Final = Path(scoring.__file__).with_name("weights.json")


def main() -> None:
    rows, labels, groups = [], [], []
    for number, pair in enumerate(pairs(PERSONS, 0)):
        rows.append(figures(Prepared(pair.person), pair.account))
        labels.append(pair.guilty)
        groups.append(number // 10)
    measured, guilty = np.array(rows), np.array(labels)
    model = LogisticRegression(C=PENALTY, max_iter=2_000)
    scores = cross_val_predict(
        model, measured, guilty, groups=groups, cv=GroupKFold(5), method="predict_proba"
    )[:, 1]
    model.fit(measured, guilty)
    weights = Weights(
        bias=round(float(model.intercept_[0]), 4),
        weights={name: round(float(weight), 4) for name, weight in zip(NAMES, model.coef_[0], strict=True)},
        thresholds=_thresholds(scores, guilty),
    )
    WHERE.write_bytes(msgspec.json.format(msgspec.json.encode(weights), indent=1) + b"\n")
    print(f"{len(labels)} pairs of {len(PERSONS)} persons: {weights.thresholds}")


def _thresholds(scores: Any, guilty: Any) -> dict[Any, float]:
    """`low` is where F1 is best; `high` and `critical` the least score from which on precision is as said;
    `medium` is half way between `low` and `high`."""
    grid = np.round(np.arange(0.05, 0.999, 0.005), 3)

    def f1(least: float) -> float:
        hits = float(np.sum(guilty & (scores >= least)))
        return 2 * hits / (float(np.sum(scores >= least)) + float(np.sum(guilty)))

    def exact(wanted: float) -> float:
        return float(next((at for at in grid if np.mean(guilty[scores >= at]) >= wanted), 0.995))

    low = float(max(grid, key=f1))
    high = max(low, exact(PRECISION["high"]))
    critical = max(high, exact(PRECISION["critical"]))
    return {"low": round(low, 3), "medium": round((low + high) / 2, 3), "high": high, "critical": critical}


if __name__ == "__main__":
    main()
