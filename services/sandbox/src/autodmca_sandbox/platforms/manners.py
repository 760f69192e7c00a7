"""What both networks' APIs share: who is let in, how often, and for how long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from autodmca_sandbox.platforms.network import Network
from autodmca_sandbox.world.server import Answer, World

Work = Callable[[Request], Awaitable[Answer]]


class Window:
    """A rate limit: `rate` requests in `seconds`."""

    def __init__(self, world: World, rate: int, seconds: float) -> None:
        self._world = world
        self.rate = rate
        self.seconds = seconds
        self._began = 0
        self._used = 0

    def take(self) -> tuple[bool, int, int]:
        """Whether there was room, what is left, and when the window ends (ms since the Unix epoch)."""
        now, length = self._world.now_ms(), int(self.seconds * 1000)
        if now - self._began >= length:
            self._began, self._used = now, 0
        self._used += 1
        return self._used <= self.rate, max(0, self.rate - self._used), self._began + length


class Site:
    """A network's routes. `token` opens it until the hand ends it."""

    def __init__(self, network: Network, world: World, token: str, window: Window) -> None:
        self.network = network
        self.world = world
        self.token = token
        self.ended = False
        self.window = window

    def base(self, request: Request) -> str:
        """The network's own address, as the request knows it."""
        return f"{request.url.scheme}://{request.headers.get('host', 'localhost')}/{self.network.name}"

    def endpoint(self, operation: str, work: Work) -> Callable[[Request], Awaitable[Response]]:
        return self.world.endpoint(self.network.name, operation, work)


def read(body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(200, body, "read", headers or {})
