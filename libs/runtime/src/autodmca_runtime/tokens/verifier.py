"""Is this token good, and for whom: signature, then claims, then remembered.

Owns the choice of the key and the cache of verified tokens, which holds digests and never tokens; bounded,
least recently used out first. A remembered token is good until it expires, or until the issuer withdraws a
key. `verify` never waits; what needs the network is `check`, `refresh` and `run`. Fails with the tree of
`errors`.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from msgspec import UNSET, structs

from ..errors import ConfigError, InvalidToken, KeysUnavailable, Problem, TokenExpired, UnknownKey
from ..settings import TokenSettings
from .claims import Claims, check_claims
from .compact import LARGEST, Compact, parse
from .jwks import MIN_INTERVAL_S, REFRESH_S, PublishedKeys
from .keys import Key, pem_keys, secret_key

_PUBLIC: Final = ("RS256", "ES256", "EdDSA")
_MOST_TRIED: Final = 4
"""Published keys tried on a token that names none: checks are the dearest thing a stranger can ask for."""


class TokenVerifier:
    """Verifies tokens with the keys of `settings`. Use it from one event loop.

    Raises ConfigError when the secret or the key file cannot be used, or the allowed algorithms fit no key.
    `clock` is in seconds since 1970, `monotonic` in seconds.
    """

    def __init__(
        self,
        settings: TokenSettings,
        *,
        cache_size: int = 20_000,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._static: dict[str, tuple[Key, ...]] = {}
        if settings.secret is not None:
            self._add(secret_key(settings.secret))
        if settings.public_key_file is not None:
            for key in pem_keys(settings.public_key_file):
                self._add(key)
        url = settings.jwks_url
        self._published: PublishedKeys | None = None
        if url is not None:
            self._published = PublishedKeys(url, ca_file=settings.jwks_ca_file, monotonic=monotonic)
        possible = {*self._static, *(_PUBLIC if self._published is not None else ())}
        self._algorithms = possible & set(settings.algorithms) if settings.algorithms else possible
        if not self._algorithms:
            raise ConfigError([Problem("JWT_ALGORITHMS", "allows none that the keys are meant for")])
        self._issuer = settings.issuer
        self._audience = frozenset(settings.audience)
        self._leeway_s = settings.leeway_seconds
        self._clock = clock
        self._cache_size = cache_size
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()

    def verify(self, token: str) -> Claims:
        """The claims of `token`, if it is good now. Does not wait.

        Raises InvalidToken and its kin (see `errors`), or KeysUnavailable.
        """
        if len(token) > LARGEST:
            raise InvalidToken("too large", f"more than {LARGEST} bytes")
        try:
            raw = token.encode("ascii")
        except UnicodeEncodeError:
            raise InvalidToken("malformed", "not ASCII") from None
        digest = sha256(raw).digest()
        now = self._clock()
        known = self._verified.get(digest)
        if known is not None:
            if now < known.good_until:
                self._verified.move_to_end(digest)
                return known
            del self._verified[digest]
            raise TokenExpired(known.expires_at)
        compact = parse(raw)
        self._check_signature(compact)
        claims = check_claims(
            compact.payload, now=now, leeway_s=self._leeway_s, issuer=self._issuer, audience=self._audience
        )
        claims = structs.replace(claims, token_digest=digest)
        if len(self._verified) >= self._cache_size:
            self._verified.popitem(last=False)
        self._verified[digest] = claims
        return claims

    async def check(self, token: str) -> Claims:
        """`verify`, and again after a refresh if the key was not known; only then does it wait.

        A key that is not known while the issuer cannot be asked is no reason to refuse a token: raises
        KeysUnavailable then, with the time after which asking is worth it.
        """
        try:
            return self.verify(token)
        except (UnknownKey, KeysUnavailable) as fault:
            if self._published is None:
                raise
            if not await self.refresh():
                raise KeysUnavailable(retry_s=self._published.next_fetch_s) from fault
        return self.verify(token)

    async def refresh(self) -> bool:
        """Fetch the published keys anew, at most every ten seconds; True when a newer set is here.

        A key that is no longer published takes the remembered tokens along. Never raises for the network.
        """
        if self._published is None:
            return False
        before = self._published.fingerprints()
        fresh = await self._published.refresh()
        if before - self._published.fingerprints():
            self._verified.clear()
        return fresh

    async def run(self) -> None:
        """Keep the published keys fresh until cancelled: background work for `serve`."""
        if self._published is None:
            await asyncio.Event().wait()
        while True:
            fresh = await self.refresh()
            await asyncio.sleep(REFRESH_S if fresh else MIN_INTERVAL_S)

    def problem(self) -> str | None:
        """A readiness check: why tokens cannot be verified at the moment."""
        if self._published is None or self._published.usable or self._static:
            return None
        return "the issuer's keys have not been fetched"

    def _add(self, key: Key) -> None:
        self._static[key.algorithm] = (*self._static.get(key.algorithm, ()), key)

    def _check_signature(self, compact: Compact) -> None:
        algorithm = compact.header.alg
        if algorithm not in self._algorithms:
            raise InvalidToken("algorithm not allowed", f"not one of {', '.join(sorted(self._algorithms))}")
        kid = None if compact.header.kid is UNSET else compact.header.kid
        for key in self._candidates(algorithm, kid):
            if key.verify(compact.signed, compact.signature):
                return
        published = self._published
        if published is None or algorithm not in _PUBLIC:
            raise InvalidToken("signature")
        if not published.usable:
            raise KeysUnavailable("the issuer's keys have not been fetched", published.next_fetch_s)
        # An issuer may also publish another key under the same name.
        raise UnknownKey("signature" if kid is not None and published.named(kid) else "unknown key")

    def _candidates(self, algorithm: str, kid: str | None) -> Sequence[Key]:
        """The keys that the token may be signed with: the one it names, else those that have no name."""
        static = self._static.get(algorithm, ())
        published = self._published
        if published is None or algorithm not in _PUBLIC:
            return static
        if kid is None:
            return (*static, *published.all_for(algorithm)[:_MOST_TRIED])
        if named := published.named(kid):
            return [key for key in named if key.algorithm == algorithm]
        return (*static, *(key for key in published.named(None) if key.algorithm == algorithm))
