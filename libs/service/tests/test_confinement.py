"""What a worker that has been taken over gets at: it is one, and tries from inside."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from autodmca_service.workers.confinement import PARTS, Part
from autodmca_service.workers.pool import WorkerPool
from prometheus_client import CollectorRegistry

from libs.service.tests.escapes import Try
from libs.service.tests.pools import pool_of, until

ESCAPES = "libs.service.tests.escapes"


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with pool_of(ESCAPES, workers=2) as workers:
        yield workers


def need(pool: WorkerPool, part: Part) -> None:
    """Skip, by name, what this system does not give."""
    assert pool.missing is not None
    if (reason := pool.missing.get(part)) is not None:
        pytest.skip(f"this system does not keep workers apart in respect of {part}: {reason}")


FORBIDDEN = {"Operation not permitted", "Permission denied"}


async def refused(pool: WorkerPool, what: str, on: str = "", number: int = 0) -> bool:
    """Whether it is refused as a thing that is not allowed, and not because it is not there."""
    told = await pool.ask(1, Try(what, on, number))
    assert not told.got, f"{what} {on}: {told.got[:200]}"
    return told.refused in FORBIDDEN


async def bounded(pool: WorkerPool, what: str, number: int) -> bool:
    """Whether there cannot be so many."""
    return (await pool.ask(1, Try(what, number=number))).refused in {
        "Resource temporarily unavailable",
        "Too many open files",
        "File too large",
    }


async def from_both(pool: WorkerPool, what: str) -> set[str]:
    """What each of two workers is told that tries it on both."""
    told: set[str] = set()
    while not {"itself"} < told:
        told |= {
            (answer := await pool.ask(1, Try(what, number=pid))).got or answer.refused for pid in pool.pids
        }
    return told - {"itself"}


async def test_the_services_memory_and_environment_cannot_be_read(pool: WorkerPool) -> None:
    need(pool, "memory")
    service = os.getpid()
    for name in ("environ", "mem", "maps", "auxv"):
        assert await refused(pool, "read", f"/proc/{service}/{name}", 100)
    assert await refused(pool, "read", f"/proc/{service}/cwd/pyproject.toml")
    assert await refused(pool, "read_memory", number=service)
    assert await refused(pool, "attach", number=service)


async def test_a_worker_cannot_read_another_one(pool: WorkerPool) -> None:
    need(pool, "memory")
    assert await from_both(pool, "read_memory") <= FORBIDDEN


async def test_a_worker_cannot_signal_another_process(pool: WorkerPool) -> None:
    need(pool, "signals")
    assert await refused(pool, "stop", number=os.getpid())
    assert await from_both(pool, "stop") <= FORBIDDEN


async def test_a_worker_reaches_no_network(pool: WorkerPool) -> None:
    need(pool, "network")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        port = server.getsockname()[1]
        name = uuid.uuid4().hex
        local.bind("\0" + name)
        local.listen()
        for trial in (Try("tcp", number=port), Try("udp", number=port), Try("abstract", name)):
            told = await pool.ask(1, trial)
            assert told.refused in FORBIDDEN | {"Network is unreachable", "Connection refused"}, told
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()


async def test_a_worker_reads_code_alone_and_writes_nothing(pool: WorkerPool, tmp_path: Path) -> None:
    need(pool, "files")
    secret, folder = tmp_path / "secret", tmp_path / "models"
    folder.mkdir()
    for file in (secret, folder / "model"):
        file.write_text("weights")
    for path in (tmp_path, folder, secret, folder / "model"):
        path.chmod(0o777)
    tmp_path.parent.chmod(0o755)
    assert await refused(pool, "read", str(secret))
    assert await refused(pool, "write", str(tmp_path / "new"))
    assert await refused(pool, "write", str(secret))
    assert await refused(pool, "remove", str(secret))
    assert "class Try" in (await pool.ask(1, Try("read", str(Path(__file__).with_name("escapes.py"))))).got
    async with pool_of(ESCAPES, reads=[str(folder)]) as reading:
        assert (await reading.ask(1, Try("read", str(folder / "model")))).got == "b'weights'"
        assert await refused(reading, "write", str(folder / "model"))
        assert await refused(reading, "read", str(secret))
    assert secret.read_text() == "weights"


async def test_a_fork_bomb_has_no_second_stage(pool: WorkerPool) -> None:
    need(pool, "processes")
    assert await bounded(pool, "fork", 20)
    assert await bounded(pool, "thread", 20)
    async with pool_of(ESCAPES, threads=3) as threaded:
        need(threaded, "processes")
        assert (await threaded.ask(1, Try("thread", number=3))).got == "3"
        assert (await threaded.ask(1, Try("fork", number=3))).got == "3"
        assert await bounded(threaded, "fork", 4)
        assert await bounded(threaded, "thread", 4)


async def test_open_files_and_their_sizes_have_bounds(pool: WorkerPool) -> None:
    assert await bounded(pool, "files", 64)
    assert (await pool.ask(1, Try("files", number=32))).got == "32"
    assert await bounded(pool, "memory_file", 1)
    async with pool_of(ESCAPES, file_mb=1) as writing:
        assert (await writing.ask(1, Try("memory_file", number=1_000_000))).got == "1000000"
        assert int((await writing.ask(1, Try("memory_file", number=2_000_000))).got) <= 1024 * 1024


async def test_a_worker_has_no_environment_no_core_and_no_way_into_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JWT_SECRET", "not for workers")
    async with pool_of(ESCAPES) as pool:
        told = await pool.ask(1, Try("inside"))
    environment, _, rest = told.got.partition("}")
    assert set(eval(environment + "}")) <= {"LC_CTYPE"}  # noqa: S307 - Python itself sets it
    assert rest == " (0, 0) ['/dev/null', '/dev/null', '/dev/null']"


async def test_what_cannot_be_had_is_told_by_a_metric_and_had_is_the_rest() -> None:
    registry = CollectorRegistry()
    async with pool_of(ESCAPES, registry=registry) as pool:
        assert pool.missing is not None
        for part in PARTS:
            had = registry.get_sample_value("autodmca_worker_isolation", {"pool": "trials", "part": part})
            assert had == (part not in pool.missing)


SERVICE = """
import asyncio
from libs.service.tests.pools import pool_of
from libs.service.tests.trials import Wait

async def main():
    async with pool_of(workers=2) as pool:
        asked = asyncio.create_task(pool.ask(1, Wait()))
        while not pool.busy:
            await asyncio.sleep(0.01)
        print(*pool.pids, flush=True)
        await asked

asyncio.run(main())
"""


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_workers_end_with_a_service_that_is_killed_even_one_that_waits() -> None:
    root = Path(__file__).parents[3]
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVICE, cwd=root, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert service.stdout is not None
    pids = [int(pid) for pid in (await service.stdout.readline()).split()]
    assert len(pids) == 2
    assert all(map(runs, pids))
    service.kill()
    await service.communicate()
    await until(lambda: not any(map(runs, pids)))
