"""Who may see how the system is: whoever has a token with the role `admin`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from autodmca_runtime import InvalidToken, KeysUnavailable, TokenVerifier, UnknownKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

FRESH: Final = {"cache-control": "no-store"}
OPERATOR: Final = "admin"

Handler = Callable[[Request], Awaitable[Response]]


def for_operators(verifier: TokenVerifier, handler: Handler) -> Handler:
    """`handler` for operators; the others are answered 401 without a good token, 403 without the role."""

    async def guarded(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            claims = await verifier.check(token)
        except (InvalidToken, UnknownKey):
            return refused(401, "a valid token is needed", {"www-authenticate": "Bearer"})
        except KeysUnavailable:
            return refused(503, "the issuer's keys cannot be had now", {"retry-after": "5"})
        if scheme.lower() != "bearer" or OPERATOR not in claims.roles:
            return refused(403, "the system's figures are for operators")
        return await handler(request)

    return guarded


def refused(status: int, detail: str, headers: Mapping[str, str] = FRESH) -> Response:
    """An answer that says what is wrong."""
    return JSONResponse({"status": status, "detail": detail}, status, headers={**FRESH, **headers})
