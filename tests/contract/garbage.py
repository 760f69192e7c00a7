"""Records that nobody of ours writes, put into a log byte by byte."""

from __future__ import annotations

import struct

from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from autodmca_kafka.log_client import LogClient

from tests.brokers import Broker

CRC_AT = 17
ATTRIBUTES_AT = 21


def batch_with_a_name_that_is_no_utf_8() -> bytes:
    """Three records; the second has a header of which only a hostile client is capable."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 20)
    for number, name in enumerate(["good", "badd", "good"]):
        builder.append(number, 1000, b"k", b"v%d" % number, [(name, b"x")])
    built = bytearray(bytes(builder.build()).replace(b"badd", b"\xff\xfe\xfd\xfc"))
    struct.pack_into(">I", built, CRC_AT, calc_crc32c(bytes(built[ATTRIBUTES_AT:])))
    return bytes(built)


async def append(broker: Broker, topic: str, batch: bytes, partition: int = 0) -> None:
    """Have a broker append a batch as it is."""
    client = LogClient(broker.bootstrap_servers, client_id="hostile", deadline_s=30)
    await client.start(deadline_s=30)
    leader = (await client.describe(topic)).partitions[partition].leader
    request = ProduceRequest(None, -1, 10_000, [(topic, [(partition, batch)])])
    answer = await client.connection.send(leader, request)
    await client.stop()
    [(_, [(_, error_code, *_)])] = answer.topics
    assert error_code == 0
