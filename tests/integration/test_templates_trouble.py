"""What the templates service does about bad templates, strangers, and a broker that is away."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from autodmca_events import TemplateValidation

from tests.brokers import Broker
from tests.integration.templates_site import (
    SECRET,
    Person,
    events_of,
    new_user,
    replicas,
    token,
)


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
