"""What stands at a URL that a caller gave, without lending the caller our place in the network.

Owns the request, and what is taken of its answer; `connecting` says where it may lead, anew after each
redirect. Bounded in bytes, seconds and redirects; a slow sender is cut off. Sends no credentials, keeps no
cookie, follows no proxy of the environment. Fails with NotFetched.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Final, NamedTuple

import httpcore
from ada_url import URL

from autodmca_service.outside.addresses import Network
from autodmca_service.outside.connecting import Guarded, Resolve, checked
from autodmca_service.outside.errors import NotFetched

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = ((b"Accept-Encoding", b"identity"), (b"User-Agent", b"AutoDMCA"))


class FetchLimits(NamedTuple):
    """Of one fetch, its redirects included."""

    data_bytes: int = 25 * 1024 * 1024
    seconds: float = 15.0
    redirects: int = 5


class Fetched(NamedTuple):
    """The bytes, and the URL that they came from after redirects."""

    data: bytes
    url: str


class _Location(NamedTuple):
    """Where a redirect leads, as the other side wrote it."""

    target: str


class Fetcher:
    """Fetches as often as asked; each fetch has connections of its own. `allowed`: see `is_allowed`.
    `accept`: which types are wanted, as HTTP names them."""

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        allowed: Sequence[Network] = (),
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        accept: str = "image/*",
    ) -> None:
        self._limits = limits or FetchLimits()
        self._backend = Guarded(allowed, resolve)
        self._tls = tls
        self._accept = accept

    async def fetch(self, url: str) -> Fetched:
        """What a GET of the URL gives. Raises NotFetched."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._followed(url)
        except (TimeoutError, httpcore.TimeoutException):
            raise NotFetched("too_slow", f"it took over {self._limits.seconds:g} seconds") from None

    async def _followed(self, url: str) -> Fetched:
        place = checked(url)
        for _ in range(self._limits.redirects + 1):
            answer = await self._asked(place)
            if isinstance(answer, bytes):
                return Fetched(answer, place.href)
            place = checked(answer.target, place)
        raise NotFetched("too_many_redirects", f"{self._limits.redirects} redirects are followed")

    async def _asked(self, place: URL) -> bytes | _Location:
        """The body, or where a redirect leads."""
        try:
            async with (
                httpcore.AsyncConnectionPool(network_backend=self._backend, ssl_context=self._tls) as pool,
                pool.stream(
                    "GET", place.href.partition("#")[0], headers=_head(place, self._accept)
                ) as response,
            ):
                return await self._read(response)
        except NotFetched:
            raise
        except (httpcore.ConnectError, httpcore.NetworkError, ssl.SSLError, OSError) as error:
            raise NotFetched("unreachable", f"no connection to {place.hostname}") from error
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError) as error:
            raise NotFetched("bad_answer", "its answer is no HTTP") from error

    async def _read(self, response: httpcore.Response) -> bytes | _Location:
        headers = {name.lower(): value for name, value in response.headers}
        if response.status in _REDIRECTS and b"location" in headers:
            return _Location(headers[b"location"].decode("latin-1"))
        if response.status != 200:
            raise NotFetched("status", f"it answered with status {response.status}")
        if headers.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
            raise NotFetched("encoded", "its answer is compressed, which was not asked for")
        length = headers.get(b"content-length", b"")
        most = self._limits.data_bytes
        if length.isdigit() and (len(length) > 12 or int(length) > most):
            raise NotFetched("too_large", f"{most:,} bytes are allowed")
        data = bytearray()
        async for chunk in response.aiter_stream():
            data += chunk
            if len(data) > most:
                raise NotFetched("too_large", f"{most:,} bytes are allowed")
        if not data:
            raise NotFetched("empty", "its answer has no byte in it")
        return bytes(data)


def _head(place: URL, accept: str) -> list[tuple[bytes, bytes]]:
    return [(b"Host", place.host.encode()), (b"Accept", accept.encode()), *_HEADERS]
