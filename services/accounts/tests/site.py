"""The service over a log in memory, whose clock the test moves, and what other services tell it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from autodmca_accounts.answers import answered
from autodmca_accounts.commands import AnyCommand
from autodmca_accounts.desk import Accounts
from autodmca_accounts.hearing import heard
from autodmca_accounts.model import model
from autodmca_accounts.operations import operations
from autodmca_accounts.state import Entity
from autodmca_accounts.submissions.state import Rules
from autodmca_accounts.webhooks.signing import Keys
from autodmca_events import Payload, encode, envelope, event_type_of, new_id
from autodmca_events.partitions import user_key
from autodmca_events.topics import events_topic
from autodmca_kafka.relayed import Told
from autodmca_runtime import Secret
from autodmca_service.desk import Desk
from autodmca_service.http.operations import Operation
from autodmca_service.testing import MemoryLog, Site, memory_site

KEY = Secret("a key for tests")
KEYS = Keys(KEY)
RULES = Rules(answer_ms=10_000, decision_ms=1_000_000)
Log = MemoryLog[Any, Any, Any]


def memory_log() -> Log:
    return MemoryLog("accounts", model=model(RULES), answer=answered, state=Entity, command=AnyCommand)


@asynccontextmanager
async def accounts_site(log: Log | None = None, keys: Keys = KEYS) -> AsyncIterator[Site]:
    made = log or memory_log()

    def operated(desk: Desk[Any, Any, Any]) -> tuple[Operation, ...]:
        return operations(Accounts(desk, lambda: made.now_ms), ("google", "bing"), keys)

    async with memory_site(made, operated) as site:
        yield site


def tell(log: Log, user_id: int, payload: Payload) -> None:
    """Another service's event, as the relay turns it into inputs."""
    type_ = event_type_of(payload)
    event = envelope(payload, user_id=user_id, timestamp_ms=log.now_ms, id=new_id())
    headers = {"type": type_.name.encode()}
    relay(log, Told(events_topic(type_.service), user_id, log.now_ms, encode(event), headers))


def relay(log: Log, told: Told) -> None:
    """A record of another service, as the relay turns it into inputs."""
    for command in heard(told):
        log.write(user_key(told.user_id), msgspec.json.encode(command), {})
