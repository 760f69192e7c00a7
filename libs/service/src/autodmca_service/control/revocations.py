"""Users and tokens that are cut off before their time.

Owns what is revoked and until when, bounded: over the bound the one that ends soonest is forgotten, and
counted. `Unrevoked` is the verifier of a process: whatever it remembers of a token, one that is revoked is
refused. Does no I/O; never holds a token, only digests and ids (`jti`).
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple, Protocol

import structlog
from autodmca_runtime import Claims, InvalidToken

MOST: Final = 100_000

log = structlog.get_logger()


class TokenId(NamedTuple):
    """The `jti` of a token (RFC 7519, section 4.1.7)."""

    jti: str


Revoked = int | str | TokenId
"""A user's id, the SHA-256 of a token in hexadecimal, or its `jti`."""


class UserCutOff(InvalidToken):
    """The token is good, its user is not welcome for the time being."""

    def __init__(self) -> None:
        super().__init__("user", "this user is cut off")


class Revocations:
    """What is revoked, and until when (seconds since 1970). `clock` says when now is."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[Revoked, float] = {}
        self._ends: list[tuple[float, int, Revoked]] = []  # a heap, of those that were replaced as well
        self._put = 0
        self.forgotten = 0
        """Those that did not fit."""

    def __len__(self) -> int:
        return len(self._until)

    def __iter__(self) -> Iterator[tuple[Revoked, float]]:
        return iter(list(self._until.items()))

    def put(self, what: Revoked, until: float) -> None:
        """Revoke until then, in place of what was said of it before; a moment that is past lifts it."""
        self._until.pop(what, None)
        if until <= self._clock():
            return
        if len(self._until) >= MOST:
            self._make_room()
        self._until[what] = until
        self._put += 1
        heappush(self._ends, (until, self._put, what))
        if len(self._ends) > 2 * MOST:
            self._ends = [(until, 0, what) for what, until in self._until.items()]
            heapify(self._ends)

    def _make_room(self) -> None:
        """Forget the one that ends soonest; it costs the same however many there are."""
        while self._ends:
            until, _, what = heappop(self._ends)
            if self._until.get(what) == until:
                del self._until[what]
                if until > self._clock():
                    self.forgotten += 1
                    log.error("too many revocations, one is forgotten", most=MOST)
                return

    def require(self, claims: Claims) -> None:
        """Raise InvalidToken when these claims, or their user, are revoked."""
        if not self._until:
            return
        if self._holds(claims.user_id):
            raise UserCutOff
        if self._holds(claims.token_digest.hex()):
            raise InvalidToken("revoked")
        if claims.token_id is not None and self._holds(TokenId(claims.token_id)):
            raise InvalidToken("revoked")

    def _holds(self, what: Revoked) -> bool:
        until = self._until.get(what)
        return until is not None and until > self._clock()


class Verifier(Protocol):
    """Checks tokens; see autodmca_runtime."""

    def verify(self, token: str) -> Claims: ...
    async def check(self, token: str) -> Claims: ...


class Unrevoked:
    """A verifier that refuses what is revoked."""

    def __init__(self, verifier: Verifier, revocations: Revocations) -> None:
        self._verifier = verifier
        self._revocations = revocations

    def verify(self, token: str) -> Claims:
        """See TokenVerifier. Raises InvalidToken, KeysUnavailable."""
        claims = self._verifier.verify(token)
        self._revocations.require(claims)
        return claims

    async def check(self, token: str) -> Claims:
        """The same, after fetching keys if need be."""
        claims = await self._verifier.check(token)
        self._revocations.require(claims)
        return claims
