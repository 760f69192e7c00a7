"""A verifier of tokens that anybody can write."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from autodmca_runtime import Claims, InvalidToken, KeysUnavailable, TokenExpired, UnknownKey
from autodmca_service.control.revocations import Revocations

__all__ = ["FakeVerifier"]


class FakeVerifier:
    """Tokens are `<user>` or `<user>:<role>`; `bad` and `expired` are refused. A `jti` is `id of <role>`.

    `known` False: the issuer's keys must be fetched first, for which `check` waits until `fetched` is set.
    """

    def __init__(self, clock: Callable[[], float], revocations: Revocations) -> None:
        self._clock = clock
        self._revocations = revocations
        self.known = True
        self.fetched = asyncio.Event()
        self.types: tuple[str, ...] | None = None
        self.filters: dict[str, Any] | None = None
        self.lifetime_s = 3600
        self.leeway_s = 0

    def verify(self, token: str) -> Claims:
        user, _, role = token.partition(":")
        if not self.known:
            raise UnknownKey
        if user == "bad":
            raise InvalidToken("signature")
        if user == "expired":
            raise TokenExpired(0)
        roles = frozenset({role} if role else ())
        expires_at, digest = int(self._clock()) + self.lifetime_s, sha256(token.encode()).digest()
        claims = Claims(
            int(user), roles, expires_at, self.types, self.filters, digest, f"id of {role}", self.leeway_s
        )
        self._revocations.require(claims)
        return claims

    async def check(self, token: str) -> Claims:
        if not self.known:
            await self.fetched.wait()
        if not self.known:
            raise KeysUnavailable
        return self.verify(token)
