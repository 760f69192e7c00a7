"""A message from a client, by the SDK, through a real edge, into the log."""

import msgspec
import pytest
from autodmca_client import Client
from autodmca_client.errors import Unavailable
from autodmca_events import partition_for, user_key
from autodmca_events.topics import CLIENT_ACTIONS
from autodmca_kafka import Batch, TailReader, TopicPartition

from tests.brokers import Broker
from tests.integration.edge_site import edge_node, token

USER = 90_210


async def test_a_message_is_in_the_log_when_it_is_accepted(any_broker: Broker) -> None:
    with edge_node(any_broker.bootstrap_servers, EDGE_MESSAGES_PER_SECOND="1") as edge:
        async with (
            TailReader(any_broker.bootstrap_servers, client_id="test") as reader,
            Client(f"ws://127.0.0.1:{edge.port}/ws", token=token(USER)) as client,
        ):
            number = partition_for(user_key(USER), await reader.partitions(CLIENT_ACTIONS))
            await reader.add({TopicPartition(CLIENT_ACTIONS, number): TailReader.END})
            await client.send("notification_read", {"notificationId": "n-1"})
            found: list[bytes] = []
            while not found:
                for item in await reader.poll():
                    if isinstance(item, Batch):
                        found += [each.value or b"" for each in item.records if each.key == user_key(USER)]
            message = msgspec.json.decode(found[0])
            assert message["payload"] == {"action": "notification_read", "data": {"notificationId": "n-1"}}
            assert message["userId"] == USER

            async def say_much() -> None:
                for _ in range(10):
                    await client.send("notification_read", {})

            with pytest.raises(Unavailable, match="too many messages"):
                await say_much()
