"""What goes wrong in the world, on command: which requests meet a fault, and how often.

Pure but for the seeded random numbers of faults that come by chance. The first fault that fits a request is
the one it meets. `server` carries them out.
"""

from __future__ import annotations

import random
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, structs

MAX_FAULTS: Final = 1_000
Kind = Literal["status", "drop", "lost", "cut", "slow", "garbage"]


class Fault(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A fault for requests of `place` and `operation` (of all, when not given).

    `status`: this status and nothing done. `drop`: the connection dies and nothing is done. `lost`: it is
    done, and the connection dies instead of the answer. `cut`: it is done, and half the answer comes.
    `slow`: the answer takes `seconds`. `garbage`: it is done, and the answer is no JSON.
    """

    kind: Kind
    place: str | None = None
    operation: str | None = None
    times: Annotated[int, Meta(ge=1, le=1_000_000)] | None = 1
    """How many requests meet it; None: all, until it is taken back or `until_ms` has passed."""
    chance: Annotated[float, Meta(gt=0, le=1)] = 1.0
    status: Annotated[int, Meta(ge=400, le=599)] = 503
    retry_after: str | None = None
    """The Retry-After header of a `status`: seconds, or `date:` and seconds for an HTTP date."""
    seconds: Annotated[float, Meta(ge=0, le=600)] = 0.0
    until_ms: int | None = None


class Faults:
    """The faults that are set; `seed` decides those that come by chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - faults, no secrets
        self._set: list[Fault] = []
        self.met: dict[str, int] = {}

    def add(self, faults: list[Fault]) -> None:
        """Raises ValueError when there would be too many."""
        if len(self._set) + len(faults) > MAX_FAULTS:
            raise ValueError(f"{MAX_FAULTS} faults at most")
        self._set.extend(faults)

    def clear(self) -> None:
        self._set.clear()

    def listed(self) -> list[Fault]:
        return list(self._set)

    def meet(self, place: str, operation: str, now_ms: int) -> Fault | None:
        """The fault that this request meets."""
        self._set = [fault for fault in self._set if fault.until_ms is None or now_ms < fault.until_ms]
        for at, fault in enumerate(self._set):
            if fault.place not in (None, place) or fault.operation not in (None, operation):
                continue
            if fault.chance < 1 and self._random.random() >= fault.chance:
                continue
            if fault.times == 1:
                del self._set[at]
            elif fault.times is not None:
                self._set[at] = structs.replace(fault, times=fault.times - 1)
            self.met[fault.kind] = self.met.get(fault.kind, 0) + 1
            return fault
        return None
