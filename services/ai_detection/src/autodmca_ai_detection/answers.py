"""What a command is answered with over HTTP, from what the model decided. Pure."""

from __future__ import annotations

from collections.abc import Callable

from autodmca_service.answers import json_answer
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer

from autodmca_ai_detection import api, ids, views
from autodmca_ai_detection.judges import BUILT_IN
from autodmca_ai_detection.model.commands import (
    ActivateModel,
    AnyCommand,
    Detect,
    DropReference,
    StartBatch,
    StartModel,
)
from autodmca_ai_detection.model.state import Batch, Detection, Entity, MatchModel, Reference, Tally
from autodmca_ai_detection.outcomes import Outcome


def answered(
    command: AnyCommand, find: Callable[[str], Entity | None], _owner: int, outcome: Outcome
) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    if isinstance(command, DropReference):
        return json_answer(EmptyBody())
    if isinstance(command, ActivateModel) and command.model_id is None:
        return json_answer(api.JudgeView(version=BUILT_IN))
    match find(outcome.made):
        case Reference() as reference:
            headers = {"location": f"/v1/profiles/{reference.profile_id}/references/{reference.id}"}
            return json_answer(views.reference(reference), 201, headers)
        case Detection() as detection if detection.revision >= outcome.revision:
            if not isinstance(command, Detect):
                return json_answer(views.detection(detection))
            headers = {"location": f"/v1/detections/{detection.id}"}
            return json_answer(views.detection(detection), 201 if detection.finding else 202, headers)
        case Batch() as batch if batch.revision >= outcome.revision:
            now_ms = batch.told_at or batch.created_at
            if not isinstance(command, StartBatch):
                return json_answer(views.batch(batch, now_ms))
            return json_answer(views.batch(batch, now_ms), 202, {"location": f"/v1/batches/{batch.id}"})
        case MatchModel() as model if model.revision >= outcome.revision:
            tally = find(ids.TALLY)
            view = views.model(model, tally.active if isinstance(tally, Tally) else None)
            if isinstance(command, ActivateModel):
                return json_answer(api.JudgeView(version=model.version, model=view))
            if not isinstance(command, StartModel):
                return json_answer(view)
            return json_answer(view, 202, {"location": f"/v1/models/{model.id}"})
    return None
