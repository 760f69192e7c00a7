"""A million damaged frames and messages against an edge on the embedded broker: `python -m tests.fuzz.run`.

FUZZ_COUNT and FUZZ_SEED say how many and which. Owns what must hold throughout: no unhandled exception in
the edge's log, no socket that hangs or leaks, memory that stops growing, well-formed answers, and heartbeats
of a bystander that come back. Exits with a traceback on the first that does not.
"""

import asyncio
import os
import random
import re
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from autodmca_edge.testing import client_frame
from autodmca_kafka import EventProducer
from autodmca_kafka.embedded import EmbeddedBroker

from tests.fuzz.attack import Attack
from tests.integration.edge_site import Edge, edge_node, token, until, usage
from tests.raw_client import RawClient
from tests.witness import Witness

COUNT: Final = 1_000_000
USERS: Final = range(1, 20)
BYSTANDER: Final = 4711
WARM: Final = 50_000
GROWTH_BYTES: Final = 64 << 20
TROUBLE: Final = re.compile(
    r"Traceback|Fatal error|Unhandled|never retrieved|\"level\": ?\"(?:error|critical)\""
)


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def some_cursors(port: int, bearer: str) -> list[str]:
    """Cursors that make sense."""
    config = {"types": ["template_usage"]}
    subscribe = {"action": "subscribe", "subscriptionId": "s", "config": config}
    with RawClient(port) as client:
        client.upgrade("/ws", f"Authorization: Bearer {bearer}")
        client.send(
            client_frame(msgspec.json.encode({"type": "connection_established", "payload": subscribe}))
        )
        while True:
            answer: dict[str, Any] = msgspec.json.decode(client.frame().payload)
            if answer["payload"]["action"] == "subscribed":
                cursors: list[str] = answer["payload"]["cursors"]
                return cursors


async def produce(bootstrap_servers: str) -> None:
    """Events for everybody who attacks, until cancelled."""
    rng = random.Random(0)
    async with EventProducer(bootstrap_servers, client_id="fuzz") as producer:
        while True:
            await producer.send(usage("Fuzz"), user_id=rng.choice(USERS))
            await asyncio.sleep(0.02)


async def assault(edge: Edge, seed: str, count: int) -> Attack:
    """Run the attack; fails when it or the edge does."""
    tokens = [token(user) for user in USERS] + [token(1)[:-2], "x", "", "a.b.c"]
    attack = Attack(edge.port, seed, count, tokens, [*some_cursors(edge.port, tokens[0]), "x", ":0"])
    await attack.run()
    output = edge.output
    assert edge.process.poll() is None, f"the edge died:\n{output[-4000:]}"
    if trouble := TROUBLE.search(output):
        raise AssertionError(
            f"the edge's log, seed {seed}:\n{output[max(0, trouble.start() - 200) :][:6000]}"
        )
    assert not attack.faults, f"{attack.faults}\n{output[-2000:]}"
    return attack


async def fuzz(bootstrap_servers: str, seed: str, count: int) -> str:
    """The whole run; what was seen, in words."""
    settings: dict[str, Any] = {
        "LOG_LEVEL": "warning",
        "EDGE_COMPRESSION": "true",
        "EDGE_TALK_PER_SECOND": "1000000",  # what is refused for its price is not looked at
        "EDGE_USER_TALK_PER_SECOND": "1000000",
    }
    with edge_node(bootstrap_servers, **settings) as edge:
        async with asyncio.TaskGroup() as tasks:
            producing = tasks.create_task(produce(bootstrap_servers))
            text = await judge(edge, seed, count)
            producing.cancel()
    return text


async def judge(edge: Edge, seed: str, count: int) -> str:
    """Attack, and look at what became of the edge."""
    pid = edge.process.pid
    await assault(edge, f"{seed}/warm", min(count // 4, WARM))
    with Witness(edge, token(BYSTANDER)) as witness:
        open_before, memory_before = descriptors(pid), resident_bytes(pid)
        begun = time.monotonic()
        attack = await assault(edge, seed, count)
        seconds = time.monotonic() - begun
        growth = resident_bytes(pid) - memory_before
        await until(lambda: descriptors(pid) <= open_before, "the sockets to be closed")
        await until(lambda: edge.metric("connections") == 1, "the sessions to be over")
        heartbeats = witness.report()
    text = (
        f"seed {seed}: {attack.sent} frames and messages on {attack.connections} connections "
        f"in {seconds:.0f} s; {growth / 2**20:+.1f} MiB; {heartbeats}; "
        f"ended {dict(attack.closes.most_common(12))}"
    )
    assert growth <= GROWTH_BYTES, text
    assert heartbeats.served, text
    return text


async def main() -> None:
    count = int(os.environ.get("FUZZ_COUNT", COUNT))
    seed = os.environ.get("FUZZ_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(f"FUZZ_SEED={seed} FUZZ_COUNT={count}", flush=True)
    async with EmbeddedBroker() as broker:
        print(await fuzz(broker.bootstrap_servers, seed, count))


if __name__ == "__main__":
    uvloop.run(main())
