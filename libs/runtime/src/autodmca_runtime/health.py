"""Whether this process should get traffic: named checks, and whether it is draining.

Owns the answer, never the probing: a check is a cheap synchronous function that looks at what its owner
already knows (no I/O, no waiting). One that raises counts as failing and is logged. The process is alive as
long as it answers at all, so liveness needs no check.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

Check = Callable[[], str | None]
"""None when all is well, otherwise the reason why not, for a person to read."""

log = structlog.get_logger()


class Health:
    """Readiness of one process. Not thread-safe: use it from the event loop."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._failed: dict[str, str] = {}
        self._draining = False

    def add(self, name: str, check: Check) -> None:
        """Ask `check` at each readiness probe; a second check called `name` replaces the first."""
        self._checks[name] = check

    def remove(self, name: str) -> None:
        """Forget the check or the failure called `name`, if there is one."""
        self._checks.pop(name, None)
        self._failed.pop(name, None)

    def fail(self, name: str, reason: str) -> None:
        """Unready because of `name` until `recover(name)`: for owners who learn of trouble as it happens."""
        self._failed[name] = reason

    def recover(self, name: str) -> None:
        """Take back `fail(name, ...)`."""
        self._failed.pop(name, None)

    def drain(self) -> None:
        """Unready from now on, for good: the process is going away."""
        self._draining = True

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def ready(self) -> bool:
        return not self._draining and not self.failing()

    @property
    def names(self) -> tuple[str, ...]:
        """Every check that is known, asked or told."""
        return tuple({**self._checks, **self._failed})

    def failing(self) -> dict[str, str]:
        """The failing checks and why."""
        failing = dict(self._failed)
        for name, check in self._checks.items():
            try:
                reason = check()
            except Exception as error:  # a broken check makes us unready, it must not break the probe
                log.warning("readiness check raised", check=name, exc_info=True)
                reason = f"the check raised {type(error).__name__}"
            if reason is not None:
                failing[name] = reason
        return failing
