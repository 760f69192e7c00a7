"""The templates service as child processes, people who ask it over HTTP, and what Kafka says it did.

Every person has a user id of their own, so that what other tests left in the topics does not matter.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
from autodmca_events import (
    Envelope,
    Payload,
    TemplateApproval,
    TemplateUsage,
    TemplateValidation,
    decode,
    partition_for,
    topics,
    user_key,
)
from autodmca_kafka import Batch, TailReader, TopicPartition

from tests.brokers import Broker

SECRET = "a-secret-for-tests-of-forty-characters-"
READY_S = 60.0
RETRY_S = 60.0
LATER = {429, 502, 503, 504}
VARIABLES = ["work", "url", "name", "address", "phone", "email", "signature"]
WANTING = """Dear Sir or Madam,

My copyrighted work is {{ work }}. It is copied without permission at {{ url }}.

I have a good faith belief that use of the material in the manner complained of is not authorized by the
copyright owner, its agent, or the law.

You can reach me: {{ name }}, {{ address }}, {{ phone }}, {{ email }}.

Signed: {{ signature }}
"""
OATH = """
The information in this notification is accurate, and under penalty of perjury, I am the owner, or authorized
to act on behalf of the owner, of an exclusive right that is allegedly infringed.

Signed: """
COMPLETE = WANTING.replace("\nSigned: ", OATH)
VALUES = {
    "work": "the photograph 'Dawn'",
    "url": "https://example.com/stolen",
    "name": "Ada Okafor",
    "address": "1 Main Street, Springfield, IL 62701",
    "phone": "+1 217 555 0100",
    "email": "ada@example.com",
    "signature": "/s/ Ada Okafor",
}


def new_user() -> int:
    return random.randrange(10**9, 10**12)


def token(user_id: int, *roles: str, secret: str = SECRET) -> str:
    claims = {"sub": str(user_id), "roles": list(roles), "exp": int(time.time()) + 3600}
    return jwt.encode(claims, secret, algorithm="HS256")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Replica:
    """One process of the service, with the same port across restarts."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=30, trust_env=False)

    async def start(self) -> None:
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": self._broker.bootstrap_servers,
            "JWT_SECRET": SECRET,
            "TEMPLATES_HOST": "127.0.0.1",
            "TEMPLATES_PORT": str(self._port),
            "TEMPLATES_RENDER_SECONDS": "1",
            "TEMPLATES_WORKERS": "2",
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "autodmca_templates", env=environment
        )

    async def ready(self) -> None:
        assert self._process is not None
        async with asyncio.timeout(READY_S):
            while True:
                assert self._process.returncode is None, "the service ended"
                try:
                    if (await self.http.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def signal(self, signum: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signum)
        return await self._process.wait()

    async def close(self) -> None:
        await self.http.aclose()
        if self._process is not None:
            await self.signal(signal.SIGKILL)


@asynccontextmanager
async def replicas(broker: Broker, count: int) -> AsyncIterator[list[Replica]]:
    running = [Replica(broker) for _ in range(count)]
    try:
        for replica in running:
            await replica.start()
        for replica in running:
            await replica.ready()
        yield running
    finally:
        for replica in running:
            await replica.close()


class Person:
    """Somebody with a token who asks until answered, with one Idempotency-Key for each thing asked."""

    def __init__(self, user_id: int, *roles: str) -> None:
        self.user_id = user_id
        self._token = token(user_id, *roles)

    async def ask(
        self,
        replica: Replica,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"authorization": f"Bearer {self._token}", **(headers or {})}
        if method != "GET":
            sent["idempotency-key"] = key or uuid.uuid4().hex
        async with asyncio.timeout(RETRY_S):
            while True:
                try:
                    answer = await replica.http.request(method, path, json=body, headers=sent)
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                    continue
                if answer.status_code not in LATER:
                    return answer
                await asyncio.sleep(0.1)

    async def get(self, replica: Replica, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = await self.ask(replica, method, path, body, **options)
        assert answer.is_success, answer.text
        return answer.json()


async def events_of(broker: Broker, user_id: int) -> list[Envelope]:
    """Every event of the user on the templates topic, each id once, in the order of the log."""
    topic = topics.events_topic("templates")
    events: dict[str, Envelope] = {}
    async with asyncio.timeout(READY_S), TailReader(broker.bootstrap_servers, client_id="test") as reader:
        number = partition_for(user_key(user_id), await reader.partitions(topic))
        partition = TopicPartition(topic, number)
        reached, end = (await reader.bounds([partition]))[partition]
        await reader.add({partition: TailReader.BEGINNING})
        while reached < end:
            for batch in await reader.poll():
                assert isinstance(batch, Batch)
                reached = batch.next_offset
                mine = [each.value or b"" for each in batch.records if each.key == user_key(user_id)]
                events.update({event.id: event for event in map(decode, mine)})
    return list(events.values())


def told(payload: Payload) -> tuple[Any, ...]:
    """What matters of an event, for comparing a whole story."""
    match payload:
        case TemplateValidation():
            return ("validation", payload.template_version, payload.valid, payload.missing_elements)
        case TemplateApproval():
            return ("approval", payload.template_version, payload.previous_status, payload.status)
        case TemplateUsage():
            return ("usage", payload.usage_count, payload.outcome, payload.acceptance_rate_percent)
    raise AssertionError(payload)


async def approved(replica: Replica, author: Person, reviewer: Person) -> str:
    """A template that has come as far as approval; its id."""
    content = {"name": "Photo takedown", "kind": "takedown", "body": COMPLETE, "variables": VARIABLES}
    template_id: str = (await author.get(replica, "POST", "/v1/templates", content))["id"]
    assert (await author.get(replica, "POST", f"/v1/templates/{template_id}/validate"))["valid"]
    await author.get(replica, "POST", f"/v1/templates/{template_id}/submit")
    await reviewer.get(replica, "POST", f"/v1/templates/{template_id}/approve", {"comment": "Good."})
    return template_id
