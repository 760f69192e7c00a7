"""Keys of every kind, tokens signed with them, an issuer that publishes them over HTTP, service processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from autodmca_runtime import Health, serve
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = "0123456789abcdef0123456789abcdef"


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Keys:
    """One private key of each kind, under the name of its algorithm."""

    def __init__(self) -> None:
        self.private: dict[str, Any] = {
            "RS256": rsa.generate_private_key(65537, 2048),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        }

    def pem(self, algorithm: str) -> bytes:
        public = self.private[algorithm].public_key()
        return bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def jwk(self, algorithm: str, kid: str | None, **more: Any) -> dict[str, Any]:
        public = self.private[algorithm].public_key()
        jwk = dict(jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True))
        return jwk | ({"kid": kid} if kid is not None else {}) | more

    def token(self, algorithm: str = "HS256", *, kid: str | None = None, **claims: Any) -> str:
        """A token that is good for an hour, unless `claims` say otherwise; a claim of None is left out."""
        merged = {"sub": "42", "exp": int(time.time()) + 3600} | claims
        payload = {name: value for name, value in merged.items() if value is not None}
        key = SECRET if algorithm == "HS256" else self.private[algorithm]
        return jwt.PyJWS().encode(
            json.dumps(payload).encode(), key, algorithm, headers={"kid": kid} if kid is not None else None
        )


class Issuer:
    """An HTTP server that publishes a key set, or misbehaves as told."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[dict[str, Any]] = []
        self.answer: Callable[[], Response] = lambda: Response(json.dumps({"keys": self.keys}))
        self.requests = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def jwks(self, _request: Request) -> Response:
        self.requests += 1
        await self.gate.wait()
        return self.answer()


class Service:
    """A child process that writes JSON logs to stderr and one line a step to stdout."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.logs: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,)) for stream in (process.stdout, process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            with self._news:
                if line.startswith("{"):
                    self.logs.append(json.loads(line))
                else:
                    self.lines.append(line.strip())
                self._news.notify_all()

    def wait_for(self, start: str, deadline_s: float = 60.0) -> str:
        """The rest of the first line of output that begins with `start`."""

        def found() -> str | None:
            return next(
                (line.removeprefix(start).strip() for line in self.lines if line.startswith(start)), None
            )

        with self._news:
            self._news.wait_for(lambda: found() is not None, deadline_s)
            line = found()
        assert line is not None, f"no {start!r} in {self.lines}, {self.logs}"
        return line

    def kill(self, signum: int = signal.SIGTERM) -> None:
        self.process.send_signal(signum)

    def exit_code(self, deadline_s: float = 60.0) -> int:
        code = self.process.wait(deadline_s)
        for reader in self._readers:
            reader.join(deadline_s)
        return code

    def events(self) -> list[str]:
        return [entry["event"] for entry in self.logs]

    def close(self) -> None:
        self.process.kill()
        self.exit_code()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def other_keys() -> Keys:
    return Keys()


@pytest.fixture
def secret() -> str:
    return SECRET


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


@pytest.fixture
def monotonic() -> Clock:
    return Clock(1000.0)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    app = Starlette(routes=[Route("/jwks.json", issuer.jwks)])
    stop, listening = asyncio.Event(), asyncio.Event()

    def started(host: str, port: int) -> None:
        issuer.url = f"http://{host}:{port}/jwks.json"
        listening.set()

    serving = asyncio.create_task(
        serve(app, host="127.0.0.1", port=0, health=Health(), on_listening=started, stop=stop, stop_s=1)
    )
    await listening.wait()
    yield issuer
    issuer.gate.set()
    stop.set()
    await serving


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start a child process from a piece of Python; what is left of it is killed at the end."""
    started: list[Service] = []

    def start(code: str, **environ: str) -> Service:
        script = tmp_path / f"service_{len(started)}.py"
        script.write_text(textwrap.dedent(code))
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1", **environ},
        )
        started.append(Service(process))
        return started[-1]

    yield start
    for running in started:
        running.close()
