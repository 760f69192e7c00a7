"""What stands between us and one host outside: a breaker, a rate, a wait that the host asked for, and
retries.

Owns when a request may go out and how often it is tried: up to `ATTEMPTS` times in a row, with full jitter,
and only what may be sent twice. A host that asks to wait (429 or 503 with Retry-After) is left alone by
everybody until then. Fails with `EngineAway`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import stamina
from aiolimiter import AsyncLimiter
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from autodmca_delisting.engines.interface import EngineAway
from autodmca_delisting.metrics import Metrics

ATTEMPTS: Final = 3
PAUSE_S: Final = 1.0
OPENS_AFTER: Final = 8
"""Failures in a row after which a host is left alone for a while."""
LONGEST_WAIT_S: Final = 86_400.0
_AGAIN: Final = frozenset({500, 502, 503, 504})


class Busy(Exception):
    """A status that says later; counts as a failure of the host, and carries its answer."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"status {answer.status_code}")
        self.answer = answer


class Gate:
    """The way to one host. `per_s`: requests a second that we allow ourselves; `alone_s`: how long a host
    that failed is left alone."""

    def __init__(
        self,
        name: str,
        http: httpx.AsyncClient,
        metrics: Metrics,
        *,
        per_s: float,
        alone_s: float = 15.0,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._http = http
        self._metrics = metrics
        self.now_s = now_s
        self._limiter = AsyncLimiter(max(1.0, per_s), 1.0 if per_s >= 1 else 1.0 / per_s)
        self._breakers = AsyncCircuitBreakerFactory(default_threshold=OPENS_AFTER, default_ttl=alone_s)
        self._alone_s = alone_s
        self._not_before = 0.0

    async def ask(
        self, operation: str, method: str, url: str, *, repeatable: bool, **options: object
    ) -> httpx.Response:
        """The host's answer, whatever its status; one that says later, too, once it stays so.

        `repeatable`: sent again, it does no harm. Raises EngineAway.
        """
        wait_s = self._not_before - self.now_s()
        if wait_s > 0:
            self._metrics.request(self.name, operation, "held back")
            raise EngineAway(f"{self.name} asked to wait", lost=False, wait_s=wait_s, asked=False)
        try:
            answer = await self._tried(operation, method, url, repeatable=repeatable, options=options)
        except OpenedState as error:
            self._metrics.request(self.name, operation, "breaker open")
            raise EngineAway(
                f"{self.name} is left alone after failures", lost=False, wait_s=self._alone_s
            ) from error
        except Busy as busy:
            answer = busy.answer
        except httpx.TransportError as error:
            self._metrics.request(self.name, operation, type(error).__name__)
            lost = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            reason = f"{self.name} gave no answer: {type(error).__name__}"
            raise EngineAway(reason, lost=lost) from error
        self._metrics.request(self.name, operation, str(answer.status_code))
        self._heed(answer)
        return answer

    async def _tried(
        self, operation: str, method: str, url: str, *, repeatable: bool, options: dict[str, object]
    ) -> httpx.Response:
        async def once() -> httpx.Response:
            await self._limiter.acquire()
            breaker = await self._breakers.get_breaker(self.name, exclude=[asyncio.CancelledError])
            async with breaker:
                answer = await self._http.request(method, url, **options)  # type: ignore[arg-type]
                if answer.status_code in _AGAIN:
                    raise Busy(answer)
                return answer

        if not repeatable:
            return await once()
        retries = stamina.retry_context(
            on=_pause, attempts=ATTEMPTS, timeout=None, wait_initial=0.0, wait_jitter=0.0
        )
        async for attempt in retries:
            with attempt:
                if attempt.num > 1:
                    self._metrics.retried(self.name, operation)
                return await once()
        raise AssertionError("unreachable")

    def _heed(self, answer: httpx.Response) -> None:
        if answer.status_code in (429, 503) and (wait_s := retry_after(answer, self.now_s())) is not None:
            self._not_before = max(self._not_before, self.now_s() + wait_s)


def retry_after(answer: httpx.Response, now_s: float) -> float | None:
    """The seconds that `Retry-After` asks for, as a number or as a date (RFC 9110, section 10.2.3), at most
    a day; None without one that can be read."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST_WAIT_S)
    try:
        date = parsedate_to_datetime(text)
        return min(max(0.0, date.timestamp() - now_s), LONGEST_WAIT_S)
    except (ValueError, OverflowError, TypeError):
        return None


def _pause(error: Exception) -> bool | float:
    """Whether to try again, and after how many seconds: full jitter. A wait that the host asks for is not
    spent here, it is the caller's."""
    if isinstance(error, Busy) and "retry-after" in error.answer.headers:
        return False
    return isinstance(error, Busy | httpx.TransportError) and random.uniform(0, PAUSE_S)  # noqa: S311
