"""The operators' endpoints: who is connected, how far behind, and cutting off.

Owns their addresses and who may use them: whoever has the admin token, compared in constant time. What
concerns a connection is done by the node that holds it, found over `edge-control`; what concerns a user, by
all. On a listener of their own, never on the clients' address.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from autodmca_events import InvalidTimestamp, ms_of, new_id, rfc3339
from autodmca_runtime import Secret
from autodmca_service.control.records import Revoke
from autodmca_service.control.revocations import Revoked, TokenId
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autodmca_edge.control.control import Control, NobodyHolds
from autodmca_edge.control.messages import Ask, DescribeAsk, DisconnectAsk, DisconnectUser, ListAsk
from autodmca_edge.protocol import Refusal
from autodmca_edge.server.answers import json_response
from autodmca_edge.server.requests import Handler, RefusedRequest, body_of, refusing
from autodmca_edge.session.identifiers import (
    ConnectionId,
    checked_connection_id,
    checked_digest,
    checked_node_name,
    checked_token_id,
    checked_user_id,
)
from autodmca_edge.session.ports import Node

__all__ = ["admin_routes"]

BODY_BYTES: Final = 4096
DEFAULT_PAGE: Final = 100
LARGEST_PAGE: Final = 1000
LONGEST_REVOCATION_S: Final = 7 * 86_400  # the topic keeps it for longer
_PARAMETERS: Final = frozenset({"user", "node", "limit", "after", "sort"})


class _Revocation(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a POST to /admin/revocations."""

    user_id: int | None = None
    token_digest: str | None = None
    jti: str | None = None
    until: str | None = None


class Admin:
    """The handlers. `drain` begins to drain this node; `revoke_s`: for how long where a body does not say."""

    def __init__(self, node: Node, control: Control, drain: Callable[[], object], revoke_s: float) -> None:
        self._node = node
        self._control = control
        self._drain = drain
        self._revoke_s = revoke_s

    async def connections(self, request: Request) -> Response:
        """Those of a node, this one unless another is named."""
        asked = _query(request)
        sort = asked.get("sort", "id")
        if sort not in {"id", "behind"}:
            raise Refusal("bad_message", "by id or behind", field="sort")
        if sort == "behind" and "after" in asked:
            raise Refusal("bad_message", "pages are in the order of ids", field="after")
        limit = _number(asked, "limit", DEFAULT_PAGE)
        if not 1 <= limit <= LARGEST_PAGE:
            raise Refusal("bad_message", f"from 1 to {LARGEST_PAGE}", field="limit")
        ask = ListAsk(
            ask=new_id(),
            node=checked_node_name(asked.get("node", self._node.name), "node"),
            user_id=_number(asked, "user", 0) or None,
            limit=limit,
            after=checked_connection_id(asked["after"], "after") if "after" in asked else "",
            by_lag=sort == "behind",
        )
        return json_response(await self._ask(ask, "no node of this name answers", "node"))

    async def connection(self, request: Request) -> Response:
        """One, wherever it is."""
        ask = DescribeAsk(ask=new_id(), connection_id=_connection_id(request))
        return json_response(await self._ask(ask, "no node holds this connection", "id"))

    async def disconnect(self, request: Request) -> Response:
        """End one, wherever it is."""
        ask = DisconnectAsk(ask=new_id(), connection_id=_connection_id(request))
        await self._ask(ask, "no node holds this connection", "id")
        return Response(status_code=204)

    async def disconnect_user(self, request: Request) -> Response:
        """End all of a user, wherever they are."""
        user_id = checked_user_id(_number(request.path_params, "id", 0), "id")
        await self._control.tell(DisconnectUser(user_id=user_id))
        return json_response({"userId": user_id}, 202)

    async def revoke(self, request: Request) -> Response:
        """Cut off a user or a token."""
        wanted = await body_of(request, _Revocation, BODY_BYTES)
        revoked = _revoked(wanted)
        until_ms = self._until_ms(wanted.until)
        await self._control.tell(Revoke.of(revoked, until_ms))
        match revoked:
            case int():
                named: dict[str, Any] = {"userId": revoked}
            case TokenId(jti):
                named = {"jti": jti}
            case digest:
                named = {"tokenDigest": digest}
        return json_response({**named, "until": rfc3339(until_ms)}, 201)

    def _until_ms(self, until: str | None) -> int:
        now_ms = int(self._node.wall() * 1000)
        if until is None:
            return now_ms + int(self._revoke_s * 1000)
        try:
            until_ms = ms_of(until)
        except InvalidTimestamp as fault:
            raise Refusal("bad_message", str(fault), field="until") from None
        if until_ms > now_ms + LONGEST_REVOCATION_S * 1000:
            raise Refusal("bad_message", "at most 7 days from now", field="until")
        return until_ms

    async def drain(self, _request: Request) -> Response:
        """Leave, as on SIGTERM."""
        self._drain()
        return json_response({"node": self._node.name, "draining": True}, 202)

    async def _ask(self, ask: Ask, absent: str, field: str) -> dict[str, Any]:
        try:
            return await self._control.ask(ask)
        except NobodyHolds:
            raise RefusedRequest(404, Refusal("bad_message", absent, field=field)) from None


def _query(request: Request) -> dict[str, str]:
    for name in request.query_params:
        if name not in _PARAMETERS:
            raise Refusal(
                "bad_message", f"the parameters are {', '.join(sorted(_PARAMETERS))}", field=name[:64]
            )
    return dict(request.query_params)


def _connection_id(request: Request) -> ConnectionId:
    return checked_connection_id(request.path_params["id"], "id")


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise Refusal("bad_message", "not a number", field=name)
    return int(text)


def _revoked(wanted: _Revocation) -> Revoked:
    """What the body names, which must be one thing."""
    if [wanted.user_id, wanted.token_digest, wanted.jti].count(None) != 2:
        raise Refusal("bad_message", "either a userId, a tokenDigest or a jti", field="userId")
    if wanted.user_id is not None:
        return checked_user_id(wanted.user_id, "userId")
    if wanted.jti is not None:
        return TokenId(checked_token_id(wanted.jti, "jti"))
    return checked_digest(wanted.token_digest or "", "tokenDigest")


def admin_routes(
    node: Node, control: Control, token: Secret | None, drain: Callable[[], object], *, revoke_s: float
) -> list[Route]:
    """All routes; none without a token."""
    if token is None:
        return []
    admin = Admin(node, control, drain, revoke_s)
    right = token.reveal().encode()

    def guarded(handler: Handler) -> Handler:
        async def only_with_token(request: Request) -> Response:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), right):
                raise Refusal("unauthenticated", "the admin token is needed")
            return await handler(request)

        return refusing(node, only_with_token)

    return [
        Route("/admin/connections", guarded(admin.connections), methods=["GET"]),
        Route("/admin/connections/{id}", guarded(admin.connection), methods=["GET"]),
        Route("/admin/connections/{id}", guarded(admin.disconnect), methods=["DELETE"]),
        Route("/admin/users/{id}/connections", guarded(admin.disconnect_user), methods=["DELETE"]),
        Route("/admin/revocations", guarded(admin.revoke), methods=["POST"]),
        Route("/admin/drain", guarded(admin.drain), methods=["POST"]),
    ]
