"""What a page does: it reads once, then subscribes from the moment that it has read, without a gap."""

from __future__ import annotations

from typing import Any

from autodmca_events import topics
from autodmca_service.testing import SECRET, Person, new_user, records_of, token

from tests.brokers import Broker
from tests.integration.edge_site import edge_node, listening, until
from tests.integration.templates_site import replicas

CONTENT = {"name": "Mine", "kind": "retraction", "body": "I retract my notice."}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_what_comes_between_a_read_and_the_subscription_from_it_is_heard(any_broker: Broker) -> None:
    author = Person(new_user())
    async with replicas(any_broker, 1) as (replica,):
        one = (await author.ask(replica, "POST", "/v1/templates", CONTENT)).headers["location"]
        await author.get(replica, "POST", f"{one}/validate")
        read = await author.ask(replica, "GET", one)
        moment = read.headers["as-of"]
        assert (await author.ask(replica, "GET", "/v1/templates")).headers["as-of"] >= moment
        etag = {"if-none-match": read.headers["etag"]}
        same = await author.ask(replica, "GET", one, headers=etag)
        assert same.status_code == 304
        assert same.headers["as-of"] >= moment
        await author.get(replica, "POST", f"{one}/submit")
        with edge_node(any_broker.bootstrap_servers, JWT_SECRET=SECRET) as edge:
            bearer = {"Authorization": f"Bearer {token(author.user_id)}"}
            async with listening(edge, None, additional_headers=bearer) as listener:
                await listener.subscribe("template_validation", "template_approval", since=moment)
                await until(lambda: "template_approval" in told(listener.events()), "what came meanwhile")


def told(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


async def test_the_trace_of_a_request_is_that_of_its_input_and_of_what_follows(
    embedded_broker: Broker,
) -> None:
    author = Person(new_user())
    async with replicas(embedded_broker, 1) as (replica,):
        one = (await author.ask(replica, "POST", "/v1/templates", CONTENT)).headers["location"]
        await author.get(replica, "POST", f"{one}/validate", headers={"traceparent": TRACE})
    for topic in (topics.inputs_topic("templates"), topics.events_topic("templates")):
        assert TRACE.encode() in await traces(embedded_broker, topic, author.user_id)


async def test_the_trace_of_a_request_is_an_exemplar_of_how_long_its_event_took_to_a_socket(
    any_broker: Broker,
) -> None:
    author = Person(new_user())
    async with replicas(any_broker, 1) as (replica,):
        one = (await author.ask(replica, "POST", "/v1/templates", CONTENT)).headers["location"]
        with edge_node(any_broker.bootstrap_servers, JWT_SECRET=SECRET) as edge:
            bearer = {"Authorization": f"Bearer {token(author.user_id)}"}
            async with listening(edge, None, additional_headers=bearer) as listener:
                await listener.subscribe("template_validation")
                await author.get(replica, "POST", f"{one}/validate", headers={"traceparent": TRACE})
                await until(lambda: "template_validation" in told(listener.events()), "the event")
                shown = edge.get("/metrics", accept="application/openmetrics-text")[1]
    exemplar = f'# {{trace_id="{TRACE.split("-")[1]}"}}'
    names = {line.partition("{")[0] for line in shown.splitlines() if exemplar in line}
    assert names == {
        "autodmca_edge_delivery_stage_seconds_bucket",
        "autodmca_edge_delivery_latency_seconds_bucket",
    }


async def traces(broker: Broker, topic: str, user_id: int) -> list[bytes | None]:
    """The traceparents of a user's records, in their order."""
    records = await records_of(broker.bootstrap_servers, topic, user_id)
    return [dict(each.headers).get("traceparent") for each in records]
