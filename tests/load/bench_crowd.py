"""5,000 clients that come at once, none waiting for another, and one who is connected already.

The edge with its queue of handshakes beside the same without one (a rate that nothing reaches): how long the
bystander waits for the answers to its heartbeats while they come, CPU of a handshake, and how long until all
are in. On the embedded broker, without events.
"""

import asyncio
import multiprocessing
import os
import resource
import select
import socket
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_kafka.embedded import EmbeddedBroker

from tests.load.clients import process_cpu_s
from tests.load.servers import Server
from tests.load.tokens import pin, token

CLIENTS: Final = 5_000
ROUNDS: Final = 3
PAUSE_S: Final = 0.005
UNLIMITED: Final = 1_000_000
HEARTBEAT: Final = client_frame(b'{"type":"heartbeat","payload":{"timestamp":1}}')
RATES: Final[dict[str, int | None]] = {"ours": None, "without a queue": UNLIMITED}

_spawn: Final = multiprocessing.get_context("spawn")
Figure = tuple[float, float, float, float]
"""Of the bystander p99 and the longest, CPU of a handshake (ms); until all are in (s)."""


def _bystand(port: int, pipe: Connection) -> None:
    """Send heartbeats one after the other until told to say how long their answers took (ms)."""
    pin(1)
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _ask(peer, upgrade_request(f"/ws?token={token(1)}"), b'"connected"')
    pipe.send(None)
    while True:
        taken = []
        while not pipe.poll():
            began = time.perf_counter()
            _ask(peer, HEARTBEAT, b'"heartbeat"')
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_S)
        pipe.recv()
        pipe.send(taken)


def _ask(peer: socket.socket, data: bytes, answer: bytes) -> None:
    peer.sendall(data)
    heard = b""
    while answer not in heard:
        chunk = peer.recv(65536)
        assert chunk, "the edge hung up on the bystander"
        heard += chunk


def _crowd(port: int, pipe: Connection) -> None:
    """Each time it is told to: open all connections, say when the last one is in, and reset them."""
    pin(1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (CLIENTS + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    heads = [upgrade_request(f"/ws?token={token(100 + number)}") for number in range(CLIENTS)]
    while True:
        pipe.recv()
        began, epoll, peers = time.perf_counter(), select.epoll(), {}
        for head in heads:
            peer = socket.socket()
            peer.setblocking(False)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.connect_ex(("127.0.0.1", port))
            peers[peer.fileno()] = peer, head
            epoll.register(peer.fileno(), select.EPOLLOUT)
        heard = dict.fromkeys(peers, b"")
        while heard:
            for number, event in epoll.poll(30, 4096):
                peer, head = peers[number]
                if event & select.EPOLLOUT:
                    peer.send(head)
                    epoll.modify(number, select.EPOLLIN)
                    continue
                chunk = peer.recv(65536)
                assert chunk, "the edge turned somebody away"
                heard[number] += chunk
                if b'"connected"' in heard[number]:
                    epoll.unregister(number)
                    del heard[number]
        pipe.send(time.perf_counter() - began)
        for peer, _ in peers.values():
            peer.close()


class _Process:
    """One of these functions in a process of its own."""

    def __init__(self, work: Callable[[int, Connection], None], port: int) -> None:
        self.pipe, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=work, args=(port, theirs), daemon=True)
        self._process.start()

    def heard(self, timeout_s: float = 60) -> Any:
        """Its answer. Raises TimeoutError."""
        if not self.pipe.poll(timeout_s):
            raise TimeoutError("a client process does not answer")
        return self.pipe.recv()

    def ask(self) -> Any:
        """Tell it to go on; its answer."""
        self.pipe.send(None)
        return self.heard()

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def _round(server: Server, crowd: _Process, bystander: _Process) -> Figure:
    bystander.ask()  # what was before does not count
    cpu_s = process_cpu_s(server.pid)
    seconds = crowd.ask()
    used_s = process_cpu_s(server.pid) - cpu_s
    taken = sorted(bystander.ask())
    return taken[len(taken) * 99 // 100], taken[-1], used_s / CLIENTS * 1000, seconds


async def _measure() -> None:
    figures: dict[str, list[Figure]] = {name: [] for name in RATES}
    async with EmbeddedBroker() as broker:
        for _ in range(ROUNDS):
            for name, rate in RATES.items():
                if rate is None:
                    os.environ.pop("EDGE_HANDSHAKES_PER_SECOND", None)
                else:
                    os.environ["EDGE_HANDSHAKES_PER_SECOND"] = str(rate)
                with Server("edge", broker.bootstrap_servers) as server:
                    await server.ready()
                    bystander, crowd = _Process(_bystand, server.port), _Process(_crowd, server.port)
                    try:
                        await asyncio.to_thread(bystander.heard)
                        await asyncio.to_thread(crowd.ask)  # the code has run once
                        figures[name].append(await asyncio.to_thread(_round, server, crowd, bystander))
                    finally:
                        bystander.close()
                        crowd.close()
    for number, (what, unit, form) in enumerate(
        (
            (f"{CLIENTS:,} come at once, a bystander's heartbeats meanwhile, p99", "ms", ".0f"),
            ("the same, the longest", "ms", ".0f"),
            ("the same, CPU of a handshake", "ms", ".2f"),
            ("the same, until all are in", "s", ".1f"),
        )
    ):
        ours, without = (statistics.median(each[number] for each in figures[name]) for name in RATES)
        figure = f"{ours:{form}} {unit} | without a queue {without:{form}} | {ours / without:.2g} |"
        print(f"| {what} (less is better) | {figure}", flush=True)


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
