"""Fits the model that tells copies from the rest, one epoch at a time.

Owns the state between epochs: `begin`, then `step` until `is_done`, then `finish`. Each takes bytes and gives
bytes, and the same input gives the same bytes, so that a caller who keeps what `step` gave goes on after a
crash to the model that it would have had. A logistic regression by stochastic gradient descent
(scikit-learn's `partial_fit`) over figures and their products, calibrated (Platt, 1999). Pictures are in one
of three parts: learned from; chosen by (when to stop, calibration, threshold); held out, which every figure
in a report is of. Fails with NotTrainable.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct, structs
from sklearn.linear_model import LogisticRegression, SGDClassifier

from autodmca_ai_detection.errors import NotTrainable
from autodmca_ai_detection.training import judging
from autodmca_ai_detection.training.judging import Labels
from autodmca_ai_detection.training.measures import VERSION, Floats, Pair, digest, figures
from autodmca_ai_detection.training.model import FORMAT, Epoch, Model, chances

LEAST_PICTURES: Final = 5
LEAST_PAIRS: Final = 30
MOST_PAIRS: Final = 100_000
_SPLITS: Final = 256
_BETTER: Final = 1e-4
"""What the loss must fall by for an epoch to count as better."""
_DIGITS: Final = 10
"""Significant ones of what is kept: fewer than differ between processors."""

Part = Literal["learned", "chosen", "held_out"]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is fitted. `epochs`: the most of them; `patience`: after how many without improvement it stops.
    `precision`: what the threshold keeps. `penalty`: on large weights."""

    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    epochs: Annotated[int, Meta(ge=1, le=500)] = 60
    patience: Annotated[int, Meta(ge=1, le=100)] = 8
    precision: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.995
    penalty: Annotated[float, Meta(gt=0, le=1.0)] = 0.001


class State(Struct, frozen=True, kw_only=True):
    """What stands between two epochs. `split`: the salt that pictures are parted by; `steps`: scikit-learn's
    `t_`; `best`: the model of the epoch with the least loss so far."""

    settings: Settings
    pairs_digest: str
    figures: int
    split: int
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    steps: float
    epochs: tuple[Epoch, ...]
    best: Model | None = None


_STATE: Final = msgspec.json.Decoder(State)


def begin(pairs: Sequence[Pair], settings: Settings | None = None) -> bytes:
    """The state before the first epoch. Raises NotTrainable for pairs that no model can be made of."""
    settings = settings or Settings()
    if len(pairs) > MOST_PAIRS:
        raise NotTrainable("too_many_pairs", f"{len(pairs):,} pairs; {MOST_PAIRS:,} are allowed")
    if len(pairs) < LEAST_PAIRS:
        raise NotTrainable("too_few_pairs", f"{len(pairs)} pairs; {LEAST_PAIRS} are needed")
    split = _split(pairs, settings.seed)
    rows = figures([pair.measures for pair in _part(pairs, settings.seed, split, "learned")])
    spread = rows.std(axis=0)
    spread[spread < 1e-6] = 1.0
    state = State(
        settings=settings,
        pairs_digest=digest(pairs),
        figures=VERSION,
        split=split,
        mean=_kept(rows.mean(axis=0)),
        spread=_kept(spread),
        weights=(0.0,) * rows.shape[1],
        bias=0.0,
        steps=1.0,
        epochs=(),
    )
    return msgspec.json.encode(state)


def step(state: bytes, pairs: Sequence[Pair]) -> bytes:
    """One more epoch. The state is that of `begin` or `step` with the same pairs. Raises NotTrainable."""
    now = _read(state, pairs)
    learned, chosen, held_out = (
        _part(pairs, now.settings.seed, now.split, part) for part in ("learned", "chosen", "held_out")
    )
    rows, copies = _rows(now, learned)
    classifier: Any = SGDClassifier(
        loss="log_loss",
        alpha=now.settings.penalty,
        learning_rate="invscaling",
        eta0=0.02,
        power_t=0.25,
        random_state=now.settings.seed + len(now.epochs),
    )
    classifier.coef_ = np.array([now.weights])
    classifier.intercept_ = np.array([now.bias])
    classifier.t_ = now.steps
    classifier.partial_fit(rows, copies, classes=np.array([False, True]), sample_weight=_balanced(copies))
    now = structs.replace(
        now,
        weights=_kept(classifier.coef_[0]),
        bias=_kept(classifier.intercept_)[0],
        steps=float(classifier.t_),
    )
    model = _model(now, pairs, chosen)
    number = len(now.epochs) + 1
    least = now.best.epoch.chosen_loss if now.best else float("inf")
    chosen_loss = _loss(model, chosen)
    judged = judging.score(
        model.confidences([pair.measures for pair in held_out]), _labels(held_out), model.threshold
    )
    epoch = Epoch(
        number=number,
        loss=_loss(model, learned),
        chosen_loss=chosen_loss,
        precision=judged.precision,
        recall=judged.recall,
        roc_auc=judged.roc_auc,
        calibration_error=judged.calibration_error,
        threshold=model.threshold,
        best=chosen_loss < least - _BETTER,
    )
    best = structs.replace(model, epoch=epoch) if epoch.best else now.best
    return msgspec.json.encode(structs.replace(now, epochs=(*now.epochs, epoch), best=best))


def epochs(state: bytes) -> tuple[Epoch, ...]:
    """The reports of all epochs so far."""
    return _STATE.decode(state).epochs


def is_done(state: bytes) -> bool:
    """Whether the epochs allowed are over, or have brought nothing for as long as one waits."""
    now = _STATE.decode(state)
    since = len(now.epochs) - (now.best.epoch.number if now.best else 0)
    return len(now.epochs) >= now.settings.epochs or since >= now.settings.patience


def finish(state: bytes) -> Model:
    """The model of the best epoch. Raises ValueError before the first epoch."""
    best = _STATE.decode(state).best
    if best is None:
        raise ValueError("no epoch has been run")
    return best


def held_out(state: bytes, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that nothing was chosen by, for `judging.compare`. Raises NotTrainable."""
    now = _read(state, pairs)
    return _part(pairs, now.settings.seed, now.split, "held_out")


def _read(state: bytes, pairs: Sequence[Pair]) -> State:
    now = _STATE.decode(state)
    if now.figures != VERSION:
        raise NotTrainable("other_version", "it was begun with another version of the figures: begin again")
    if now.pairs_digest != digest(pairs):
        raise NotTrainable("other_pairs", "it was begun with other pairs: begin again")
    return now


def _split(pairs: Sequence[Pair], seed: int) -> int:
    """The first salt by which each part has both copies and others."""
    pictures = {name for pair in pairs for name in (pair.reference, pair.source)}
    if len({pair.reference for pair in pairs}) < LEAST_PICTURES:
        raise NotTrainable("too_few_pictures", f"pairs of {LEAST_PICTURES} references are needed")
    labels = {pair.copy for pair in pairs}
    if len(labels) < 2:
        have, lack = ("copies", "others") if True in labels else ("others", "copies")
        raise NotTrainable("one_sided", f"all pairs are {have}; {lack} are needed as well")
    for salt in range(_SPLITS):
        part = {name: _part_of(name, seed, salt) for name in pictures}
        sides = {
            (part[pair.reference], pair.copy) for pair in pairs if part[pair.reference] == part[pair.source]
        }
        if len(sides) == 6:
            return salt
    raise NotTrainable(
        "one_sided", "pictures cannot be parted so that each part has copies and others: give pairs of more"
    )


def _part_of(picture: str, seed: int, salt: int) -> Part:
    """Three fifths of pictures are learned from, one is chosen by, one is held out."""
    draw = sha256(f"{seed} {salt} {picture}".encode()).digest()[0]
    return "held_out" if draw < 51 else "chosen" if draw < 102 else "learned"


def _part(pairs: Sequence[Pair], seed: int, salt: int, part: Part) -> list[Pair]:
    """The pairs both of whose pictures are in it; one of two parts is in none."""
    return [
        pair for pair in pairs
        if _part_of(pair.reference, seed, salt) == part == _part_of(pair.source, seed, salt)
    ]  # fmt: skip


def _model(now: State, pairs: Sequence[Pair], chosen: Sequence[Pair]) -> Model:
    """Calibrated, and with the threshold, by the pairs that are chosen by."""
    rows, copies = _rows(now, chosen)
    scores = rows @ np.array(now.weights) + now.bias
    curve: Any = LogisticRegression(C=1.0).fit(scores[:, None], copies)
    slope, offset = _kept(np.array([max(1e-3, float(curve.coef_[0][0])), float(curve.intercept_[0])]))
    confidences = chances(slope * scores + offset)
    threshold = judging.threshold_at(now.settings.precision, confidences, copies)
    possible = min(threshold, judging.threshold_at(0.8 * now.settings.precision, confidences, copies))
    nothing = Epoch(
        number=0, loss=0.0, chosen_loss=0.0, precision=0.0, recall=0.0, roc_auc=0.0, calibration_error=0.0,
        threshold=0.0, best=False,
    )  # fmt: skip
    return Model(
        format=FORMAT,
        figures=VERSION,
        mean=now.mean,
        spread=now.spread,
        weights=now.weights,
        bias=now.bias,
        slope=slope,
        offset=offset,
        threshold=round(threshold, 9),
        possible=round(possible, 9),
        precision=now.settings.precision,
        pictures=len({pair.reference for pair in pairs}),
        pairs=len(pairs),
        pairs_digest=now.pairs_digest,
        seed=now.settings.seed,
        epoch=nothing,
    )


def _rows(now: State, pairs: Sequence[Pair]) -> tuple[Floats, Labels]:
    rows = figures([pair.measures for pair in pairs])
    return (rows - np.array(now.mean)) / np.array(now.spread), _labels(pairs)


def _labels(pairs: Sequence[Pair]) -> Labels:
    return np.array([pair.copy for pair in pairs], dtype=np.bool_)


def _balanced(copies: Labels) -> Floats:
    """Copies and others weigh the same in all, however many there are of each."""
    found: Floats = np.where(copies, 0.5 / copies.mean(), 0.5 / (1 - copies.mean()))
    return found


def _loss(model: Model, pairs: Sequence[Pair]) -> float:
    return round(judging.log_loss(model.confidences([pair.measures for pair in pairs]), _labels(pairs)), 6)


def _kept(values: Floats) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values)
