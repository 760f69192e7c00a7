"""A service of two objects for each user: a register, and a list that only grows. What histories are of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from autodmca_kafka import Context, Decision
from autodmca_runtime import Env
from autodmca_runtime import run as run_service
from autodmca_service.answers import json_answer
from autodmca_service.app import serve_service
from autodmca_service.commands import Command, Outcome
from autodmca_service.desk import Desk
from autodmca_service.http.operations import IDEMPOTENCY_KEY, Call, Operation, Reply
from autodmca_service.receipts import Answer, Receipt, Receipts
from autodmca_service.replica import Replica
from autodmca_service.settings import Port, ServiceSettings
from msgspec import Struct

SERVICE: Final = "objects"
REGISTER: Final = "register"
LIST: Final = "list"


class ObjectsSettings(ServiceSettings, frozen=True, kw_only=True):
    """Where it listens, and how long its group waits for a silent replica (ms; 0: as usual)."""

    host: Annotated[str, Env("OBJECTS_HOST", "Address to listen on.", "127.0.0.1")] = "127.0.0.1"
    port: Annotated[Port, Env("OBJECTS_PORT", "Port to listen on.", "8099")] = 8099
    session_ms: Annotated[int, Env("OBJECTS_SESSION_MS", "Session timeout; 0: as usual.", "6000")] = 0


class Register(Struct, frozen=True, tag_field="entity", tag="register"):
    """What was written last."""

    id: str
    value: int


class Listed(Struct, frozen=True, tag_field="entity", tag="list"):
    """All that was appended."""

    id: str
    values: tuple[int, ...]


class Write(Command, frozen=True, kw_only=True, tag="write"):
    """Put a value into the register."""

    value: int


class Append(Command, frozen=True, kw_only=True, tag="append"):
    """Put a value at the end of the list."""

    value: int


class Value(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of both."""

    value: int


Entity = Register | Listed | Receipt | Receipts
AnyCommand = Write | Append


def apply(
    entities: Mapping[str, Entity], command: AnyCommand, _context: Context
) -> Decision[Entity, Outcome]:
    """Do it; nothing is refused."""
    if isinstance(command, Write):
        return Decision(outcome=Outcome(), changes={REGISTER: Register(REGISTER, command.value)})
    held = entities.get(LIST)
    values = held.values if isinstance(held, Listed) else ()
    return Decision(outcome=Outcome(), changes={LIST: Listed(LIST, (*values, command.value))})


def answered(
    command: AnyCommand, _find: Callable[[str], Entity | None], _owner: int, _outcome: Outcome
) -> Answer | None:
    """With what was asked."""
    return json_answer(command.value, 200)


def operations(desk: Desk[Entity, AnyCommand, Outcome]) -> tuple[Operation, ...]:
    """Change and read either object."""

    async def write(call: Call) -> Answer:
        command = Write(actor=call.actor, request=call.again, value=call.body.value)
        return await desk.do(call.actor.user_id, command)

    async def append(call: Call) -> Answer:
        command = Append(actor=call.actor, request=call.again, value=call.body.value)
        return await desk.do(call.actor.user_id, command)

    async def read(call: Call) -> Reply:
        await desk.refresh(call.actor.user_id)
        held = desk.get(call.actor.user_id, REGISTER)
        return Reply(200, held.value if isinstance(held, Register) else 0)

    async def select(call: Call) -> Reply:
        await desk.refresh(call.actor.user_id)
        held = desk.get(call.actor.user_id, LIST)
        return Reply(200, held.values if isinstance(held, Listed) else ())

    one, many, key = "/v1/register", "/v1/list", (IDEMPOTENCY_KEY,)
    return (
        Operation("write", "POST", one, "Write", write, Value, 200, int, key),
        Operation("append", "POST", many, "Append", append, Value, 200, int, key),
        Operation("read", "GET", one, "Read", read, None, 200, int),
        Operation("select", "GET", many, "Read all", select, None, 200, list[int]),
    )


async def run(settings: ObjectsSettings) -> None:
    """Serve until told to stop."""
    replica: Replica[Entity, AnyCommand, Outcome] = Replica(
        SERVICE,
        settings,
        model=apply,
        answer=answered,
        state=Entity,
        command=AnyCommand,
        session_timeout_ms=settings.session_ms or None,
    )
    await serve_service(replica, settings, operations=operations(replica), description="Two objects a user.")


def main() -> None:
    """Of `python -m autodmca_objects`."""
    sys.exit(run_service(SERVICE, ObjectsSettings, run))
