"""Models: how one is fitted epoch by epoch, how it ends, and which one judges. Pure."""

from __future__ import annotations

from typing import Final

from autodmca_events.ai_detection import AiModelTrainingUpdate, TrainingStatus
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_ai_detection import ids
from autodmca_ai_detection.model.changes import Changes
from autodmca_ai_detection.model.commands import (
    ActivateModel,
    CancelModel,
    FillModel,
    ModelCommand,
    NotTrained,
    OpenModel,
    StartModel,
    Stepped,
    Trained,
)
from autodmca_ai_detection.model.state import MatchModel, Pairs

ENDED: Final = frozenset({"completed", "failed", "cancelled"})


def decide(changes: Changes, command: ModelCommand) -> MatchModel | None:
    """The model as it is after a command about it; None for the built-in judgement."""
    match command:
        case OpenModel():
            return _open(changes, command)
        case FillModel():
            return _fill(changes, command)
        case StartModel():
            return _start(changes, command)
        case CancelModel():
            return _cancel(changes, command)
        case ActivateModel():
            return _activate(changes, command)
        case Stepped():
            return _stepped(changes, command)
        case Trained():
            return _trained(changes, command)
        case NotTrained():
            return _ended(changes, _model(changes, command.model_id), "failed", command.reason)


def run_of(changes: Changes, command: Stepped | Trained | NotTrained) -> int | None:
    """The run of the work that a checkpoint is of; None where it is over."""
    model = changes.find(command.model_id, MatchModel)
    return model.run if model is not None and model.next_at is not None else None


def _open(changes: Changes, command: OpenModel) -> MatchModel:
    if (held := changes.find(command.model_id, MatchModel)) is not None:
        return held
    _make_room(changes)
    tally = changes.tally
    changes.put(ids.TALLY, structs.replace(tally, models=tally.models + 1))
    model = MatchModel(
        id=command.model_id,
        name=command.name,
        version=f"{command.name}-{tally.models + 1}",
        seed=command.seed,
        most_epochs=command.most_epochs,
        patience=command.patience,
        precision=command.precision,
        created_at=changes.now,
    )
    changes.put(model.id, model)
    return model


def _fill(changes: Changes, command: FillModel) -> MatchModel:
    model = _model(changes, command.model_id)
    if model.status != "draft":
        raise refuse("conflict", "started", "the model's training has been started")
    changes.put(ids.pairs_id(model.id, command.number), Pairs(pairs=command.pairs))
    return _keep(changes, structs.replace(model, parts=max(model.parts, command.number)))


def _start(changes: Changes, command: StartModel) -> MatchModel:
    """One that was started before stays as it is: whoever asks again gets the same answer."""
    model = _model(changes, command.model_id)
    if model.status != "draft":
        return model
    if model.parts != command.parts:
        raise refuse("conflict", "not-whole", "some of the pairs are missing; ask again")
    return _tell(
        changes, structs.replace(model, status="queued", samples=command.samples, next_at=changes.now)
    )


def _cancel(changes: Changes, command: CancelModel) -> MatchModel:
    model = _model(changes, command.model_id)
    if model.status in ENDED:
        raise refuse("conflict", "ended", f"its training is {model.status} already")
    return _ended(changes, model, "cancelled")


def _stepped(changes: Changes, command: Stepped) -> MatchModel:
    model = _model(changes, command.model_id)
    return _tell(
        changes,
        structs.replace(
            model,
            status="running",
            reports=(*model.reports, command.report),
            fitted=command.fitted,
            fitted_out=command.done,
            started_at=changes.now if model.started_at is None else model.started_at,
            next_at=changes.now,
        ),
    )


def _trained(changes: Changes, command: Trained) -> MatchModel:
    model = _model(changes, command.model_id)
    with_weights = structs.replace(model, weights=command.weights, comparison=command.comparison)
    return _ended(changes, with_weights, "completed")


def _activate(changes: Changes, command: ActivateModel) -> MatchModel | None:
    tally = changes.tally
    if command.model_id is None:
        changes.put(ids.TALLY, structs.replace(tally, active=None))
        return None
    model = _model(changes, command.model_id)
    if model.status != "completed":
        raise refuse("conflict", "not-trained", f"its training is {model.status}")
    comparison = model.comparison
    if comparison is not None and comparison.worse and not command.even_if_worse:
        raise refuse(
            "conflict",
            "worse-model",
            f"worse than {comparison.against}: {'; '.join(comparison.reasons)}; evenIfWorse activates it",
        )
    changes.put(ids.TALLY, structs.replace(tally, active=model.id))
    return _keep(changes, structs.replace(model, activated_at=changes.now))


def _ended(
    changes: Changes, model: MatchModel, status: TrainingStatus, error: str | None = None
) -> MatchModel:
    _drop_pairs(changes, model)
    return _tell(
        changes,
        structs.replace(model, status=status, error=error, fitted=b"", ended_at=changes.now, next_at=None),
    )


def _tell(changes: Changes, model: MatchModel) -> MatchModel:
    model = _keep(changes, model)
    newest = model.reports[-1] if model.reports else None
    assert model.status != "draft"
    changes.tell(
        AiModelTrainingUpdate(
            job_id=model.id,
            model_name=model.name,
            model_version=model.version,
            status=model.status,
            epoch=0 if newest is None else newest.number,
            total_epochs=model.most_epochs,
            loss=0.0 if newest is None else newest.loss,
            precision=None if newest is None else newest.precision,
            recall=None if newest is None else newest.recall,
            roc_auc=None if newest is None else newest.roc_auc,
            sample_count=model.samples,
            threshold=None if newest is None else newest.threshold,
            elapsed_ms=0 if model.started_at is None else max(0, changes.now - model.started_at),
            error=model.error,
        )
    )
    return model


def _keep(changes: Changes, model: MatchModel) -> MatchModel:
    model = structs.replace(model, revision=model.revision + 1, run=changes.run)
    changes.put(model.id, model)
    return model


def _model(changes: Changes, model_id: str) -> MatchModel:
    return changes.need(model_id, MatchModel, "model")


def _make_room(changes: Changes) -> None:
    """Forget the oldest model that is over, or was never started, and judges nothing."""
    held = list(changes.all(MatchModel))
    if len(held) < changes.rules.most_models:
        return
    active = changes.tally.active
    over = [each for each in held if each.id != active and each.status in (*ENDED, "draft")]
    if not over:
        raise refuse("conflict", "too-many-models", f"{len(held)} models of yours are being trained already")
    oldest = min(over, key=lambda each: (each.created_at, each.id))
    changes.drop(oldest.id)
    _drop_pairs(changes, oldest)


def _drop_pairs(changes: Changes, model: MatchModel) -> None:
    for number in range(1, model.parts + 1):
        if changes.get(ids.pairs_id(model.id, number)) is not None:
            changes.drop(ids.pairs_id(model.id, number))
