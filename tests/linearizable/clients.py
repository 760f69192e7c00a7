"""Clients that read and write the objects of a few users through any replica, and note what they saw when."""

from __future__ import annotations

import asyncio
import math
import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import httpx
from autodmca_service.testing import Process
from autodmca_service.testing.caller import token
from autodmca_service.testing.processes import LATER

from tests.linearizable.checker import Operation, is_linearizable, narrowed, register, sequence

PATIENCE_S: Final = 5.0
"""Of a client, for one answer."""
ATTEMPTS: Final = 4
USERS: Final = 8
OPERATIONS: Final = 1_000
"""On the same users; then others come, so that no history gets long."""
PAUSE_S: Final = 0.02
AWAY_S: Final = 0.3
WHAT: Final = {"/v1/register": (register, 0, "write"), "/v1/list": (sequence, (), "append")}


class Histories:
    """What happened to each object: (user, path) -> its operations. `counts`: how they ended.

    `frozen`: the replica that most clients go round, so that they do not all wait for it.
    """

    def __init__(self, rng: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self.frozen: Process | None = None
        self.of: defaultdict[tuple[int, str], list[Operation]] = defaultdict(list)
        self._rng = rng
        self._first = rng.randrange(1, 1 << 40)
        self._value = 0
        self._done = 0
        self._tokens: dict[int, str] = {}

    async def client(self, name: str, replicas: Sequence[Process], lasts: Callable[[], bool]) -> None:
        """One operation after the other; fails on an answer that no trouble explains."""
        while lasts():
            self._done += 1
            user = self._first + self._done // OPERATIONS * USERS + self._rng.randrange(USERS)
            path = self._rng.choice(list(WHAT))
            if self._rng.random() < 0.5:
                await self.write(name, replicas, user, path)
            else:
                await self.read(name, self._any(replicas), user, path)
            await asyncio.sleep(self._rng.uniform(0, PAUSE_S))

    async def read(self, name: str, replica: Process, user: int, path: str) -> bool:
        """Read an object and note it; whether there was an answer."""
        called = time.monotonic()
        answer = await self._ask(replica, user, "GET", path)
        if answer is None or answer.status_code != 200:
            self.counts["read without an answer"] += 1
            await asyncio.sleep(AWAY_S)
            return False
        self.counts["read"] += 1
        self._note(user, path, Operation(called, time.monotonic(), "read", None, answer.json(), name))
        return True

    async def write(self, name: str, replicas: Sequence[Process], user: int, path: str) -> None:
        """Change an object, half of the time with a key, by which it is tried again through any replica."""
        self._value += 1
        value, key = self._value, uuid.UUID(int=self._rng.getrandbits(128)).hex
        called, answered, sent = time.monotonic(), math.inf, False
        again = self._rng.random() < 0.5
        for _ in range(ATTEMPTS if again else 1):
            try:
                answer = await self._ask(
                    self._any(replicas), user, "POST", path, value, key if again else None
                )
            except httpx.ConnectError:
                await asyncio.sleep(AWAY_S)
                continue
            sent = True
            if answer is not None and answer.status_code == 200:
                assert answer.json() == value
                answered = time.monotonic()
                break
            await asyncio.sleep(AWAY_S)
        if not sent:
            self.counts["write not sent"] += 1
            return
        self.counts["write" if answered < math.inf else "write without an answer"] += 1
        kind = WHAT[path][2]
        self._note(user, path, Operation(called, answered, kind, value, None, name))

    async def _ask(
        self, replica: Process, user: int, method: str, path: str, value: int = 0, key: str | None = None
    ) -> httpx.Response | None:
        """None where the answer does not come. Raises ConnectError for a write that nobody received."""
        headers = {"authorization": f"Bearer {self._token(user)}"}
        if key is not None:
            headers["idempotency-key"] = key
        body = None if method == "GET" else {"value": value}
        try:
            answer = await replica.http.request(method, path, json=body, headers=headers, timeout=PATIENCE_S)
        except httpx.ConnectError:
            if method != "GET":
                raise
            return None
        except httpx.TransportError:
            return None
        assert answer.status_code in {200, *LATER}, answer.text
        return answer

    def _any(self, replicas: Sequence[Process]) -> Process:
        chosen = self._rng.choice(replicas)
        return self._rng.choice(replicas) if chosen is self.frozen else chosen

    def _token(self, user: int) -> str:
        return self._tokens.setdefault(user, token(user))

    def _note(self, user: int, path: str, operation: Operation) -> None:
        self.of[user, path].append(operation)

    async def read_all(self, name: str, replica: Process) -> None:
        """Read what was asked about last, all at once."""
        await asyncio.gather(*(self.read(name, replica, user, path) for user, path in self.newest()))

    def newest(self) -> list[tuple[int, str]]:
        """The objects of the users that were asked about last."""
        last = max(user for user, _ in self.of)
        return [(user, path) for user, path in self.of if user > last - USERS]

    def judge(self) -> None:
        """Check the history of each object; fails with one that no order explains."""
        for (user, path), history in self.of.items():
            step, initial, _ = WHAT[path]
            assert is_linearizable(narrowed(history), step, initial), (
                f"{path} of {user} is not linearizable: one of these answers is wrong\n{_told(history)}"
            )


def _told(history: Sequence[Operation]) -> str:
    began = min(each.called for each in history)
    lines = []
    for each in sorted(history, key=lambda each: each.called):
        value = each.told if each.kind == "read" else each.value
        text = str(value[-4:] if isinstance(value, list) else value)
        lines.append(
            f"{each.called - began:9.3f} {each.answered - began:9.3f} {each.by:10} {each.kind:6} {text}"
        )
    return "\n".join(lines)
