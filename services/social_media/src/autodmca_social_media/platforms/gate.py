"""What stands between us and one platform: one call at a time, its rate limit, a breaker, how it answered.

Owns when a call may go out. A platform that said when there is room again is not asked before; one that
failed `OPENS_AFTER` times in a row is left alone for a while. Says what went wrong as `PlatformAway`, without
credentials: no header and no body of ours stands in a message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, NoReturn, TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from autodmca_social_media.metrics import Metrics
from autodmca_social_media.model.commands import Called, Trouble
from autodmca_social_media.platforms.interface import PlatformAway

OPENS_AFTER: Final = 8
LONGEST_WAIT_MS: Final = 24 * 3_600_000
UNSAID_WAIT_MS: Final = 60_000
"""How long to wait for a platform that says to wait and not how long."""
T = TypeVar("T")


class Ways(NamedTuple):
    """How a platform is called: how long its answer is waited for, how long it is left alone when it fails,
    and the wall clock, in seconds since the Unix epoch."""

    timeout_s: float = 20.0
    alone_s: float = 15.0
    now_s: Callable[[], float] = time.time


class Limits(NamedTuple):
    """A rate limit as a platform's headers say it; `reset_at` in ms since the Unix epoch."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: int | None = None


class Fault(NamedTuple):
    """An exception of a platform's library, understood. `answered`: that it was refused is the answer."""

    reason: str
    trouble: Trouble
    lost: bool = False


class Gate:
    """The way to one platform. `understand` says what an exception of its library means; None: it is an
    answer that the adapter deals with."""

    def __init__(
        self,
        name: str,
        metrics: Metrics,
        understand: Callable[[Exception], Fault | None],
        limits: Callable[[Exception | None], Limits],
        ways: Ways,
    ) -> None:
        self.name = name
        self._metrics = metrics
        self._understand = understand
        self._limits = limits
        self._alone_s = ways.alone_s
        self._now_s = ways.now_s
        self._breakers = AsyncCircuitBreakerFactory(default_threshold=OPENS_AFTER, default_ttl=ways.alone_s)
        self._turn = asyncio.Lock()
        self._not_before = 0
        self._called = Called(platform=name, at=self._now_ms())

    def called(self) -> Called:
        return self._called

    async def call(self, operation: str, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` returns, or raises where that is an answer. Raises PlatformAway."""
        async with self._turn:
            if (now := self._now_ms()) < self._not_before:
                self._metrics.call(self.name, operation, "held back")
                self._away(Fault("its rate limit is used up", "rate_limited"), Limits(), self._not_before)
            started = time.monotonic()
            fault: Fault | None = None
            limits = Limits()
            try:
                breaker = await self._breakers.get_breaker(
                    self.name, exclude=[asyncio.CancelledError, _Answer]
                )
                async with breaker:
                    try:
                        result = await ask()
                        limits = self._limits(None)
                    except Exception as error:
                        limits = self._limits(error)
                        fault = self._understand(error)
                        if fault is None or fault.trouble != "down":
                            raise _Answer(error) from error
                        raise
            except OpenedState:
                self._metrics.call(self.name, operation, "breaker open")
                until = now + int(self._alone_s * 1000)
                self._away(Fault("it is left alone after failures", "down"), limits, until)
            except _Answer as answer:
                if fault is not None:
                    self._metrics.call(self.name, operation, fault.trouble)
                    self._away(fault, limits, self._wait(fault, limits))
                self._went_well(operation, limits, started)
                raise answer.error from None
            except Exception as error:  # noqa: BLE001 - `understand` has said what it means
                assert fault is not None
                self._metrics.call(self.name, operation, fault.trouble)
                self._away(fault, limits, None, error)
            self._went_well(operation, limits, started)
            return result

    def _went_well(self, operation: str, limits: Limits, started: float) -> None:
        self._metrics.call(self.name, operation, "ok")
        if limits.remaining == 0 and limits.reset_at is not None:
            self._not_before = min(limits.reset_at, self._now_ms() + LONGEST_WAIT_MS)
        self._called = self._of(limits, None, None, int((time.monotonic() - started) * 1000))

    def _wait(self, fault: Fault, limits: Limits) -> int | None:
        if fault.trouble != "rate_limited":
            return None
        now = self._now_ms()
        until = (
            limits.reset_at if limits.reset_at is not None and limits.reset_at > now else now + UNSAID_WAIT_MS
        )
        self._not_before = min(until, now + LONGEST_WAIT_MS)
        return self._not_before

    def _away(
        self, fault: Fault, limits: Limits, resume_at: int | None, cause: Exception | None = None
    ) -> NoReturn:
        self._called = self._of(limits, fault.trouble, fault.reason, None)
        raise PlatformAway(
            f"{self.name}: {fault.reason}", fault.trouble, self._called, lost=fault.lost, resume_at=resume_at
        ) from cause

    def _of(
        self, limits: Limits, trouble: Trouble | None, message: str | None, latency: int | None
    ) -> Called:
        return Called(
            platform=self.name,
            at=self._now_ms(),
            trouble=trouble,
            message=message,
            latency_ms=latency,
            rate_limit=limits.limit,
            rate_limit_remaining=limits.remaining,
            rate_limit_reset_at=limits.reset_at,
        )

    def _now_ms(self) -> int:
        return int(self._now_s() * 1000)


class _Answer(Exception):
    """An exception that says nothing against the platform's health."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
