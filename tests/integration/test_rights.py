"""A cluster with ACLs: programs work with the rights that docs/operations.md lists and no others, and a right
that is missing is named, waited for, and never taken for a topic that is gone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import structlog
from autodmca_edge.log.broker import rights as edge_rights
from autodmca_events.topics import BROADCAST, EDGE_CONTROL, events_topic, outcomes_topic
from autodmca_kafka import (
    EventProducer,
    NotAuthorized,
    Table,
    TailReader,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    event_topics,
    service_topics,
)
from autodmca_kafka.access import _said
from autodmca_kafka.membership import Membership
from autodmca_kafka.rights import Right, maker_rights, on_topics, relay_rights, service_rights
from autodmca_service.testing import SECRET, Person, new_user, processes, token

from tests.contract.reading import Seen
from tests.integration.edge_site import edge_node, listening, until
from tests.integration.purses import Purse
from tests.integration.service import Service
from tests.integration.templates_site import COMPLETE, VARIABLES
from tests.secure_kafka import SecureKafka

pytestmark = pytest.mark.kafka

POOR = "User:poor"
Name = Callable[[str], str]


@pytest.fixture
async def poor(secure_kafka: SecureKafka) -> AsyncIterator[SecureKafka]:
    """`poor` has no right but those that the test grants."""
    _said.clear()
    yield secure_kafka
    await secure_kafka.revoke(POOR)


def on(topic: str, *operations: str) -> list[Right]:
    return [right for operation in operations for right in on_topics(operation, [topic])]  # type: ignore[arg-type]


async def made(kafka: SecureKafka, topic: str) -> TopicPartition:
    await ensure_topics(kafka.bootstrap_servers, [TopicSpec(topic, 1)])
    return TopicPartition(topic, 0)


async def test_a_reader_names_what_it_may_not_and_goes_on_when_it_may(
    poor: SecureKafka, new_name: Name
) -> None:
    tp = await made(poor, new_name("read"))
    async with (
        TailReader(poor.settings("poor"), client_id="tail", refresh_s=0.2) as reader,
        EventProducer(poor.bootstrap_servers, client_id="test") as producer,
    ):
        with pytest.raises(NotAuthorized, match=f"to DESCRIBE on topic {tp.topic}: grant it"):
            await reader.partitions(tp.topic)
        await poor.grant(POOR, on(tp.topic, "DESCRIBE"))
        await reader.add({tp: reader.BEGINNING})
        with pytest.raises(NotAuthorized, match=f"to READ on topic {tp.topic}"):
            await reader.fetch(tp, 0, 1000)
        await until(lambda: [each.operation for each in reader.denied()] == ["READ"], "the refusal")
        await producer.send_record(tp.topic, key=None, value=b"0", partition=0)
        await poor.grant(POOR, on(tp.topic, "READ"))
        seen = Seen(reader)
        await seen.until_count(1)
        assert reader.denied() == []
        with structlog.testing.capture_logs() as lines:
            await poor.revoke(POOR)
            await producer.send_record(tp.topic, key=None, value=b"1", partition=0)
            await until(lambda: [each.operation for each in reader.denied()] == ["DESCRIBE"], "the loss")
            assert tp in reader.unread()
            await poor.grant(POOR, on(tp.topic, "READ"))
            await seen.until_count(2)
    assert seen.values() == [b"0", b"1"]
    assert seen.events == [], "it was neither gone nor made anew"
    assert len({line["event"] for line in lines}) == len(lines), "each is said once"


async def test_a_producer_names_what_it_may_not_and_goes_on_when_it_may(
    poor: SecureKafka, new_name: Name
) -> None:
    tp, other = await made(poor, new_name("write")), await made(poor, new_name("other"))
    with pytest.raises(NotAuthorized, match="to WRITE on topic"):
        await EventProducer(poor.settings("poor"), client_id="test").start()
    await poor.grant(POOR, on(other.topic, "WRITE"))
    async with EventProducer(poor.settings("poor"), client_id="test") as producer:
        assert producer.idempotent

        async def send(value: bytes) -> int:
            return (await producer.send_record(tp.topic, key=None, value=value, partition=0)).offset

        with pytest.raises(NotAuthorized, match=f"to WRITE on topic {tp.topic}"):
            await send(b"0")
        await poor.grant(POOR, on(tp.topic, "DESCRIBE"))
        with pytest.raises(NotAuthorized, match=f"to WRITE on topic {tp.topic}"):
            await send(b"0")
        await poor.grant(POOR, on(tp.topic, "WRITE"))
        assert await send(b"0") == 0
        await poor.revoke(POOR, on(tp.topic, "WRITE"))
        with pytest.raises(NotAuthorized, match=f"to WRITE on topic {tp.topic}"):
            await send(b"1")
        await producer.send_record(other.topic, key=None, value=b"of others", partition=0)
        await poor.grant(POOR, on(tp.topic, "WRITE"))
        assert await send(b"1") == 1


async def test_a_member_names_its_group(poor: SecureKafka, new_name: Name) -> None:
    tp = await made(poor, new_name("group"))
    await poor.grant(POOR, on(tp.topic, "READ"))

    async def let_go() -> None:
        """Nothing was begun with any partition."""

    async def poll() -> None:
        member = Membership(
            tp.topic,
            "the group",
            poor.settings("poor"),
            client_id="test",
            instance=None,
            session_timeout_ms=10_000,
            on_revoked=let_go,
        )
        async with member:
            while member.assigned is None:
                await member.poll(100, 10)

    with pytest.raises(NotAuthorized, match="to READ on group the group"):
        await poll()
    await poor.grant(POOR, [Right("group", "the group", "READ")])
    await asyncio.wait_for(poll(), 60)


async def test_who_makes_topics_names_what_it_may_not(poor: SecureKafka, new_name: Name) -> None:
    spec = TopicSpec(new_name("made"), 1, {"retention.ms": "1000"})
    with pytest.raises(NotAuthorized, match=f"to DESCRIBE on topic {spec.name}"):
        await ensure_topics(poor.settings("poor"), [spec])
    await poor.grant(POOR, on(spec.name, "DESCRIBE"))
    with pytest.raises(NotAuthorized, match=f"to CREATE on topic {spec.name}"):
        await ensure_topics(poor.settings("poor"), [spec])
    await poor.grant(POOR, on(spec.name, "CREATE"))
    await ensure_topics(poor.settings("poor"), [spec])
    for missing in ("DESCRIBE_CONFIGS", "ALTER_CONFIGS"):
        with structlog.testing.capture_logs() as lines:
            await ensure_topics(poor.settings("poor"), [TopicSpec(spec.name, 1, {}, least_retention_ms=5000)])
        assert f"not authorized to {missing} on topic {spec.name}" in str(lines)
        await poor.grant(POOR, on(spec.name, missing))


async def test_a_table_waits_for_its_right(poor: SecureKafka, new_name: Name) -> None:
    """Unready, by name, and without ending its process."""
    name = new_name("table")
    await ensure_topics(poor.bootstrap_servers, service_topics(name, 1))
    table: Table[Purse] = Table(name, poor.settings("poor"), Purse)
    running = asyncio.create_task(table.run())
    with structlog.testing.capture_logs() as lines:
        await until(lambda: "not authorized to DESCRIBE" in str(lines), "the reason")
    await poor.grant(POOR, on(table.topic, "READ"))
    await asyncio.wait_for(table.caught_up(), 60)
    assert table.trouble() is None
    running.cancel()
    await asyncio.wait({running})


async def test_a_service_needs_the_rights_listed_and_no_others(
    secure_kafka: SecureKafka, new_name: Name
) -> None:
    """Inputs in, events, outcomes, state and dead letters out, as another oracle says."""
    name = new_name("purses")
    anybody = Service(name, secure_kafka.bootstrap_servers, random.Random(3))
    await anybody.set_up()
    await secure_kafka.revoke("User:templates")
    relayed = relay_rights(name, [events_topic(name), outcomes_topic(name)])
    await secure_kafka.grant("User:templates", [*service_rights(name), *relayed])
    service = Service(name, secure_kafka.settings("templates"), anybody.rng)
    async with EventProducer(service.bootstrap_servers, client_id="test") as producer:
        await service.feed(producer, 300)
    with structlog.testing.capture_logs() as lines:
        # Who looks how far it is asks the log: the inputs' reader.
        await service.finish()
    assert await anybody.judge() >= 300  # and what its relay told it
    assert "not authorized" not in str(lines)


async def test_everything_works_with_the_rights_listed_and_no_others(secure_kafka: SecureKafka) -> None:
    """One who may make topics makes them; a template goes its way over HTTP, through Kafka, to a browser."""
    specs = [*event_topics(3), *service_topics("templates", 3)]
    await secure_kafka.grant("User:maker", maker_rights(specs))
    await ensure_topics(secure_kafka.settings("maker"), specs)
    await secure_kafka.revoke("User:templates")
    await secure_kafka.grant("User:edge", edge_rights())
    await secure_kafka.grant("User:templates", service_rights("templates"))
    user = new_user()
    shown = {"Authorization": f"Bearer {token(user)}"}
    common = {"JWT_SECRET": SECRET, "TOPIC_PARTITIONS": "3"}
    environ: dict[str, Any] = {**secure_kafka.environ("templates"), **common}
    edge_environ: dict[str, Any] = {**secure_kafka.environ("edge"), **common}
    with edge_node(edge_environ.pop("KAFKA_BOOTSTRAP_SERVERS"), **edge_environ) as edge:
        async with (
            processes("templates", environ.pop("KAFKA_BOOTSTRAP_SERVERS"), **environ) as [replica],
            listening(edge, None, additional_headers=shown) as listener,
        ):
            await listener.subscribe("template_validation")
            body = {"name": "mine", "kind": "takedown", "body": COMPLETE, "variables": VARIABLES}
            person = Person(user)
            created = await person.ask(replica, "POST", "/v1/templates", body)
            await person.get(replica, "POST", f"{created.headers['location']}/validate")
            await until(lambda: listener.events(), "the event")
            await listener.socket.send(
                '{"type": "user_notification", "payload": {"action": "a", "data": {}}}'
            )
            await until(lambda: listener.answers("accepted"), "that the log has it")
        assert "not authorized" not in edge.output
        await secure_kafka.revoke("User:edge", on(BROADCAST, "READ"))
        await until(
            lambda: f"not authorized to DESCRIBE on topic {BROADCAST}" in edge.get("/readyz")[1], "the reason"
        )
        await secure_kafka.revoke("User:edge", on(EDGE_CONTROL, "WRITE"))
        await secure_kafka.grant("User:edge", on(BROADCAST, "READ"))
        await asyncio.to_thread(edge.until_ready)
        assert edge.output.count(f"not authorized to DESCRIBE on topic {BROADCAST}") < 10
