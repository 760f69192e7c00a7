"""The issuer's published keys (RFC 7517), kept fresh.

Owns fetching: one at a time, rarely, with a deadline and a bound on size, without following redirects. Goes
by its settings alone: proxies, certificates and passwords of the environment are not looked at. When a fetch
fails the keys at hand go on being good (stale while error), for at most a day. Never decides on a token.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Final

import httpx
import structlog

from ..errors import ConfigError, Problem
from ..masking import mask_text
from ..metrics import JWKS_FETCHED, JWKS_FETCHES
from .keys import Key, jwks_keys

LARGEST: Final = 256 * 1024
"""Bytes of a key set that we read."""
TIMEOUT_S: Final = 5.0
MIN_INTERVAL_S: Final = 10.0
"""Seconds between two fetches, whoever asks: made-up key names must not become requests to the issuer."""
REFRESH_S: Final = 300.0
"""Seconds between two fetches when nobody asks."""
MAX_STALE_S: Final = 86_400.0

log = structlog.get_logger()


class PublishedKeys:
    """The keys of one JWKS address. Use it from one event loop. Raises ConfigError for a bad `ca_file`."""

    def __init__(
        self,
        url: str,
        *,
        ca_file: str | None = None,
        timeout_s: float = TIMEOUT_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._by_kid: dict[str | None, tuple[Key, ...]] = {}
        self._fetched_at = float("-inf")
        self._next_at = float("-inf")
        self._lock = asyncio.Lock()
        self._tls = None if ca_file is None else _trusting(ca_file)
        self.fetches = 0
        """Successful ones."""

    @property
    def usable(self) -> bool:
        """Whether there are keys that are young enough to be trusted."""
        return self._monotonic() - self._fetched_at <= MAX_STALE_S

    @property
    def next_fetch_s(self) -> float:
        """In how many seconds `refresh` may fetch again."""
        return max(self._next_at - self._monotonic(), 0.0)

    def named(self, kid: str | None) -> Sequence[Key]:
        """The keys of that name; for None, those without one."""
        return self._by_kid.get(kid, ()) if self.usable else ()

    def all_for(self, algorithm: str) -> list[Key]:
        if not self.usable:
            return []
        return [key for keys in self._by_kid.values() for key in keys if key.algorithm == algorithm]

    def fingerprints(self) -> frozenset[tuple[str | None, bytes]]:
        return frozenset((key.kid, key.fingerprint) for keys in self._by_kid.values() for key in keys)

    async def refresh(self) -> bool:
        """Fetch the keys, unless that was tried within the last `MIN_INTERVAL_S`.

        Callers at the same time share one fetch. True when there is a newer set than at the time of the call;
        failures are logged and counted, and give False. Cancelling a caller does not disturb the others.
        """
        before = self.fetches
        async with self._lock:
            if self.fetches != before:
                return True
            now = self._monotonic()
            if now < self._next_at:
                return False
            try:
                keys = jwks_keys(await self._fetch())
            except (
                httpx.HTTPError,
                httpx.InvalidURL,
                ValueError,
                OSError,
            ) as error:  # TimeoutError is an OSError
                self._next_at = now + MIN_INTERVAL_S
                JWKS_FETCHES.labels("failed").inc()
                reason = mask_text(str(error)) or type(error).__name__
                log.warning("issuer's keys not fetched", url=self._url, reason=reason, usable=self.usable)
                return False
            self._next_at = now + MIN_INTERVAL_S
            self._adopt(keys)
            self._fetched_at = now
            self.fetches += 1
            JWKS_FETCHES.labels("ok").inc()
            JWKS_FETCHED.set_to_current_time()
            return True

    def _adopt(self, keys: Sequence[Key]) -> None:
        by_kid: dict[str | None, tuple[Key, ...]] = {}
        for key in keys:
            by_kid[key.kid] = (*by_kid.get(key.kid, ()), key)
        before = self.fingerprints()
        self._by_kid = by_kid
        if self.fingerprints() != before:
            log.info("issuer's keys changed", url=self._url, kids=sorted(kid or "" for kid in by_kid))

    async def _fetch(self) -> bytes:
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        body = bytearray()
        # identity: what is read is what is counted, no small answer can unpack to a large one
        headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
        async with (
            asyncio.timeout(self._timeout_s),
            httpx.AsyncClient(verify=self._tls, timeout=self._timeout_s, trust_env=False) as client,
            client.stream("GET", self._url, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > LARGEST:
                    raise ValueError(f"more than {LARGEST} bytes")
        return bytes(body)


def _trusting(ca_file: str) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:  # ssl.SSLError is one
        reason = (
            "holds no certificate" if isinstance(error, ssl.SSLError) else f"cannot be read: {error.strerror}"
        )
        raise ConfigError([Problem("JWT_JWKS_CA_FILE", reason, "/etc/jwt/ca.pem")]) from None
    return context
