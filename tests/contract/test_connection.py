"""A client whose connection breaks just when something is written to it, and a closing that is cancelled."""

import asyncio

import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from autodmca_kafka import cluster
from autodmca_kafka.wire import MetadataRequest

from tests.brokers import Broker

MOMENTS = 8  # turns of the loop after the break; at one of them uvloop's handle is closed, aiokafka's is not


async def _breaks(client: AIOKafkaClient, moment: int) -> None:
    """Ask over a connection that broke so many turns of the loop ago."""
    node = client.get_random_node()
    connection = await client._get_conn(node)
    connection._writer.transport.abort()
    for _ in range(moment):
        await asyncio.sleep(0)
    try:
        await connection.send(MetadataRequest([]))
    except KafkaError:
        return
    raise AssertionError("an answer came over a connection that is closed")


def test_a_question_over_a_connection_that_breaks_is_an_error_of_kafka(embedded_broker: Broker) -> None:
    async def all_moments() -> None:
        client = await cluster.connect(embedded_broker.bootstrap_servers, client_id="t", deadline_s=30)
        await client.force_metadata_update()
        for moment in range(MOMENTS):
            await asyncio.wait_for(_breaks(client, moment), 30)
        await cluster.close(client)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_moments())


async def test_who_is_cancelled_while_a_client_closes_hears_of_it(embedded_broker: Broker) -> None:
    """aiokafka's own `close` keeps a cancellation to itself."""
    client = await cluster.connect(embedded_broker.bootstrap_servers, client_id="t", deadline_s=30)
    closing = asyncio.create_task(cluster.close(client))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    assert closing.cancelled()
    await client.close()
