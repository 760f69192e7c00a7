"""The one door to the rules: a command of a user, decided. Pure.

`model` gives a function that reads no clock and draws no random number, so that the same input gives the
same bytes on any replica. What may not be is refused: nothing changes and nothing is emitted. A checkpoint
of work that has gone on without it is refused, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_kafka import Context, Decision, Model
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse

from autodmca_delisting.model import asking, hearing, making, watching
from autodmca_delisting.model.commands import (
    Add,
    Answered,
    AnyCommand,
    Appeal,
    Cancel,
    Create,
    Expire,
    Filed,
    MakeRequest,
    PersonCommand,
    Postponed,
    Prefer,
    Proceed,
    Queue,
    Report,
    Resubmit,
    Seen,
    Sending,
    Unclear,
)
from autodmca_delisting.model.settling import Changes
from autodmca_delisting.model.state import Entity, Request, Rules


def model(rules: Rules) -> Model[Entity, AnyCommand, Outcome]:
    """The model under these rules; it raises CommandRefused."""

    def apply(
        entities: Mapping[str, Entity], command: AnyCommand, context: Context
    ) -> Decision[Entity, Outcome]:
        changes = Changes(entities, context, rules)
        return changes.decision(_decide(changes, entities, command))

    return apply


def _decide(changes: Changes, entities: Mapping[str, Entity], command: AnyCommand) -> int:
    """Make the changes; the request's revision after them."""
    match command:
        case Seen():
            _in_time(changes, watching.run_of(changes, command))
            return watching.seen(changes, command)
        case Sending() | Answered() | Postponed() | Unclear() | Filed() | Proceed() | Expire():
            _in_time(changes, hearing.run_of(changes, command))
            return _hear(changes, command)
        case _:
            asking.only_owner(command, changes.context.user_id)
            return _ask(changes, entities, command)


def _hear(
    changes: Changes, command: Sending | Answered | Postponed | Unclear | Filed | Proceed | Expire
) -> int:
    match command:
        case Sending():
            return hearing.sending(changes, command)
        case Answered():
            return hearing.answered(changes, command)
        case Postponed():
            return hearing.postponed(changes, command)
        case Unclear():
            return hearing.unclear(changes, command)
        case Filed():
            return hearing.filed(changes, command)
        case Proceed():
            return hearing.proceed(changes, command)
        case Expire():
            return hearing.expire(changes, command)


def _ask(changes: Changes, entities: Mapping[str, Entity], command: PersonCommand) -> int:
    match command:
        case MakeRequest():
            return making.make(changes, command, _held(entities))
        case Create():
            return asking.create(changes, command, _held(entities))
        case Add():
            return asking.add(changes, command)
        case Queue():
            return asking.queue(changes, command)
        case Cancel():
            return asking.cancel(changes, command)
        case Appeal():
            return asking.appeal(changes, command)
        case Resubmit():
            return asking.resubmit(changes, command)
        case Report():
            return asking.report(changes, command)
        case Prefer():
            return asking.prefer(changes, command)


def _held(entities: Mapping[str, Entity]) -> int:
    return sum(isinstance(entity, Request) for entity in entities.values())


def _in_time(changes: Changes, run: int | None) -> None:
    if changes.context.is_late(run):
        raise refuse("conflict", "overtaken", "the work has gone on without this")
