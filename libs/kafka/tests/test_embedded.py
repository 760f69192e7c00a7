"""The embedded broker as a supervised child process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from autodmca_kafka import EventProducer, TailReader, TopicSpec
from autodmca_kafka.embedded import EmbeddedBroker, free_port

DEADLINE_S = 30


def runs(pid: int) -> bool:
    """A process that has ended and was not waited for yet does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while runs(pid):
            await asyncio.sleep(0.01)


async def test_it_serves_and_is_gone_afterwards() -> None:
    async with EmbeddedBroker(specs=[TopicSpec("t", 2)]) as broker:
        pid = broker.pid
        async with EventProducer(broker.bootstrap_servers, client_id="test") as producer:
            assert (await producer.send_record("t", key=b"k", value=b"v")).offset == 0
    assert pid is not None
    assert not runs(pid)


async def test_killed_it_is_started_again_at_the_same_address_with_its_topics() -> None:
    async with EmbeddedBroker(specs=[TopicSpec("t", 2)]) as broker:
        pid = broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(DEADLINE_S):
            while broker.starts < 2:
                await asyncio.sleep(0.01)
        async with TailReader(broker.bootstrap_servers, client_id="test", deadline_s=DEADLINE_S) as reader:
            assert await reader.partitions("t") == 2
        assert broker.pid != pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_as_a_program_it_ends_in_order(number: signal.Signals) -> None:
    program, broker_pid = await started()
    program.send_signal(number)
    assert await program.wait() == 0
    await gone(broker_pid)


async def test_it_does_not_outlive_a_parent_that_was_killed() -> None:
    program, broker_pid = await started()
    program.kill()
    await program.wait()
    await gone(broker_pid)


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


async def started() -> tuple[asyncio.subprocess.Process, int]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "autodmca_kafka.embedded", "--port", str(free_port()),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        while b"embedded broker ready" not in (line := await program.stdout.readline()):
            assert line, "it ended before it was ready"
    return program, child_of(program.pid)
