"""A well-behaved client in a process of its own, which measures how long its heartbeats take.

`with Witness(edge, token) as witness:` ... `witness.report()`. Heartbeats are sent on a schedule; a late
answer counts against all that should have been sent meanwhile. The child reports when its input is closed. On
a machine that is busy with other things an edge waits for its turn: the bound is as much wider. Time in which
a virtual machine was not run by its host at all (proc(5), steal) is taken off an answer's.
"""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from autodmca_edge.testing import client_frame

from tests.integration.edge_site import Edge
from tests.raw_client import CLOSE, RawClient
from tests.unit.repository import ROOT

INTERVAL_S: Final = 0.06
"""So that its heartbeats cost less than a connection's allowance holds, however long it stays."""
ANSWER_S: Final = 30.0
BOUND_S: Final = 0.25


class Report(NamedTuple):
    """Of the heartbeats: how many, and how long until their answers came, in seconds.

    `stolen`: how many seconds were taken off them; `slowdown`: how much longer the edge took than with a
    core of its own, 1 and more.
    """

    beats: int
    p99: float
    longest: float
    stolen: float = 0.0
    slowdown: float = 1.0

    @property
    def served(self) -> bool:
        """Whether the bystander had nothing to complain of."""
        return self.p99 <= BOUND_S * self.slowdown

    def __str__(self) -> str:
        times = f"p99 {self.p99 * 1000:.1f} ms, longest {self.longest * 1000:.1f} ms"
        machine = f"{self.slowdown:.1f} times slower, {self.stolen:.1f} s stolen"
        return f"{self.beats} heartbeats of a bystander: {times} (machine: {machine})"


def scheduled(pid: int) -> tuple[int, int]:
    """Nanoseconds that a process has run, and that it has waited for a core."""
    try:
        run, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    except FileNotFoundError:  # a kernel that does not count
        return 1, 0
    return int(run), int(waited)


def stolen() -> float:
    """Seconds that the host has kept from all cores together; 0 where the kernel does not count them."""
    try:
        first, *_ = Path("/proc/stat").read_text().splitlines()
    except FileNotFoundError:
        return 0.0
    return int(first.split()[8]) / os.sysconf("SC_CLK_TCK")


class Witness:
    """The child process; started with the block."""

    def __init__(self, edge: Edge, token: str) -> None:
        self._command = [sys.executable, "-m", "tests.witness", str(edge.port), token]
        self._pid = edge.process.pid
        self._before = scheduled(self._pid)
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def report(self) -> Report:
        """End it; fails when it was closed or not answered."""
        output, _ = self._process.communicate(timeout=ANSWER_S)
        assert self._process.returncode == 0, "the bystander was not served"
        run, waited = (
            after - before for after, before in zip(scheduled(self._pid), self._before, strict=True)
        )
        return Report(**json.loads(output), slowdown=1 + waited / max(run, 1))


def _answer(client: RawClient) -> dict[str, Any]:
    """The payload of the next message that is no event."""
    while True:
        frame = client.frame()
        assert frame.opcode != CLOSE, f"closed: {frame.payload!r}"
        message: dict[str, Any] = json.loads(frame.payload)
        if "cursor" not in message:
            payload: dict[str, Any] = message["payload"]
            return payload


def _witness(port: int, token: str) -> dict[str, float]:
    taken: list[float] = []
    all_stolen = 0.0
    with RawClient(port, timeout_s=ANSWER_S) as client:
        client.upgrade("/ws/templates", f"Authorization: Bearer {token}")
        while _answer(client).get("action") != "subscribed":
            pass
        print("listening", flush=True)
        due = time.monotonic()
        while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            if not taken or taken[-1] < INTERVAL_S:
                due = time.monotonic()  # we slept too long ourselves: the machine's doing, not the edge's
            heartbeat = {"type": "heartbeat", "payload": {"timestamp": due}}
            before = stolen()
            client.send(client_frame(json.dumps(heartbeat).encode()))
            answer = _answer(client)
            assert answer.get("timestamp") == due, f"answered by {answer}"
            late = time.monotonic() - due
            off = min(stolen() - before, late)
            all_stolen += off
            taken.append(late - off)
            due += INTERVAL_S + off
    taken.sort()
    p99 = taken[int(len(taken) * 0.99)]
    return {"beats": len(taken), "p99": p99, "longest": taken[-1], "stolen": all_stolen}


if __name__ == "__main__":
    print(json.dumps(_witness(int(sys.argv[1]), sys.argv[2])), flush=True)
