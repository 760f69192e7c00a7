"""What the generator can do alone: its connections fed by bare writes, against a loop that only reads.

Nothing is measured of a server: this process writes ready frames from core 0 as fast as they are taken, 20 at
a time. The generator must be faster than any server it measures, or its own speed would be what is printed.
"""

import asyncio
import multiprocessing
import select
import socket
import statistics
from collections.abc import Callable
from typing import Final

from tests.load.clients import Clients, process_cpu_s
from tests.load.connections import READ_BYTES, Kind
from tests.load.events import BROADCAST, Template
from tests.load.feed import CORE
from tests.load.servers import CORE as SERVERS_CORE
from tests.load.tokens import pin

CONNECTIONS: Final = 100
EVENTS: Final = 2_000  # a connection and round
BATCH: Final = 20
ROUNDS: Final = 3
_spawn: Final = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure and print the rows."""
    pin(SERVERS_CORE)
    asyncio.run(_measure())


async def _measure() -> None:
    bare = await asyncio.to_thread(_bare)
    with socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS) as listener:
        clients = Clients(listener.getsockname()[1], users=CONNECTIONS, server="relay")
        with clients:
            peers = await asyncio.to_thread(_accept, listener, clients)
            await clients.wait_ready()
            kinds: tuple[tuple[Kind, str], ...] = (("stream", "compared"), ("marks", "checked one by one"))
            for kind, what in kinds:
                ours = await _rounds(clients, peers, kind)
                print(
                    f"| the generator alone, events {what} | {ours:,.0f} events a CPU second "
                    f"| a loop that only reads {bare:,.0f} | {ours / bare:.2g} |"
                )


async def _rounds(clients: Clients, peers: list[socket.socket], kind: Kind) -> float:
    """Events a CPU second of the generator."""
    rates = []
    for number in range(1, ROUNDS + 1):
        clients.begin(number, kind)
        batches = _batches(number)
        cpu = clients.cpu_s
        await asyncio.to_thread(_write, peers, batches)
        await clients.wait_events(EVENTS * (1 if kind == "stream" else CONNECTIONS))
        rates.append(EVENTS * CONNECTIONS / (clients.cpu_s - cpu))
    return statistics.median(rates)


def _batches(number: int) -> list[bytes]:
    """A round's frames, as they are written."""
    template = Template(BROADCAST)
    values = [template.make(number, event, 0, b"0")[1] for event in range(EVENTS)]
    frames = [b"\x81\x7e" + len(value).to_bytes(2, "big") + value for value in values]
    return [b"".join(frames[at : at + BATCH]) for at in range(0, EVENTS, BATCH)]


def _write(peers: list[socket.socket], batches: list[bytes]) -> None:
    for batch in batches:
        for peer in peers:
            peer.sendall(batch)


def _accept(listener: socket.socket, clients: Clients) -> list[socket.socket]:
    """The server's side of the handshakes."""
    peers = []
    for _ in range(clients.users):
        peer, _ = listener.accept()
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += peer.recv(4096)
        hello = b'{"type":"hello"}'
        peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81" + bytes((len(hello),)) + hello)
        peers.append(peer)
    return peers


def _bare() -> float:
    """Events a CPU second of a process that reads and looks at nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS) as listener:
        ours, theirs = _spawn.Pipe()
        process = _spawn.Process(target=_read_only, args=(listener.getsockname()[1], theirs), daemon=True)
        process.start()
        peers = [listener.accept()[0] for _ in range(CONNECTIONS)]
        batches = _batches(0)
        rates = []
        for _ in range(ROUNDS):
            ours.send(sum(map(len, batches)) * CONNECTIONS)
            cpu = process_cpu_s(process.pid or 0)
            _write(peers, batches)
            ours.recv()
            rates.append(EVENTS * CONNECTIONS / (process_cpu_s(process.pid or 0) - cpu))
        process.kill()
        process.join()
    return statistics.median(rates)


def _read_only(port: int, pipe: multiprocessing.connection.Connection) -> None:
    pin(CORE)
    peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    reads: dict[int, Callable[[memoryview], int]] = {peer.fileno(): peer.recv_into for peer in peers}
    epoll, view = select.epoll(), memoryview(bytearray(READ_BYTES))
    for number in reads:
        epoll.register(number, select.EPOLLIN)
    while True:
        missing = pipe.recv()
        while missing:
            for number, _ in epoll.poll():
                missing -= reads[number](view)
        pipe.send(None)


if __name__ == "__main__":
    main()
