"""What a replica of a service tells an operator: which part stands still, and how it does."""

from __future__ import annotations

from autodmca_service.testing import Person, Process, new_user

from tests.brokers import Broker
from tests.integration.templates_site import replicas

CONTENT = {"name": "Mine", "kind": "retraction", "body": "I retract my notice."}
PARTS = {"outcomes", "state", "processing"}


async def figures(replica: Process) -> dict[str, float]:
    lines = (await replica.http.get("/metrics")).text.splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


async def test_a_frozen_broker_makes_each_part_unready_by_name_until_it_goes_on(fault_kafka: Broker) -> None:
    author = Person(new_user())
    async with replicas(fault_kafka, 1) as (replica,):
        await author.get(replica, "POST", "/v1/templates", CONTENT)
        fault_kafka.stop()
        failing: dict[str, str] = {}
        while not failing.keys() >= PARTS:
            failing = await replica.failing() or {}
        assert "log" not in failing
        fault_kafka.cont()
        await replica.ready()
        await author.get(replica, "POST", "/v1/templates", CONTENT)


async def test_the_log_side_of_a_replica_is_measured(embedded_broker: Broker) -> None:
    author = Person(new_user())
    async with replicas(embedded_broker, 1) as (replica,):
        await author.get(replica, "POST", "/v1/templates", CONTENT)
        shown = await figures(replica)
        assert shown['autodmca_producer_records_delivered_total{topic="autodmca.templates-inputs.v1"}'] >= 1
        assert shown['autodmca_ask_waiting{service="templates"}'] == 0
        assert shown['autodmca_table_lag_records{service="templates"}'] == 0
        assert shown['autodmca_templates_receipts_total{what="kept"}'] >= 1
        assert shown['autodmca_templates_requests_total{operation="create",status="201"}'] == 1
