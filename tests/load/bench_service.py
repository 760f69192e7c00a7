"""Reads, writes with their outcome, and list pages over HTTP through one replica on one core, 16 at a time.

The templates service beside the same three endpoints written plainly on Starlette, with SQLite and with
PostgreSQL (`references/plain_store.py`), one after the other in the same run. The server has core 0; Kafka or
PostgreSQL and the clients share core 1. A write of ours is in the log with its event and its state when it is
answered; PostgreSQL's is on the disk, SQLite's in its write-ahead log.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from autodmca_kafka.embedded import free_port

from tests.apache_kafka import apache_kafka
from tests.load.clients import process_cpu_s
from tests.load.tokens import SECRET, pin, token
from tests.server_process import ServerProcess

AT_ONCE: Final = 16
PAGE: Final = 20
ROUNDS: Final = 3
ROUND_S: Final = 3.0
CREATED: Final = 201
PATH: Final = "/v1/templates"
CONTENT: Final = msgspec.json.encode(
    {
        "name": "Search engines",
        "kind": "takedown",
        "body": "My work {{ work }} is copied without permission at {{ url }}. " * 8,
        "variables": ["work", "url"],
    }
)
FIELDS: Final = (
    ("per_s", "a second", ""),
    ("p50_ms", "p50 (less is better)", " ms"),
    ("p99_ms", "p99 (less is better)", " ms"),
    ("cpu_ms", "CPU each (less is better)", " ms"),
)
HERE: Final = Path(__file__).parent


class Rate(NamedTuple):
    """What one round of one operation gave."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


class Connection:
    """HTTP/1.1 on one connection that is kept, one request at a time, as bare as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user_id: int) -> None:
        self._reader = reader
        self._writer = writer
        self._head = f"Host: localhost\r\nAuthorization: Bearer {token(user_id)}\r\n".encode()
        self.ids: list[str] = []

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body."""
        about = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body) if body else b""
        self._writer.write(f"{method} {path} HTTP/1.1\r\n".encode() + self._head + about + b"\r\n" + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return int(head[9:12]), await self._reader.readexactly(length)

    async def create(self) -> None:
        status, body = await self.ask("POST", PATH, CONTENT)
        assert status == CREATED, body
        self.ids.append(msgspec.json.decode(body)["id"])

    async def read(self) -> None:
        status, body = await self.ask("GET", f"{PATH}/{self.ids[-1]}")
        assert status == 200, body

    async def page(self) -> None:
        status, body = await self.ask("GET", f"{PATH}?limit={PAGE}")
        assert status == 200, body
        assert len(msgspec.json.decode(body)["items"]) == PAGE, body


Operation = Callable[[Connection], Any]
OPERATIONS: Final[dict[str, Operation]] = {
    "write with its outcome": Connection.create,
    "read by id": Connection.read,
    f"list page of {PAGE}": Connection.page,
}


@asynccontextmanager
async def connections(port: int) -> AsyncIterator[list[Connection]]:
    """As many as ask at a time, each of a user of its own."""
    opened = [await asyncio.open_connection("127.0.0.1", port, limit=1 << 20) for _ in range(AT_ONCE)]
    try:
        yield [Connection(*pair, 1_000 + number) for number, pair in enumerate(opened)]
    finally:
        for _, writer in opened:
            writer.close()


async def measure(server: ServerProcess) -> dict[str, list[Rate]]:
    """Rounds of every operation."""
    found: dict[str, list[Rate]] = {name: [] for name in OPERATIONS}
    async with connections(server.port) as asking:
        await ready(asking[0])
        await asyncio.gather(*(fill(connection) for connection in asking))
        for number in range(-1, ROUNDS):  # one not counted
            for name, operation in OPERATIONS.items():
                rate = await round_of(server, asking, operation)
                if number >= 0:
                    found[name].append(rate)
    return found


async def fill(connection: Connection) -> None:
    for _ in range(PAGE):
        await connection.create()


async def ready(connection: Connection) -> None:
    async with asyncio.timeout(60):
        while (await connection.ask("GET", "/readyz"))[0] != 200:
            await asyncio.sleep(0.1)


async def round_of(server: ServerProcess, asking: list[Connection], operation: Operation) -> Rate:
    took: list[float] = []
    until, cpu = time.perf_counter() + ROUND_S, process_cpu_s(server.pid)

    async def ask(connection: Connection) -> None:
        while (began := time.perf_counter()) < until:
            await operation(connection)
            took.append((time.perf_counter() - began) * 1_000)

    await asyncio.gather(*(ask(connection) for connection in asking))
    used = process_cpu_s(server.pid) - cpu
    cuts = statistics.quantiles(took, n=100)
    return Rate(len(took) / ROUND_S, cuts[49], cuts[98], used * 1_000 / len(took))


@contextmanager
def server(name: str, folder: Path, command: list[str], environ: dict[str, str]) -> Iterator[ServerProcess]:
    """A server on core 0; `PORT` in a value of `environ` is its port."""
    port = free_port()
    alone = ["taskset", "-c", "0"] if (os.cpu_count() or 1) > 1 and shutil.which("taskset") else []
    named = {key: value.replace("PORT", str(port)) for key, value in environ.items()}
    running = ServerProcess(
        name, port, [*alone, sys.executable, *command], folder / name, {"JWT_SECRET": SECRET, **named}
    )
    running.start()
    try:
        yield running
    finally:
        running.close()


def plain(folder: Path, name: str, store: str) -> Any:
    script = str(HERE / "references" / "plain_store.py")
    return server(name, folder, [script], {"STORE": store, "STORE_PORT": "PORT"})


@contextmanager
def postgres(folder: Path) -> Iterator[str | None]:
    """A PostgreSQL of its own, as Debian's package sets one up; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        yield None
        return
    data, port = folder / "postgres", free_port()
    data.mkdir()
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")
        shutil.chown(data, "postgres")
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": data}
    initdb = [str(found[-1] / "initdb"), "-D", str(data), "-U", "bench", "--auth=trust", "--no-sync"]
    subprocess.run([*user, *initdb], check=True, **quiet)
    control = [*user, str(found[-1] / "pg_ctl"), "-D", str(data), "-w"]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    subprocess.run([*control, "-l", str(data / "log"), "-o", options, "start"], check=True, **quiet)
    try:
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)


async def run(folder: Path) -> None:
    pin(1)
    figures: dict[str, dict[str, list[Rate]]] = {}
    with plain(folder, "SQLite", f"sqlite:{folder / 'plain.db'}") as running:
        figures["SQLite"] = await measure(running)
    with postgres(folder) as address:
        if address is None:
            print("PostgreSQL is not installed: its rows are left out", file=sys.stderr)
        else:
            with plain(folder, "PostgreSQL", address) as running:
                figures["PostgreSQL"] = await measure(running)
    broker = apache_kafka(folder, core=1)
    await asyncio.to_thread(broker.start)
    try:
        environ = {
            "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "TEMPLATES_HOST": "127.0.0.1",
            "TEMPLATES_PORT": "PORT",
            "LOG_LEVEL": "warning",
        }
        with server("ours", folder, ["-m", "autodmca_templates"], environ) as running:
            ours = await measure(running)
    finally:
        await asyncio.to_thread(broker.close)
    for name in OPERATIONS:
        for field, what, unit in FIELDS:
            mine = statistics.median(getattr(each, field) for each in ours[name])
            theirs = {
                who: statistics.median(getattr(each, field) for each in found[name])
                for who, found in figures.items()
            }
            beside = "; ".join(f"{who} {value:,.4g}" for who, value in theirs.items())
            ratios = "; ".join(f"{mine / value:.2g}" for value in theirs.values())
            row = f"service, {name}, {AT_ONCE} at a time, {what}"
            print(f"| {row} | {mine:,.4g}{unit} | {beside} | {ratios} |", flush=True)


def main() -> None:
    """Measure and print the rows."""
    with tempfile.TemporaryDirectory(prefix="bench-service-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
