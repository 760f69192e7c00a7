"""Calls that come later, by a clock that is told the time."""

from collections.abc import Callable

__all__ = ["FakeCall", "FakeCalls"]


class FakeCall:
    """One call to come, unless it is cancelled."""

    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeCalls:
    """All calls to come."""

    def __init__(self) -> None:
        self._calls: list[FakeCall] = []

    def add(self, when: float, call: Callable[[], object]) -> FakeCall:
        self._calls.append(FakeCall(when, call))
        return self._calls[-1]

    def first(self, until: float) -> float:
        """When the next one is due, `until` at the latest."""
        return min((each.when for each in self._calls if not each.cancelled), default=until)

    def run(self, now: float) -> None:
        """Make the calls that are due, in their order."""
        due = sorted((each for each in self._calls if each.when <= now), key=lambda each: each.when)
        self._calls = [each for each in self._calls if each.when > now and not each.cancelled]
        for each in due:
            if not each.cancelled:
                each.call()
