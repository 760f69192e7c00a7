"""Tokens for development: whoever sits at this machine may be anybody whom the settings name.

Owns who may ask: the page alone, on this machine. Another site's page cannot, as its `Origin` is another one,
nor can it by a name of its own that leads here (DNS rebinding), as `Host` must be loopback's. Off unless the
settings name people, which is refused on any address but loopback.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import jwt
import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from autodmca_console.config import LOOPBACK, Person
from autodmca_console.operators import FRESH, refused

LIFETIME_S: Final = 3600
LARGEST_BODY: Final = 1_000


class Wanted(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """As whom."""

    user_id: int


class SignIn:
    """Hands out tokens of these people. `secret`: what they are signed with."""

    def __init__(self, people: Sequence[Person], secret: str) -> None:
        self._people = {each.user_id: each for each in people}
        self._secret = secret

    async def token(self, request: Request) -> Response:
        """Answer 200 with the token, 403 to anybody but the page, 422 for somebody whom nobody knows."""
        if not is_own_page(request):
            return refused(403, "only the console's own page on this machine gets a token here")
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return refused(413, "the request is too large")
        try:
            person = self._people[msgspec.json.decode(body, type=Wanted).user_id]
        except (msgspec.MsgspecError, KeyError):
            return refused(422, "userId: one of those in config.json")
        expires = int(time.time()) + LIFETIME_S
        return JSONResponse({"token": self._sign(person, expires), "expiresAt": expires}, headers=FRESH)

    def _sign(self, person: Person, expires: int) -> str:
        claims = {
            "sub": str(person.user_id),
            "roles": list(person.roles),
            "name": person.name,
            "iat": expires - LIFETIME_S,
            "exp": expires,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")


def is_own_page(request: Request) -> bool:
    """Whether a browser sends this from the page itself, on this machine."""
    host = request.headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in LOOPBACK:
        return False
    return request.headers.get("origin") == f"{request.url.scheme}://{host}"
