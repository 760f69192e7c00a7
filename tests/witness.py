"""A well-behaved client in a process of its own, which measures how long its heartbeats take.

`with Witness(port, token) as witness:` ... `witness.report()`. Heartbeats are sent on a schedule; a late
answer counts against all that should have been sent meanwhile. The child reports when its input is closed.
"""

import json
import select
import subprocess
import sys
import time
from typing import Any, Final, NamedTuple, Self

from autodmca_edge.testing import client_frame

from tests.raw_client import CLOSE, RawClient
from tests.unit.repository import ROOT

INTERVAL_S: Final = 0.02
ANSWER_S: Final = 30.0


class Report(NamedTuple):
    """Of the heartbeats: how many, and how long until their answers came, in seconds."""

    beats: int
    p99: float
    longest: float

    def __str__(self) -> str:
        times = f"p99 {self.p99 * 1000:.1f} ms, longest {self.longest * 1000:.1f} ms"
        return f"{self.beats} heartbeats of a bystander: {times}"


class Witness:
    """The child process; started with the block."""

    def __init__(self, port: int, token: str) -> None:
        self._command = [sys.executable, "-m", "tests.witness", str(port), token]
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
        return Report(**json.loads(output))


def _answer(client: RawClient) -> dict[str, Any]:
    """The payload of the next message that is no event."""
    while True:
        frame = client.frame()
        assert frame.opcode != CLOSE, f"closed: {frame.payload!r}"
        message: dict[str, Any] = json.loads(frame.payload)
        if "cursor" not in message:
            payload: dict[str, Any] = message["payload"]
            return payload


def _witness(port: int, token: str) -> Report:
    taken: list[float] = []
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
            client.send(client_frame(json.dumps(heartbeat).encode()))
            assert _answer(client)["timestamp"] == due
            taken.append(time.monotonic() - due)
            due += INTERVAL_S
    taken.sort()
    return Report(len(taken), taken[int(len(taken) * 0.99)], taken[-1])


if __name__ == "__main__":
    print(json.dumps(_witness(int(sys.argv[1]), sys.argv[2])._asdict()), flush=True)
