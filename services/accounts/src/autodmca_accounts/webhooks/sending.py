"""A request to an endpoint that a user gave, without lending the user our place in the network.

Owns what a delivery is over HTTP: one POST, its bound in seconds, and what of the answer is looked at: the
status and `Retry-After`. The body of an answer is not read, a redirect is not followed, and connections are
shared by no two deliveries. Where a connection may lead is the guard's to say. Fails with NotPosted.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import httpcore
from autodmca_service.outside import Guarded, Network, NotFetched, Resolve, checked

SECONDS: Final = 15.0


class Posted(NamedTuple):
    """What was answered."""

    status: int
    retry_after_ms: int | None = None


class NotPosted(Exception):
    """Nothing was answered; the reason is for people and holds nothing that the other side sent."""


class Poster:
    """`allowed`, `resolve`: see `autodmca_service.outside`. `seconds`: of one request in all."""

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        resolve: Resolve | None = None,
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._backend = Guarded(allowed, resolve)
        self._seconds = seconds
        self._tls = tls
        self._now_s = now_s

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post it, once. Raises NotPosted."""
        try:
            place = checked(url)
            async with asyncio.timeout(self._seconds):
                return await self._post(place.href.partition("#")[0], body, headers)
        except (TimeoutError, httpcore.TimeoutException):
            raise NotPosted(f"no answer within {self._seconds:g} seconds") from None
        except NotFetched as refused:
            raise NotPosted(refused.reason) from refused
        except (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError) as error:
            raise NotPosted("the connection broke, or the answer is no HTTP") from error
        except (httpcore.NetworkError, ssl.SSLError, OSError) as error:
            raise NotPosted("no connection") from error
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError) as error:
            raise NotPosted("the URL is none that can be posted to") from error

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with (
            httpcore.AsyncConnectionPool(network_backend=self._backend, ssl_context=self._tls) as pool,
            pool.stream("POST", url, headers=sent, content=body) as answer,
        ):
            text = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
            return Posted(answer.status, self._retry_after_ms(text.decode("latin-1").strip()))

    def _retry_after_ms(self, text: str) -> int | None:
        """Seconds or a date (RFC 9110, section 10.2.3); None for what is neither."""
        if text.isascii() and text.isdecimal():
            return int(text[:9]) * 1_000
        try:
            return max(0, int((parsedate_to_datetime(text).timestamp() - self._now_s()) * 1_000))
        except (ValueError, OverflowError, TypeError):
            return None
