"""What the HTTP endpoints share: whose request it is, its body, and what a refusal looks like.

Bodies are read as in every service. The rest stands here and not in `autodmca_service`: clients are told the
same over HTTP as over a WebSocket, so a refusal has the protocol's codes and not the types of RFC 9457; the
node's load decides who is let in; and a page of connections is asked of another node, over the log. A fault
of ours is logged and answered `internal`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import msgspec
import structlog
from autodmca_runtime import Claims
from autodmca_service.http.bodies import whole_body
from autodmca_service.http.operations import Limits
from autodmca_service.http.problems import ProblemError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from autodmca_edge.protocol import Refusal, refused_shape
from autodmca_edge.server.answers import error_of, json_response, refusal_response
from autodmca_edge.session.auth import verified
from autodmca_edge.session.ports import Node
from autodmca_edge.wire.credentials import require_origin, token_of

__all__ = ["RefusedRequest", "body_of", "claims_of", "refusing"]

BODY_TIMEOUT_S: Final = 10.0
Handler = Callable[[Request], Awaitable[Response]]
_T = TypeVar("_T")

log = structlog.get_logger()


class RefusedRequest(Exception):
    """A refusal whose status its code does not tell."""

    def __init__(self, status: int, refusal: Refusal, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(refusal.message)
        self.status = status
        self.headers = headers
        self.refusal = refusal


def refusing(node: Node, handler: Handler) -> Handler:
    """`handler`, whose refusals become answers."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            node.said_bad(refusal.code)
            return _refused(refusal)
        except RefusedRequest as refused:
            node.said_bad(refused.refusal.code)
            return _refused(refused.refusal, refused.status, refused.headers)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Exception:  # a request's top: one that fails is not the node's end
            log.exception("request failed", path=request.url.path)
            return _refused(Refusal("internal", "the node could not do it"))

    return answered


def _refused(
    refusal: Refusal, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    body = error_of(refusal, None)
    if refusal.field is not None:
        body["field"] = refusal.field.removeprefix("payload.")
    return refusal_response(body) if status is None else json_response(body, status, headers)


async def claims_of(node: Node, request: Request) -> Claims:
    """Whose request it is, by the header Authorization or the query parameter `token`. Raises Refusal."""
    require_origin(node.origins, request.headers.getlist("origin"))
    token = token_of(request.headers.getlist("authorization"), request.query_params.multi_items())
    if not token:
        raise Refusal("unauthenticated", "a token must come with the request")
    claims = await verified(node, token)
    if not node.available:  # nor are the revocations known
        raise Refusal("not_ready", "no connection to the event log yet", retryable=True)
    return claims


async def body_of(request: Request, shape: type[_T], max_bytes: int) -> _T:
    """The request's body, a JSON object. Raises Refusal, RefusedRequest, ClientDisconnect."""
    try:
        content = await whole_body(request, Limits(max_bytes, BODY_TIMEOUT_S))
    except ProblemError as problem:
        refusal = Refusal("limit_exceeded", problem.detail)
        raise RefusedRequest(problem.status, refusal, problem.headers) from None
    request.state.body_bytes = len(content)
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.ValidationError as fault:
        raise refused_shape(fault) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refusal("bad_json", f"not a JSON object: {fault}") from None
