"""The one door to the rules: a command of a user, decided. Pure.

`model` gives a function that reads no clock and draws no random number, so that the same input gives the
same bytes on any replica. What may not be is refused, and so is a checkpoint of work that has gone on
without it.
"""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_kafka import Context, Decision, Model
from autodmca_service.errors import refuse

from autodmca_ai_detection.model import batching, detecting, noting, training
from autodmca_ai_detection.model.changes import Changes
from autodmca_ai_detection.model.commands import (
    AddReference,
    AnyCommand,
    CancelBatch,
    Checked,
    Detect,
    DropReference,
    FillBatch,
    ForgetProfile,
    Found,
    Judge,
    Kept,
    NoteReferences,
    NotKept,
    NotTrained,
    OpenBatch,
    StartBatch,
    Stepped,
    Trained,
)
from autodmca_ai_detection.model.state import Batch, Detection, Entity, MatchModel, Reference, Rules
from autodmca_ai_detection.outcomes import Outcome


def model(rules: Rules) -> Model[Entity, AnyCommand, Outcome]:
    """The model under these rules; it raises CommandRefused."""

    def apply(
        entities: Mapping[str, Entity], command: AnyCommand, context: Context
    ) -> Decision[Entity, Outcome]:
        if command.actor.user_id != context.user_id:
            raise refuse("forbidden", "not-yours", "only the owner may do this")
        changes = Changes(entities, context, rules)
        if context.is_late(_run_of(changes, command)):
            raise refuse("conflict", "overtaken", "the work has gone on without this")
        return changes.decision(_decide(changes, command))

    return apply


def _decide(changes: Changes, command: AnyCommand) -> Detection | Reference | Batch | MatchModel | None:
    match command:
        case AddReference():
            return detecting.add_reference(changes, command)
        case DropReference():
            return detecting.drop_reference(changes, command)
        case Detect():
            return detecting.detect(changes, command)
        case Found():
            return detecting.found(changes, command)
        case Judge():
            return detecting.judge(changes, command)
        case OpenBatch():
            return batching.open_batch(changes, command)
        case FillBatch():
            return batching.fill_batch(changes, command)
        case StartBatch():
            return batching.start_batch(changes, command)
        case CancelBatch():
            return batching.cancel_batch(changes, command)
        case Checked():
            return batching.checked(changes, command)
        case NoteReferences() | ForgetProfile() | Kept() | NotKept():
            return noting.decide(changes, command)
        case _:
            return training.decide(changes, command)


def _run_of(changes: Changes, command: AnyCommand) -> int | None:
    """The run of the work that a command is about; None where it is about none any more."""
    match command:
        case Found():
            return detecting.run_of(changes, command)
        case Checked():
            return batching.run_of(changes, command)
        case Kept() | NotKept():
            return noting.run_of(changes, command)
        case Stepped() | Trained() | NotTrained():
            return training.run_of(changes, command)
        case _:
            return None
