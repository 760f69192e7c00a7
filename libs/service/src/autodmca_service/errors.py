"""What can go wrong between an operation and the log, as exceptions.

ServiceError
    CommandRefused    the model refused a command (see `commands.Refusal`)
    CommandFailed     the model could not apply a command: a mistake of the program, kept as a dead letter
    AnswerLate        no outcome in time; the command may still be applied
    LogUnavailable    the log cannot be reached; the command was not written
    OwnedElsewhere    another replica owns the user; the request is forwarded to it
    AskedOfEverybody  several replicas own a part of what was asked for; all of them are asked
    WorkStopped       a checkpoint of work that has been stopped; it was not written
    PoolBusy          every worker is taken and the queue is full, or waiting took too long
    WorkerLost        a worker died or stalled under the job, twice; says nothing about the job
    TooManyJobs       this user has as many jobs waiting as one user may
    JobTooLarge       a job has more bytes than the pool takes
    JobAborted        a job needs more than the pool allows, or crashes its worker; asking again does not help
    JobFailed         our code raised while it did a job: our mistake
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from autodmca_service.commands import FieldError, Refusal, Refused


class ServiceError(Exception):
    """Everything this library raises on purpose."""


class CommandRefused(ServiceError):
    """The model said no."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def refuse(refused: Refused, code: str, detail: str, errors: tuple[FieldError, ...] = ()) -> CommandRefused:
    """What a model raises to say no. `code` is stable, `detail` is for people."""
    return CommandRefused(Refusal(refused=refused, code=code, detail=detail, errors=errors))


def no_such(kind: type, entity_id: str, name: str = "") -> CommandRefused:
    """The refusal for an entity that is not there. `name`: what people call its kind, if not as the class."""
    called = name or kind.__name__.lower()
    code = f"no-such-{called.replace(' ', '-')}"
    return refuse("not_found", code, f"there is no {called} {entity_id}")


def refuse_field(field: str, reason: str) -> CommandRefused:
    """What a model raises for a value that it does not take, as `http.problems.invalid` does over HTTP."""
    return refuse("invalid", "invalid-field", f"{field}: {reason}", (FieldError(field=field, reason=reason),))


class CommandFailed(ServiceError):
    """Asking again does not help."""


class AnswerLate(ServiceError):
    """The outcome did not come in time."""


class LogUnavailable(ServiceError):
    """The broker is out of reach."""


class OwnedElsewhere(ServiceError):
    """`address`: where the owner answers."""

    def __init__(self, address: str) -> None:
        super().__init__(f"the replica at {address} owns this user")
        self.address = address


class AskedOfEverybody(ServiceError):
    """`shares`: the partitions of each replica, by its address."""

    def __init__(self, shares: Mapping[str, frozenset[int]]) -> None:
        super().__init__("several replicas own what was asked for")
        self.shares = shares


class WorkStopped(ServiceError):
    """Nothing more is written of it: the state has gone on without it, or another replica owns it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this work was stopped: {why}")
        self.why = why


class PoolBusy(ServiceError):
    """No worker in time; asking again later helps."""


class WorkerLost(ServiceError):
    """Two workers were lost under the job; asking again later helps."""


class TooManyJobs(ServiceError):
    """One user's jobs fill that user's share of the queue."""


class JobTooLarge(ServiceError):
    """The job's bytes are over the pool's bound."""


class JobAborted(ServiceError):
    """The job does not end within its limits; `reason` is for people."""

    def __init__(self, cause: Literal["cpu_time", "memory", "crash"], reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason


class JobFailed(ServiceError):
    """A mistake of this program; the log has the trace."""
