"""What the HTTP endpoints share: whose request it is, its body, and what a refusal looks like.

Owns the bounds of a body in size and time (uvicorn has neither). A refusal is answered in the words of the
WebSocket; a fault of ours is logged and answered `internal`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
import structlog
from autodmca_runtime import Claims
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from autodmca_edge.auth import verified
from autodmca_edge.fallback.answers import error_of, json_response, refusal_response
from autodmca_edge.node import Node
from autodmca_edge.protocol import Refusal, refused_shape

__all__ = ["Refused", "body_of", "claims_of", "refusing"]

BODY_TIMEOUT_S: Final = 10.0
Handler = Callable[[Request], Awaitable[Response]]
_T = TypeVar("_T")

log = structlog.get_logger()


class Refused(Exception):
    """A refusal whose status its code does not tell."""

    def __init__(self, status: int, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.status = status
        self.refusal = refusal


def refusing(node: Node, handler: Handler) -> Handler:
    """`handler`, whose refusals become answers."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            node.said_bad(refusal.code)
            return _refused(refusal)
        except Refused as refused:
            node.said_bad(refused.refusal.code)
            return _refused(refused.refusal, refused.status)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Exception:  # a request's top: one that fails is not the node's end
            log.exception("request failed", path=request.url.path)
            return _refused(Refusal("internal", "the node could not do it"))

    return answered


def _refused(refusal: Refusal, status: int | None = None) -> Response:
    body = error_of(refusal, None)
    if refusal.field is not None:
        body["field"] = refusal.field.removeprefix("payload.")
    return refusal_response(body) if status is None else json_response(body, status)


async def claims_of(node: Node, request: Request) -> Claims:
    """Whose request it is, by the header Authorization or the query parameter `token`. Raises Refusal."""
    if not node.available:
        raise Refusal("not_ready", "no connection to the event log yet", retryable=True)
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    token = credentials.strip() if scheme.lower() == "bearer" else request.query_params.get("token")
    if not token:
        raise Refusal("unauthenticated", "a token must come with the request")
    return await verified(node, token)


async def body_of(request: Request, shape: type[_T], max_bytes: int) -> _T:
    """The request's body, a JSON object. Raises Refusal, Refused, ClientDisconnect."""
    content = bytearray()
    too_large = False
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            # Read to the end what is too large: closing on bytes unread would reset the connection, and lose
            # the answer (RFC 9112, section 9.6).
            async for chunk in request.stream():
                too_large = too_large or len(content) + len(chunk) > max_bytes
                if not too_large:
                    content += chunk
    except TimeoutError:
        if not too_large:
            message = f"the body took over {BODY_TIMEOUT_S:g} seconds"
            raise Refused(408, Refusal("limit_exceeded", message)) from None
    if too_large:
        raise Refused(413, Refusal("limit_exceeded", f"a body has at most {max_bytes} bytes"))
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.ValidationError as fault:
        raise refused_shape(fault) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refusal("bad_json", f"not a JSON object: {fault}") from None
