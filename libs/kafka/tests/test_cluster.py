"""What a connection to a broker does that has just been closed, on the event loop of the services."""

import asyncio

import aiokafka.conn
import pytest
import uvloop
from aiokafka.errors import KafkaConnectionError
from autodmca_kafka import cluster
from autodmca_kafka.wire import MetadataRequest


def test_a_request_on_a_connection_that_was_just_closed_is_a_lost_connection() -> None:
    async def attempt() -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert aiokafka.conn.AIOKafkaConnection.__module__ == cluster.__name__
        connection = aiokafka.conn.AIOKafkaConnection("127.0.0.1", port)
        connection._reader, connection._writer = await asyncio.open_connection("127.0.0.1", port)
        connection._writer.transport.abort()
        await connection._reader.read()
        with pytest.raises(KafkaConnectionError):
            await connection.send(MetadataRequest(["topic"]))
        server.close()
        await server.wait_closed()

    uvloop.run(attempt())
