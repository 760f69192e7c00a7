"""Who asks in tests: tokens that a service under test takes."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
import jwt

SECRET: Final = "a-secret-for-tests-of-forty-characters-"  # noqa: S105 - it opens nothing else
LIFETIME_S: Final = 3600


def token(user_id: int, *roles: str, secret: str = SECRET, **claims: object) -> str:
    """A token of this user, good for an hour unless `exp` says otherwise."""
    told = {"sub": str(user_id), "roles": list(roles), "exp": int(time.time()) + LIFETIME_S, **claims}
    return jwt.encode(told, secret, algorithm="HS256")


def new_user() -> int:
    """Somebody whom no other test knows, so that what others left in the topics does not matter."""
    return random.randrange(10**9, 10**12)  # noqa: S311 - it guards nothing


class Caller:
    """Asks a service over `http`, each time as whom the test says."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def __call__(
        self, user_id: int, method: str, path: str, body: Any = None, *roles: str, **headers: str
    ) -> httpx.Response:
        """Send one request. In the names of `headers` a `_` stands for a `-`."""
        sent: Mapping[str, str] = {
            "authorization": f"Bearer {token(user_id, *roles)}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self.http.request(method, path, json=body, headers=sent)
