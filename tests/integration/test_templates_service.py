"""The templates service as people meet it: child processes, HTTP, and the events that appear in Kafka.

Each test runs on the embedded broker and on Apache Kafka, with users of its own, so that what other tests
left in the topics does not matter.
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
import pytest
from aiokafka import AIOKafkaConsumer
from autodmca_events import (
    Envelope,
    Payload,
    TemplateApproval,
    TemplateUsage,
    TemplateValidation,
    decode,
    topics,
)

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
    consumer = AIOKafkaConsumer(
        topics.events_topic("templates"),
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        partitions = consumer.assignment()
        ends = await consumer.end_offsets(partitions)
        events: dict[str, Envelope] = {}
        async with asyncio.timeout(READY_S):
            while any([await consumer.position(each) < ends[each] for each in partitions]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        event = decode(record.value)
                        if event.user_id == user_id:
                            events[event.id] = event
        return list(events.values())
    finally:
        await consumer.stop()


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


async def test_a_template_lives_its_whole_life_although_the_service_is_killed_in_the_middle(
    any_broker: Broker,
) -> None:
    author, reviewer = Person(new_user()), Person(new_user(), "reviewer")
    async with replicas(any_broker, 1) as (replica,):
        content = {"name": "Photo takedown", "kind": "takedown", "body": WANTING, "variables": VARIABLES}
        created = await author.ask(replica, "POST", "/v1/templates", content)
        assert created.status_code == 201
        one = created.headers["location"]
        report = await author.get(replica, "POST", f"{one}/validate")
        assert not report["valid"]
        assert report["missingElements"] == ["accuracy", "perjuryAuthority"]
        refused = await author.ask(replica, "POST", f"{one}/submit")
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"].endswith(":not-valid")

        content["body"] = COMPLETE
        stale = await author.ask(replica, "PUT", one, content, headers={"if-match": '"1"'})
        assert stale.status_code == 412
        etag = (await author.ask(replica, "GET", one)).headers["etag"]
        await author.get(replica, "PUT", one, content, headers={"if-match": etag})
        assert (await author.get(replica, "POST", f"{one}/validate"))["score"] == 1
        await author.get(replica, "POST", f"{one}/submit")

        await replica.signal(signal.SIGKILL)
        await replica.start()
        await replica.ready()
        assert (await author.get(replica, "GET", one))["status"] == "in_review"

        himself = await author.ask(replica, "POST", f"{one}/approve")
        assert himself.status_code == 403
        await reviewer.get(replica, "POST", f"{one}/reject", {"comment": "We have one."})
        await author.get(replica, "POST", f"{one}/appeal", {"comment": "For another host."})
        await reviewer.get(replica, "POST", f"{one}/approve")
        for submission, outcome in (("sub-1", "accepted"), ("sub-2", "rejected")):
            rendered = await author.get(
                replica, "POST", f"{one}/render", {"submissionId": submission, "values": VALUES}
            )
            assert "https://example.com/stolen" in rendered["text"]
            for what in ("sent", outcome):
                await author.get(
                    replica, "POST", f"{one}/outcome", {"submissionId": submission, "outcome": what}
                )

        content["body"] = COMPLETE + "\nOur reference: 42\n"
        assert (await author.get(replica, "PUT", one, content))["version"] == 2
        draft = await author.get(replica, "GET", one)
        assert (draft["status"], draft["usableVersion"]) == ("draft", 1)
        await author.get(replica, "POST", f"{one}/validate")
        await author.get(replica, "POST", f"{one}/submit")
        await reviewer.get(replica, "POST", f"{one}/request-changes")
        content["body"] = COMPLETE + "\nOur reference: 43\n"
        await author.get(replica, "PUT", one, content)
        await author.get(replica, "POST", f"{one}/validate")
        await author.get(replica, "POST", f"{one}/submit")
        await reviewer.get(replica, "POST", f"{one}/approve")
        await author.get(replica, "POST", f"{one}/deprecate")
        last = await author.get(replica, "POST", f"{one}/archive")
        assert (last["status"], last["version"]) == ("archived", 3)
        assert last["usage"] == {
            "usageCount": 2, "acceptedCount": 1, "rejectedCount": 1, "acceptanceRatePercent": 50.0
        }  # fmt: skip
        again = await author.ask(replica, "POST", f"{one}/archive")
        assert again.status_code == 409
        assert await replica.signal(signal.SIGTERM) == 0

    events = await events_of(any_broker, author.user_id)
    assert [told(event.payload) for event in events] == [
        ("validation", 1, False, ("accuracy", "perjuryAuthority")),
        ("validation", 1, True, ()),
        ("approval", 1, "draft", "in_review"),
        ("approval", 1, "in_review", "rejected"),
        ("approval", 1, "rejected", "in_appeal"),
        ("approval", 1, "in_appeal", "approved"),
        ("usage", 1, "rendered", None),
        ("usage", 1, "sent", None),
        ("usage", 1, "accepted", 100.0),
        ("usage", 2, "rendered", 100.0),
        ("usage", 2, "sent", 100.0),
        ("usage", 2, "rejected", 50.0),
        ("approval", 2, "approved", "draft"),
        ("validation", 2, True, ()),
        ("approval", 2, "draft", "in_review"),
        ("approval", 2, "in_review", "changes_requested"),
        ("approval", 3, "changes_requested", "draft"),
        ("validation", 3, True, ()),
        ("approval", 3, "draft", "in_review"),
        ("approval", 3, "in_review", "approved"),
        ("approval", 3, "approved", "deprecated"),
        ("approval", 3, "deprecated", "archived"),
    ]
    assert not await events_of(any_broker, reviewer.user_id)


async def test_what_one_replica_wrote_another_one_reads_at_once(any_broker: Broker) -> None:
    author = Person(new_user())
    async with replicas(any_broker, 2) as (first, second):
        for number in range(10):
            content = {"name": f"Number {number}", "kind": "retraction", "body": "I retract my notice."}
            created = await author.get(first, "POST", "/v1/templates", content)
            read = await author.get(second, "GET", f"/v1/templates/{created['id']}")
            assert read == created
            edited = await author.get(
                second, "PUT", f"/v1/templates/{created['id']}", {**content, "name": f"Edited {number}"}
            )
            assert (await author.get(first, "GET", f"/v1/templates/{created['id']}")) == edited
        names = []
        page = await author.get(first, "GET", "/v1/templates?limit=4")
        names += [item["name"] for item in page["items"]]
        while "nextCursor" in page:
            page = await author.get(second, "GET", f"/v1/templates?limit=4&cursor={page['nextCursor']}")
            names += [item["name"] for item in page["items"]]
        assert sorted(names) == sorted(f"Edited {number}" for number in range(10))


async def test_killing_one_of_two_replicas_under_load_loses_and_doubles_nothing(any_broker: Broker) -> None:
    authors = [Person(new_user()) for _ in range(6)]
    reviewer = Person(new_user(), "reviewer")
    uses = 5
    under_way = asyncio.Event()
    async with replicas(any_broker, 2) as (first, second):
        ids = [await approved(first, author, reviewer) for author in authors]

        async def use(author: Person, template_id: str) -> None:
            for number in range(uses):
                body = {"submissionId": f"sub-{number}", "values": VALUES}
                key = uuid.uuid4().hex
                target = (first, second)[number % 2]
                path = f"/v1/templates/{template_id}/render"
                try:
                    async with asyncio.timeout(5):
                        await author.get(target, "POST", path, body, key=key)
                except TimeoutError:
                    await author.get(second, "POST", path, body, key=key)
                under_way.set()

        async def kill() -> None:
            await under_way.wait()
            await first.signal(signal.SIGKILL)

        async with asyncio.TaskGroup() as group:
            for author, template_id in zip(authors, ids, strict=True):
                group.create_task(use(author, template_id))
            group.create_task(kill())

        for author, template_id in zip(authors, ids, strict=True):
            template = await author.get(second, "GET", f"/v1/templates/{template_id}")
            assert template["usage"]["usageCount"] == uses
    for author in authors:
        counts = [
            event.payload.usage_count
            for event in await events_of(any_broker, author.user_id)
            if isinstance(event.payload, TemplateUsage)
        ]
        assert counts == list(range(1, uses + 1))


async def test_while_the_broker_is_away_reads_go_on_and_writes_say_later(fault_kafka: Broker) -> None:
    author = Person(new_user())
    content = {"name": "Mine", "kind": "retraction", "body": "I retract my notice."}
    async with replicas(fault_kafka, 1) as (replica,):
        one = f"/v1/templates/{(await author.get(replica, 'POST', '/v1/templates', content))['id']}"
        fault_kafka.kill()
        assert (await author.get(replica, "GET", one))["status"] == "draft"
        late = await replica.http.post(
            f"{one}/validate", headers={"authorization": f"Bearer {token(author.user_id)}"}
        )
        assert late.status_code in (503, 504)
        assert late.headers["content-type"] == "application/problem+json"
        key = uuid.uuid4().hex
        asked = asyncio.create_task(author.get(replica, "PUT", one, {**content, "name": "B"}, key=key))
        await asyncio.sleep(0)
        fault_kafka.restart()
        assert (await asked)["name"] == "B"
        assert (await author.get(replica, "POST", f"{one}/validate"))["valid"]
    # The one that was answered "later" may have been carried out as well, on the old text or the new.
    events = await events_of(fault_kafka, author.user_id)
    assert {type(event.payload) for event in events} == {TemplateValidation}


async def test_a_template_that_loops_is_stopped_and_delays_nobody(embedded_broker: Broker) -> None:
    attacker, author = Person(new_user()), Person(new_user())
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    async with replicas(embedded_broker, 1) as (replica,):
        bad = await attacker.get(
            replica, "POST", "/v1/templates", {"name": "Loop", "kind": "takedown", "body": loop}
        )
        good = await author.get(
            replica, "POST", "/v1/templates", {"name": "Fine", "kind": "takedown", "body": "Hello"}
        )
        looping = asyncio.create_task(attacker.ask(replica, "POST", f"/v1/templates/{bad['id']}/validate"))
        served = 0
        while not looping.done():
            preview = await author.get(
                replica, "POST", f"/v1/templates/{good['id']}/render", {"preview": True}
            )
            assert preview["text"] == "Hello"
            served += not looping.done()
        answer = await looping
        assert answer.status_code == 422
        assert answer.json()["type"].endswith(":template-timeout")
        assert served >= 5
        metrics = (await replica.http.get("/metrics")).text
        assert 'autodmca_templates_workers_lost_total{reason="timeout"} 1.0' in metrics
    (event,) = await events_of(embedded_broker, attacker.user_id)
    assert isinstance(event.payload, TemplateValidation)
    assert [warning.code for warning in event.payload.warnings] == ["template_timeout"]


async def test_a_stranger_and_a_forger_are_turned_away(embedded_broker: Broker) -> None:
    author, stranger = Person(new_user()), Person(new_user())
    async with replicas(embedded_broker, 1) as (replica,):
        created = await author.get(
            replica, "POST", "/v1/templates", {"name": "Mine", "kind": "takedown", "body": "Hello"}
        )
        one = f"/v1/templates/{created['id']}"
        assert (await stranger.ask(replica, "GET", one)).status_code == 404
        assert (await stranger.ask(replica, "POST", f"{one}/submit")).status_code == 404
        listed = await stranger.ask(replica, "GET", f"/v1/templates?userId={author.user_id}")
        assert listed.status_code == 403
        for header in (None, "Bearer x", f"Bearer {token(1, 'admin', secret=SECRET + 'x')}"):
            answer = await replica.http.get(one, headers={"authorization": header} if header else {})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("size", [2 * 1024 * 1024, 10 * 1024 * 1024])
async def test_a_template_of_many_megabytes_is_refused_and_its_sender_gets_to_read_why(
    embedded_broker: Broker, size: int
) -> None:
    author = Person(new_user())
    async with replicas(embedded_broker, 1) as (replica,):
        content = {"name": "Big", "kind": "takedown", "body": "a" * size}
        answer = await author.ask(replica, "POST", "/v1/templates", content)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
