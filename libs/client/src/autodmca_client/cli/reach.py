"""Whether anything listens at an address: asked before a library is, which would try for long and say little.

Opens a connection and closes it; says nothing about who listens. Never raises for the network.
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE_S = 1.5
KAFKA_PORT = 9092


class Address(NamedTuple):
    """Where to connect."""

    host: str
    port: int


def brokers(bootstrap_servers: str) -> list[Address]:
    """The addresses in `host:port[,host:port]`; a host alone has Kafka's port. Raises ValueError."""
    found = []
    for each in bootstrap_servers.split(","):
        parts = urlsplit(f"//{each.strip()}")
        if not parts.hostname:
            raise ValueError(f"{each!r} is no address: host:port")
        found.append(Address(parts.hostname, parts.port or KAFKA_PORT))
    return found


def edge(url: str) -> Address:
    """The address of a WebSocket's URL, which has been found to be one."""
    parts = urlsplit(url)
    return Address(parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80))


async def why_none_answers(addresses: Iterable[Address]) -> str | None:
    """None as soon as one of them takes a connection; else, within two seconds, why the last one does not."""
    attempts = [asyncio.create_task(_why_not(each)) for each in addresses]
    reason: str | None = None
    try:
        for attempt in asyncio.as_completed(attempts):
            reason = await attempt
            if reason is None:
                return None
    finally:
        for each in attempts:
            each.cancel()
        await asyncio.wait(attempts)
    return reason


async def _why_not(address: Address) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return error.strerror or str(error)
    writer.transport.abort()
    return None
