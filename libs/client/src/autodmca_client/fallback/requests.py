"""Requests to `/events` (wire protocol, "Without WebSockets") and what their answers mean.

Owns the address, the headers and the limits in time. A refusal is a `Refused` with what it asks of the
client; an answer that is not an edge's, or none at all, is a `Failed`. Never retries, never logs a token.
"""

import math
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec
from httpx_sse import EventSource, ServerSentEvent, SSEError

from autodmca_client.closing import policy_of, policy_of_status
from autodmca_client.dial import ABNORMAL, Address, Ended
from autodmca_client.interests import Interest

QUIET_S: Final = 45.0  # an edge says something every 15 seconds on an event stream
GRACE_S: Final = 10.0  # that a poll's answer may be late
_CODES: Final = {401: 4401, 403: 4403, 429: 4429, 503: 4503}


class Polled(msgspec.Struct, frozen=True):
    """The answer to a poll."""

    events: list[msgspec.Raw]
    cursors: tuple[str, ...]
    recovered: bool
    reason: str = ""
    size: int = 0


class Failed(Exception):
    """The request brought no answer of an edge, or one that ends the connection."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.reason)
        self.ended = ended


class Refused(Failed):
    """The edge's own refusal; `error` is the body. 400 and 403 are about what was asked for."""

    def __init__(self, status: int, error: dict[str, Any], ended: Ended) -> None:
        super().__init__(ended)
        self.error = error
        self.concerns_subscription = status in (400, 403)


def events_address(url: str) -> str:
    """The address of `/events` on the edge whose WebSocket is at `url`."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix("/ws") + "/events"
    return urlunsplit(("https" if parts.scheme == "wss" else "http", parts.netloc, path, parts.query, ""))


class Requests:
    """`async with` it; all requests of one connection over the fallback, with its token."""

    def __init__(self, address: Address, token: str) -> None:
        self._url = httpx.URL(events_address(address.url))
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}", "Cache-Control": "no-store"},
            verify=address.tls or ssl.create_default_context(),
            proxy=address.proxy if isinstance(address.proxy, str) else None,
            trust_env=address.proxy is True,
            timeout=httpx.Timeout(address.open_timeout_s, pool=None),
            limits=httpx.Limits(max_connections=None),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def poll(
        self, types: Sequence[str], interest: Interest | None = None, *, wait_s: float = 1.0
    ) -> Polled:
        """One long poll; without an `interest`, to see if there is an edge. Raises Failed."""
        query, headers = _asked(types, interest)
        try:
            answer = await self._client.get(
                self._url.copy_merge_params({**query, "timeout": str(math.ceil(wait_s))}),
                headers={**headers, "Accept": "application/json"},
                timeout=httpx.Timeout(self._client.timeout.connect, read=wait_s + GRACE_S, pool=None),
            )
            _require_good(answer)
            polled = msgspec.json.decode(answer.content, type=Polled)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise _failed(error) from error
        return msgspec.structs.replace(polled, size=len(answer.content))

    @asynccontextmanager
    async def stream(self, interest: Interest) -> AsyncIterator[AsyncGenerator[ServerSentEvent, None]]:
        """The events of an event stream, for as long as it lasts. Raises Failed, also while they are read."""
        query, headers = _asked(interest.types, interest)
        quiet = httpx.Timeout(self._client.timeout.connect, read=QUIET_S, pool=None)
        headers["Accept"] = "text/event-stream"
        request = self._client.stream(
            "GET", self._url.copy_merge_params(query), headers=headers, timeout=quiet
        )
        try:
            async with request as answer:
                if answer.status_code != httpx.codes.OK:
                    await answer.aread()
                    _require_good(answer)
                yield EventSource(answer).aiter_sse()
        except (httpx.HTTPError, SSEError) as error:
            raise _failed(error) from error


def _asked(types: Sequence[str], interest: Interest | None) -> tuple[dict[str, str], dict[str, str]]:
    """The query and the headers that say what is wanted and from where."""
    query = {"types": ",".join(types)}
    if interest is None:
        return query, {}
    if interest.filters:
        query["filters"] = msgspec.json.encode(interest.filters).decode()
    cursors = interest.cursors.as_list()
    if cursors:
        return query, {"Last-Event-ID": ",".join(cursors)}
    if interest.since is not None:
        query["since"] = interest.since
    return query, {}


def _require_good(answer: httpx.Response) -> None:
    status = answer.status_code
    if status == httpx.codes.OK:
        return
    seconds = answer.headers.get("retry-after", "")
    hint = f"; retry after {int(seconds) * 1000} ms" if seconds.isdecimal() else ""
    code = _CODES.get(status, status)
    policy = policy_of(code) if status in _CODES else policy_of_status(status)
    try:
        error = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        error = {}
    said = str(error.get("message", ""))
    ended = Ended(code, f"HTTP {status} {said}".rstrip() + hint, policy)
    raise Refused(status, error, ended) if "code" in error else Failed(ended)


def _failed(error: Exception) -> Failed:
    return Failed(Ended(ABNORMAL, str(error) or type(error).__name__, policy_of(ABNORMAL)))
