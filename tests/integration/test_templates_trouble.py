"""What the templates service does about bad templates, strangers, and a broker that is away."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from contextlib import suppress

import pytest
from autodmca_events import TemplateValidation
from autodmca_service.testing import SECRET, Person, Process, events_of, new_user, token

from tests.brokers import Broker
from tests.integration.templates_site import (
    replicas,
)

BACK_S = 300
"""For a broker to start, on a busy machine, and for the service to find it."""


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
        asked = asyncio.create_task(
            author.get(replica, "PUT", one, {**content, "name": "B"}, key=key, timeout_s=BACK_S)
        )
        await asyncio.to_thread(fault_kafka.restart)
        assert (await asked)["name"] == "B"
        assert (await author.get(replica, "POST", f"{one}/validate"))["valid"]
    # The one that was answered "later" may have been carried out as well, on the old text or the new.
    events = await events_of(fault_kafka.bootstrap_servers, "templates", author.user_id)
    assert {type(event.payload) for event in events} == {TemplateValidation}


async def workers_of(replica: Process) -> list[int]:
    """The process ids of a replica's workers."""
    listing = await asyncio.create_subprocess_exec(
        "ps", "-A", "-o", "pid=,ppid=", stdout=asyncio.subprocess.PIPE
    )
    lines = (await listing.communicate())[0].decode().splitlines()
    return [int(pid) for pid, parent in map(str.split, lines) if int(parent) == replica.pid]


async def test_workers_killed_by_the_machine_leave_no_verdict_in_the_log(embedded_broker: Broker) -> None:
    author = Person(new_user())
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    async with replicas(embedded_broker, 1) as (replica,):
        content = {"name": "Loop", "kind": "takedown", "body": loop}
        one = f"/v1/templates/{(await author.get(replica, 'POST', '/v1/templates', content))['id']}"
        headers = {"authorization": f"Bearer {token(author.user_id)}"}
        asked = asyncio.create_task(replica.http.post(f"{one}/validate", headers=headers))
        while not asked.done():
            for pid in await workers_of(replica):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.wait([asked], timeout=0.1)
        answer = await asked
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert "valid" not in (await author.get(replica, "GET", one))
    assert await events_of(embedded_broker.bootstrap_servers, "templates", author.user_id) == []


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
        assert 'autodmca_workers_ended_total{pool="templates",reason="cpu_time"} 1.0' in metrics
    (event,) = await events_of(embedded_broker.bootstrap_servers, "templates", attacker.user_id)
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
