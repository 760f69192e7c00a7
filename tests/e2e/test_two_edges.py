"""Two edges and two listeners: what one listener misses while its edge is dead, it gets afterwards."""

import asyncio
import signal
import sys
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from autodmca_client.development import development_token
from autodmca_events import TemplateUsage
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.e2e.local_system import Program, free_ports, started
from tests.e2e.test_make_run import events

SECRET = "a secret of tests, which has 32 bytes and more"
USER = 4242
AUTODMCA = str(Path(sys.executable).with_name("autodmca"))


def usage(count: int) -> TemplateUsage:
    return TemplateUsage(
        template_id="tpl-1",
        name="Takedown",
        template_version=1,
        usage_count=count,
        rendered_length=900,
        used_at="2026-01-01T00:00:00.000Z",
    )


async def following(edge: Program) -> None:
    """Until an edge reads the log."""
    await edge.until(lambda: any("partitions are read" in line for line in edge.lines))


def counts(listener: Program) -> list[int]:
    return [event["payload"]["usageCount"] for event in events(listener)]


async def test_a_listener_goes_on_by_itself_after_its_edge_was_killed_and_misses_nothing(
    any_broker: Broker, tmp_path: Path
) -> None:
    ports = free_ports("FIRST", "SECOND")
    common = {
        "KAFKA_BOOTSTRAP_SERVERS": any_broker.bootstrap_servers,
        "JWT_SECRET": SECRET,
        "EDGE_HOST": "127.0.0.1",
        "EDGE_DRAIN_SECONDS": "0",
        "XDG_STATE_HOME": str(tmp_path),
        "AUTODMCA_TOKEN": development_token(SECRET, USER),
    }

    def edge(name: str) -> AbstractAsyncContextManager[Program]:
        return started(sys.executable, "-m", "autodmca_edge", environ={**common, "EDGE_PORT": ports[name]})

    def listener(name: str) -> AbstractAsyncContextManager[Program]:
        url = f"ws://127.0.0.1:{ports[name]}/ws"
        environ = {**common, "AUTODMCA_URL": url}
        return started(AUTODMCA, "listen", "--json", "--types", "template_usage", environ=environ)

    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        first, second = await enter(edge("FIRST")), await enter(edge("SECOND"))
        await following(first)
        await following(second)
        one, other = await enter(listener("FIRST")), await enter(listener("SECOND"))
        producer = await enter(EventProducer(any_broker.bootstrap_servers, client_id="test"))

        async def emit(numbers: range) -> None:
            for number in numbers:
                await producer.send(usage(number), user_id=USER)

        # Until both hear, nobody knows whether they have subscribed yet.
        warm = 0
        while not (counts(one) and counts(other)):
            warm += 1
            await emit(range(1000 + warm, 1001 + warm))
            await asyncio.sleep(0.1)

        await emit(range(1, 50))
        await one.until(lambda: 49 in counts(one))
        first.process.send_signal(signal.SIGKILL)
        await emit(range(50, 150))  # nobody tells the first listener of these
        await one.until(lambda: any("lost" in line for line in one.lines))
        again = await enter(edge("FIRST"))
        await following(again)
        await emit(range(150, 200))
        await one.until(lambda: 199 in counts(one))
        await other.until(lambda: 199 in counts(other))
        for each in (one, other):
            assert [number for number in counts(each) if number < 1000] == list(range(1, 200))
