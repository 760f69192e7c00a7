"""A request on its way to the replica that owns its user, and a question about everybody put to all owners.

Owns the connections to other replicas and the form in which they speak to each other: the caller's own
request, with its token, ids, trace and body as it came, marked so that it is forwarded once. An answer comes
back as it is, streamed. An owner that cannot be reached within `CONNECT_S` is a problem 503, `owner-away`;
one that took a write and gave no answer is a 504, since the write may be carried out. A bound on the requests
that wait for one owner keeps a frozen one from taking the others' connections (503, `owner-busy`).
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import httpx
import msgspec
import structlog
from autodmca_events import InvalidTimestamp, ms_of
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from autodmca_service.context import as_of_ms
from autodmca_service.errors import AnswerLate
from autodmca_service.http.operations import Reply
from autodmca_service.http.pages import Place, cursor_after
from autodmca_service.http.problems import ProblemError
from autodmca_service.ownership import header_of

FORWARDED: Final = "x-autodmca-forwarded"
"""The address of the replica that has sent a request on."""
PART: Final = "x-autodmca-part"
"""The partitions for which a question about everybody is to be answered."""
AS_OF: Final = "as-of"
"""How new an answer is: every event of what it does not show yet comes after this moment (RFC 3339)."""
REQUEST_ID: Final = b"x-request-id"
PLACES: Final = "x-autodmca-places"
"""Where the items of such an answer stand in the order of the list, as JSON."""
CONNECT_S: Final = 0.5
RETRY: Final = {"retry-after": "1"}
AT_ONCE: Final = 64
"""How many requests may wait for one owner; a further one is 503."""
IDLE_S: Final = 2.0
"""Less than a server keeps an idle connection: a request on one that it closes just then is in doubt."""

_HOP: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer",
                         b"transfer-encoding", b"upgrade"})  # fmt: skip
"""Headers that are for the next hop alone, with those that `Connection` names (RFC 9110, section 7.6.1)."""
_OURS: Final = _HOP | {b"host", b"content-length", b"expect", REQUEST_ID, FORWARDED.encode(), PART.encode()}
_THEIRS: Final = _HOP | {b"date", b"server"}
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""After these the owner has seen nothing of the request."""

_log = structlog.get_logger()


class Forwarder:
    """`address`: this replica's. `answer_s`: seconds that an owner may take. `close` ends its connections."""

    def __init__(self, address: str, answer_s: float) -> None:
        self._address = address
        self._waiting: Counter[str] = Counter()
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=AT_ONCE, keepalive_expiry=IDLE_S
        )
        self._answer_s = answer_s
        self._http = httpx.AsyncClient(limits=limits, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Close the connections to other replicas."""
        await self._http.aclose()

    async def forward(
        self,
        request: Request,
        body: bytes | AsyncIterator[bytes] | None,
        to: str,
        *,
        work_s: float = 0.0,
    ) -> Response:
        """The owner's answer to this request, which may take it `work_s` longer than others. Raises
        ProblemError when it does not answer, AnswerLate when it may have carried it out, and what iterating
        `body` raises."""
        answered = await self._send(request, body, to, {}, work_s)

        async def chunks() -> AsyncIterator[bytes]:
            try:
                async for chunk in answered.aiter_raw():
                    yield chunk
            finally:
                await answered.aclose()

        response = StreamingResponse(
            chunks(), answered.status_code, background=BackgroundTask(answered.aclose)
        )
        lower = ((name.lower(), value) for name, value in answered.headers.raw)
        response.raw_headers = [(name, value) for name, value in lower if name not in _THEIRS]
        return response

    async def gather(
        self,
        request: Request,
        shares: Mapping[str, frozenset[int]],
        own: Callable[[frozenset[int]], Awaitable[OwnPart]],
        limit: int,
    ) -> Reply:
        """A page of a list over all users, from the pages of all owners; `own` answers this replica's part.

        Raises ProblemError when one of them does not answer, or refuses: then its refusal.
        """
        asked = [
            asyncio.ensure_future(
                _own_part(own, partitions)
                if address == self._address
                else self._part(request, address, partitions)
            )
            for address, partitions in shares.items()
        ]
        try:
            parts = await asyncio.gather(*asked)
        finally:
            for each in asked:
                each.cancel()
        as_of_ms.set(min(part.as_of_ms for part in parts))
        return _merged(parts, limit)

    async def _part(self, request: Request, to: str, partitions: frozenset[int]) -> _Part:
        answered = await self._send(request, None, to, {PART: header_of(partitions)})
        try:
            await answered.aread()
        finally:
            await answered.aclose()
        if answered.status_code != 200:
            raise _problem_of(answered)
        try:
            page = msgspec.json.decode(answered.content, type=_Page)
            where = msgspec.json.decode(answered.headers.get(PLACES, ""), type=list[Place])
            moment = ms_of(answered.headers.get(AS_OF, ""))
        except (msgspec.MsgspecError, InvalidTimestamp) as error:
            raise _away(to, error) from error
        if len(where) != len(page.items):
            raise _away(to, ValueError(f"{len(where)} places for {len(page.items)} items"))
        return _Part(page.items, where, page.next_cursor is not None, moment)

    async def _send(
        self,
        request: Request,
        body: bytes | AsyncIterator[bytes] | None,
        to: str,
        about: Mapping[str, str],
        work_s: float = 0.0,
    ) -> httpx.Response:
        if self._waiting[to] >= AT_ONCE:
            detail = "too many requests wait for the replica that owns this; try again"
            raise ProblemError(503, "owner-busy", detail, headers=RETRY)
        asked = self._http.build_request(
            request.method,
            httpx.URL(f"http://{to}").copy_with(raw_path=_target(request)),
            headers=_headers(request, self._address, about, streamed=isinstance(body, AsyncIterator)),
            content=body,
            timeout=httpx.Timeout(self._answer_s + work_s, connect=CONNECT_S, pool=CONNECT_S),
        )
        self._waiting[to] += 1
        try:
            return await self._http.send(asked, stream=True)
        except _NOT_SENT as error:
            raise _away(to, error) from error
        except httpx.HTTPError as error:
            away = _away(to, error)
            if request.method == "GET":
                raise away from error
            raise AnswerLate("its owner gave no answer; the request may be carried out yet") from error
        finally:
            self._waiting[to] -= 1
            if not self._waiting[to]:
                del self._waiting[to]


class _Page(msgspec.Struct, frozen=True, rename="camel"):
    """What every list answers with."""

    items: list[msgspec.Raw]
    next_cursor: str | None = None


class _Part(msgspec.Struct, frozen=True):
    """One owner's page. `more`: whether it has items after these."""

    items: Sequence[msgspec.Raw]
    places: Sequence[Place]
    more: bool
    as_of_ms: int


class OwnPart(NamedTuple):
    """What this replica answers for its part, where the items stand, and how new it is (ms)."""

    reply: Reply
    places: Sequence[Place]
    as_of_ms: int


async def _own_part(own: Callable[[frozenset[int]], Awaitable[OwnPart]], partitions: frozenset[int]) -> _Part:
    reply, where, moment = await own(partitions)
    page = msgspec.json.decode(msgspec.json.encode(reply.body), type=_Page)
    return _Part(page.items, where, page.next_cursor is not None, moment)


def _merged(parts: Sequence[_Part], limit: int) -> Reply:
    """The first of all the parts' items, in the order of `pages`."""

    def ordered(part: _Part) -> list[tuple[int, str, msgspec.Raw]]:
        return [(-at, name, item) for (at, name), item in zip(part.places, part.items, strict=True)]

    merged = list(heapq.merge(*map(ordered, parts), key=lambda each: each[:2]))
    shown = merged[:limit]
    body: dict[str, Any] = {"items": [item for _, _, item in shown]}
    if shown and (len(merged) > limit or any(part.more for part in parts)):
        at, name, _ = shown[-1]
        body["nextCursor"] = cursor_after((-at, name))
    return Reply(200, body)


def _target(request: Request) -> bytes:
    """Path and query as they came: decoded, a path may read as another one, or as a query."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def _headers(
    request: Request, address: str, about: Mapping[str, str], *, streamed: bool
) -> list[tuple[bytes, bytes]]:
    """The caller's own, byte for byte, but for those of the connection, and ours."""
    hop = {
        each.strip().lower().encode() for each in ",".join(request.headers.getlist("connection")).split(",")
    }
    sent = [(name, value) for name, value in request.headers.raw if name not in _OURS and name not in hop]
    if streamed and (length := request.headers.get("content-length")):
        sent.append((b"content-length", length.encode()))
    ours = {REQUEST_ID: request.state.request_id, FORWARDED.encode(): address}
    ours |= {name.encode(): value for name, value in about.items()}
    return sent + [(name, value.encode()) for name, value in ours.items()]


def _problem_of(answered: httpx.Response) -> ProblemError:
    retry = {name: answered.headers[name] for name in RETRY if name in answered.headers}
    try:
        told = msgspec.json.decode(answered.content, type=dict[str, Any])
        code = str(told["type"]).rpartition(":")[2]
        return ProblemError(answered.status_code, code, str(told["detail"]), headers=retry)
    except (msgspec.MsgspecError, KeyError):
        return ProblemError(
            503, "owner-away", "another replica gave no answer that can be read", headers=RETRY
        )


def _away(to: str, error: Exception) -> ProblemError:
    _log.warning("a replica does not answer", address=to, reason=repr(error))
    detail = "the replica that owns this does not answer; try again"
    return ProblemError(503, "owner-away", detail, headers=RETRY)
