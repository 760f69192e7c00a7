"""The outside world of the kill tests: a real HTTP server that counts what reaches it, by key.

`POST /effects` with an `Idempotency-Key` has an effect once and gives its receipt, a random number, each
time. It is no friendly world: now and then it answers 503 and has done nothing, or hangs up after the effect.
It remembers what was asked under a key: another body under the same key is an error of whoever sent it.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx
from autodmca_service.work import Checkpoint, Job

from tests.integration.errands import Errand, Stepped, key_of
from tests.integration.oracle import Truth
from tests.integration.questions import Entity

BUSY, HANG_UP, SLOW = 0.04, 0.04, 0.2
TOLERATED_MS = 1_050
"""What a clock that is a little off is believed at once, and the time of a step."""
TOGETHER = 2
"""So many steps one performance takes."""


@dataclass
class Effect:
    """What happened under one key: the `body` asked for, how often that arrived, and first when (ms)."""

    receipt: int
    body: bytes
    first_ms: int
    arrivals: int = 0


@dataclass
class World:
    """All that has happened. `wrong`: requests that nobody in his senses would send."""

    rng: random.Random
    effects: dict[str, Effect] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str | None, body: bytes) -> tuple[int, int | None]:
        """The status and the receipt; status 0 hangs up."""
        with self.lock:
            fate = self.rng.random()
            if key is None:
                self.wrong.append("no key")
                return 400, None
            if fate < BUSY:
                return 503, None
            effect = self.effects.get(key)
            if effect is None:
                effect = self.effects[key] = Effect(
                    self.rng.randrange(2**40), body, time.time_ns() // 1_000_000
                )
            effect.arrivals += 1
            if effect.body != body:
                self.wrong.append(f"{key}: {body!r} after {effect.body!r}")
                return 422, None
            return (0 if fate < BUSY + HANG_UP else 200), effect.receipt

    def judge(self, truths: list[Truth]) -> str:
        """Compare what happened with what the log says; returns a line for the protocol."""
        assert self.wrong == []
        errands = {born: errand for truth in truths for born, errand in truth.errands.items()}
        given_up = {born for truth in truths for born in truth.given_up}
        due_ms: Mapping[str, int] = {key: at_ms for truth in truths for key, at_ms in truth.due_ms.items()}
        accepted = 0
        for born, errand in errands.items():
            assert born in given_up or len(errand.receipts) == errand.steps, f"{born} was left: {errand}"
            for step, receipt in enumerate(errand.receipts):
                effect = self.effects[f"{born}/{step}"]  # nothing was said to be done that was not
                assert effect.receipt == receipt
                accepted += 1
        for key, effect in self.effects.items():
            born, _, number = key.rpartition("/")
            done = len(errands[born].receipts)
            # Of one that was given up, those that were being taken may have had their effect.
            assert int(number) < done + (TOGETHER if born in given_up else 0), f"{key} out of turn"
            assert effect.first_ms >= due_ms.get(key, 0) - TOLERATED_MS, f"{key} was taken too early"
        arrivals = sum(effect.arrivals for effect in self.effects.values())
        return f"{accepted} steps accepted, {len(self.effects)} effects, {arrivals} arrivals"


class Outside:
    """A context manager over the server; `url` is where it is."""

    def __init__(self, rng: random.Random) -> None:
        self.world = world = World(rng)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # whoever asked was killed while asking
                    self.close_connection = True
                    return
                if world.rng.random() < SLOW:
                    time.sleep(world.rng.uniform(0, 0.05))
                status, receipt = world.take(self.headers["Idempotency-Key"], body)
                if status == 0:
                    self.close_connection = True
                    return
                answer = json.dumps({"receipt": receipt}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
                """The test has its own protocol."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Whoever asked was killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/effects"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Errands:
    """What a replica does for an errand: two steps at a time. `on_step` is told where it stands."""

    def __init__(self, url: str, client: httpx.AsyncClient, on_step: object = None) -> None:
        self._url = url
        self._client = client
        self._on_step = on_step if callable(on_step) else lambda _: None

    async def perform(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        errand = job.state
        assert isinstance(errand, Errand)
        done = len(errand.receipts)
        # The next step may have to wait for its time.
        last = done + (TOGETHER if errand.wait_ms == 0 else 1)
        for step in range(done, min(last, errand.steps)):
            self._on_step("performing")
            key = key_of(errand, step)
            assert key is not None
            answer = await self._client.post(
                self._url,
                headers={"Idempotency-Key": key},
                json={"user": job.user_id, "errand": job.entity_id, "step": step},
            )
            answer.raise_for_status()
            self._on_step("performed")
            await checkpoint(Stepped(job.entity_id, step, answer.json()["receipt"]))
            self._on_step("checkpointed")
