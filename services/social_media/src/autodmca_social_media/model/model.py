"""The one door to the rules: a command of a user, decided. Pure.

`model` gives a function that reads no clock and draws no random number, so that the same input gives the
same bytes on any replica. What may not be is refused, and so is a checkpoint of work that has gone on
without it.
"""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_kafka import Context, Decision, Model
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse

from autodmca_social_media import ids
from autodmca_social_media.model import platforms, reporting, scanning, watching
from autodmca_social_media.model.changes import Changes
from autodmca_social_media.model.commands import (
    AnyCommand,
    Decide,
    Deferred,
    Filed,
    Filing,
    Followed,
    Held,
    NotFiled,
    Observed,
    Paged,
    PutWatch,
    Scheduled,
    StartScan,
    SteerScan,
    StopWatch,
    Unclear,
)
from autodmca_social_media.model.state import EVERYBODY, Entity, Incident, Rules, Scan, Watch


def model(rules: Rules) -> Model[Entity, AnyCommand, Outcome]:
    """The model under these rules; it raises CommandRefused."""

    def apply(
        entities: Mapping[str, Entity], command: AnyCommand, context: Context
    ) -> Decision[Entity, Outcome]:
        if command.actor.user_id != context.user_id:
            raise refuse("forbidden", "not-yours", "only the owner may do this")
        changes = Changes(entities, context, rules)
        run = _run_of(changes, command)
        if context.is_late(run):
            raise refuse("conflict", "overtaken", "the work has gone on without this")
        return changes.decision(_decide(changes, command))

    return apply


def _decide(changes: Changes, command: AnyCommand) -> int:
    match command:
        case PutWatch():
            return watching.put(changes, command)
        case StopWatch():
            return watching.stop(changes, command)
        case StartScan():
            return scanning.start(changes, command)
        case SteerScan():
            return scanning.steer(changes, command)
        case Scheduled():
            return scanning.scheduled(changes, command)
        case Paged():
            return scanning.paged(changes, command, changes.context.user_id)
        case Held():
            return scanning.held(changes, command)
        case Observed():
            if changes.context.user_id != EVERYBODY:
                raise refuse("forbidden", "not-everybody", "only user 0 keeps how platforms answer")
            return platforms.observed(changes, command)
        case _:
            return _report(changes, command)


def _report(
    changes: Changes, command: Decide | Filing | Filed | NotFiled | Unclear | Followed | Deferred
) -> int:
    match command:
        case Decide():
            return reporting.decide(changes, command)
        case Filing():
            return reporting.filing(changes, command)
        case Filed():
            return reporting.filed(changes, command)
        case NotFiled():
            return reporting.not_filed(changes, command)
        case Unclear():
            return reporting.unclear(changes, command)
        case Followed():
            return reporting.followed(changes, command)
        case Deferred():
            return reporting.deferred(changes, command)


def _run_of(changes: Changes, command: AnyCommand) -> int | None:
    """The run of the work that a command is about; None where it is about none any more."""
    match command:
        case Scheduled():
            found = changes.get(ids.watch_id(command.profile_id))
        case Paged() | Held():
            found = changes.get(command.scan_id)
        case Filing() | Filed() | NotFiled() | Unclear() | Followed() | Deferred():
            found = changes.get(command.incident_id)
        case _:
            return None
    return found.run if isinstance(found, Watch | Scan | Incident) and found.next_at is not None else None
