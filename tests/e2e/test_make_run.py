"""`make run` and the line it prints, as a person in two terminals would use them."""

import json
import os
import signal
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from autodmca_kafka import Batch, TailReader, TopicPartition

from deploy.services import DOMAIN
from tests.brokers import Broker
from tests.e2e.local_system import Program, descendants, free_ports, gone, started

TOPIC = "autodmca.templates.v1"
PORTS = (
    "EDGE_PORT",
    "EMBEDDED_KAFKA_PORT",
    "SANDBOX_PORT",
    "CONSOLE_PORT",
    *(service.port_variable for service in DOMAIN),
)
Event = dict[str, Any]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Settings for a system that disturbs no other one."""
    return {**free_ports(*PORTS), "SANDBOX_PACE_SECONDS": "0.2", "XDG_STATE_HOME": str(tmp_path)}


async def listening_line(system: Program) -> str:
    """The command that `make run` prints, once the system is up."""
    await system.until(lambda: any("AUTODMCA_TOKEN=" in line for line in system.lines))
    return next(line for line in system.lines if "AUTODMCA_TOKEN=" in line).strip()


def events(listener: Program) -> list[Event]:
    return [json.loads(line) for line in listener.lines if line.startswith("{")]


def lives(heard: Iterable[Event]) -> dict[str, list[str]]:
    """Per template, what happened to it, in order and in words."""
    found: dict[str, list[str]] = {}
    for event in heard:
        payload = event["payload"]
        if event["type"] == "template_validation":
            word = "valid" if payload["valid"] else "wanting"
        else:
            word = payload.get("status") or payload["outcome"]
        found.setdefault(payload["templateId"], []).append(word)
    return found


def has_whole_life(heard: Iterable[Event]) -> bool:
    """Whether one template was found wanting, corrected, reviewed, approved, used, and judged."""
    whole = ["wanting", "valid", "in_review", "approved", "rendered", "sent", "accepted"]
    return any(in_order(whole, life) for life in lives(heard).values())


def in_order(wanted: list[str], seen: list[str]) -> bool:
    """Whether `wanted` is in `seen`, in this order, possibly with more in between."""
    rest = iter(seen)
    return all(word in rest for word in wanted)


async def log_of(bootstrap_servers: str, user_id: int) -> list[Event]:
    """Every event of a user that is on the topic now, straight from Kafka."""
    async with TailReader(bootstrap_servers, client_id="e2e") as reader:
        partitions = [TopicPartition(TOPIC, number) for number in range(await reader.partitions(TOPIC))]
        ends = {each: end for each, (_, end) in (await reader.bounds(partitions)).items()}
        await reader.add(dict.fromkeys(partitions, TailReader.BEGINNING))
        found: list[Event] = []
        reached = dict.fromkeys(partitions, 0)
        while any(reached[each] < end for each, end in ends.items()):
            for item in await reader.poll():
                if isinstance(item, Batch):
                    reached[TopicPartition(item.topic, item.partition)] = item.next_offset
                    found += [json.loads(record.value or b"{}") for record in item.records]
    return [event for event in found if event["userId"] == user_id]


def edge_of(system: Program) -> int:
    return next(
        pid for pid, command in descendants(system.process.pid).items() if "-m autodmca_edge" in command
    )


@pytest.mark.alone
async def test_a_template_s_life_is_heard_and_goes_on_when_the_edge_is_killed(
    environ: dict[str, str],
) -> None:
    async with started("make", "run", environ=environ) as system:
        line = await listening_line(system)
        async with started("bash", "-c", f"exec env {line} --json", environ=environ) as listener:
            await listener.until(lambda: has_whole_life(events(listener)))

            os.kill(edge_of(system), signal.SIGKILL)
            before = len(events(listener))
            await listener.until(lambda: any("connection lost" in line for line in listener.lines))
            await listener.until(lambda: len(events(listener)) > before + 10)

            heard = [event["id"] for event in events(listener)]
            log = [
                event["id"] for event in await log_of(f"127.0.0.1:{environ['EMBEDDED_KAFKA_PORT']}", 12345)
            ]
            assert heard == log[log.index(heard[0]) :][: len(heard)]
            listener.interrupt()
            await listener.ended()

        everything = descendants(system.process.pid)
        assert sum("autodmca" in command for command in everything.values()) >= 3
        system.interrupt()
        await system.ended()
        await gone(everything, environ["XDG_STATE_HOME"])
        assert not [line for line in system.lines if "Traceback" in line]


async def test_when_the_supervisor_is_killed_nothing_is_left(environ: dict[str, str]) -> None:
    async with started("make", "run", environ=environ) as system:
        await listening_line(system)
        everything = descendants(system.process.pid)
        supervisor = next(pid for pid, command in everything.items() if "deploy.local.run" in command)
        os.kill(supervisor, signal.SIGKILL)
        await gone(everything, environ["XDG_STATE_HOME"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_a_signal_to_make_alone_stops_the_system(
    environ: dict[str, str], number: signal.Signals
) -> None:
    async with started("make", "run", environ=environ) as system:
        await listening_line(system)
        everything = descendants(system.process.pid)
        system.process.send_signal(number)
        await gone(everything, environ["XDG_STATE_HOME"])


@pytest.mark.parametrize("taken", [("SANDBOX_PORT",), PORTS], ids=["one", "all"])
async def test_taken_ports_are_named_at_once_with_the_variables_that_move_them(
    environ: dict[str, str], taken: tuple[str, ...]
) -> None:
    with ExitStack() as stack:
        others = {each: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for each in taken}
        ports = {variable: str(other.getsockname()[1]) for variable, other in others.items()}
        async with started("make", "run", environ={**environ, **ports}) as system:
            assert await system.ended() != 0
    (said,) = [line for line in system.lines if line.startswith("make run: ")]
    assert said.count(" is taken") == len(taken)
    for variable in PORTS:
        assert (f"{variable}=" in said) == (variable in taken)
        assert variable not in taken or f"port {ports[variable]} is taken" in said


async def test_a_kafka_that_is_not_there_is_named_at_once(environ: dict[str, str]) -> None:
    nowhere = f"127.0.0.1:{environ['EMBEDDED_KAFKA_PORT']}"
    async with started("make", "run", environ={**environ, "KAFKA_BOOTSTRAP_SERVERS": nowhere}) as system:
        assert await system.ended(seconds=10) != 0
    said = [line for line in system.lines if nowhere in line]
    assert len(said) == 1
    assert said[0].startswith(f"make run: no Kafka broker at {nowhere}")


async def test_an_interrupt_ends_it_while_kafka_does_not_answer(environ: dict[str, str]) -> None:
    """Something listens there, and is no Kafka."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {**environ, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{silent.getsockname()[1]}"}
        async with started("make", "run", environ=settings) as system:
            await system.until(lambda: any("using 127.0.0.1" in line for line in system.lines))
            everything = descendants(system.process.pid)
            system.interrupt()
            await system.ended(seconds=5)
            await gone(everything, environ["XDG_STATE_HOME"])
    assert not [line for line in system.lines if "Traceback" in line]


async def test_a_short_secret_is_refused_before_anything_starts(environ: dict[str, str]) -> None:
    async with started("make", "run", environ={**environ, "JWT_SECRET": "short"}) as system:
        assert await system.ended() != 0
    assert any("JWT_SECRET" in line and "shorter" in line for line in system.lines)


async def test_the_embedded_broker_is_not_taken_for_one_with_tls(environ: dict[str, str]) -> None:
    settings = {**environ, "KAFKA_SECURITY_PROTOCOL": "SSL"}
    async with started("make", "run", environ=settings) as system:
        assert await system.ended() != 0
    assert any("KAFKA_SECURITY_PROTOCOL is SSL, without KAFKA_BOOTSTRAP" in line for line in system.lines)


@pytest.mark.kafka
@pytest.mark.alone
async def test_it_runs_on_the_kafka_that_is_named(environ: dict[str, str], fault_kafka: Broker) -> None:
    settings = {**environ, "KAFKA_BOOTSTRAP_SERVERS": fault_kafka.bootstrap_servers}
    async with started("make", "run", environ=settings) as system:
        line = await listening_line(system)
        async with started("bash", "-c", f"exec env {line} --json", environ=environ) as listener:
            await listener.until(lambda: has_whole_life(events(listener)))
        everything = descendants(system.process.pid)
        assert not any("tansu" in command for command in everything.values())
        system.interrupt()
        await system.ended()
        await gone(everything, environ["XDG_STATE_HOME"])
