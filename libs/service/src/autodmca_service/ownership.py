"""Who answers for a user: this replica, another one, or nobody just now.

Owns the choice, from the group's map of owners and this replica's lease, and how long a request waits for it
while the group rebalances. Asks nobody and reads no log: that is what makes a read cheap. Fails with
OwnedElsewhere, and with LogUnavailable when nobody is known to own the user in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final, Generic, Protocol

from autodmca_events.partitions import partition_for, user_key
from autodmca_kafka import Processor

from autodmca_service.answers import S
from autodmca_service.errors import AskedOfEverybody, LogUnavailable, OwnedElsewhere

PATIENCE_S: Final = 3.0
"""A rebalance that waits for no dead replica takes less."""
FORWARDED_PATIENCE_S: Final = 0.8
"""The replica that sent it here has waited already, or knows less than this one."""
SHOWN_S: Final = 2.0
"""How long a question about everybody waits for what was applied to be read back."""
LOOK_S: Final = 0.02

forwarded: ContextVar[bool] = ContextVar("forwarded", default=False)
"""Whether another replica has sent the request that is being answered here: it goes no further."""
part: ContextVar[frozenset[int] | None] = ContextVar("part", default=None)
"""The partitions for which a question about everybody is answered here; None where it has not been split."""


class Owning(Protocol):
    """What is known of who owns what; a `Processor` knows it."""

    def owners(self) -> Mapping[int, str]: ...
    def answers(self, partition: int) -> bool: ...


class Owner(Generic[S]):
    """What a desk reads from where its replica owns the users: without a question to the log."""

    def __init__(self, ownership: Ownership, processor: Processor[S, Any, Any]) -> None:
        self.ownership = ownership
        self.entities: Final = processor.entities
        self._processor = processor

    async def ready(self, user_id: int | None) -> None:
        """Return when this replica can answer for a user, or (None) for everybody. Raises as Ownership."""
        if user_id is not None:
            await self.ownership.here(user_id)
        else:
            await self.ownership.everybody()
            try:
                async with asyncio.timeout(SHOWN_S):
                    await self._processor.shown(part.get() or self._processor.positions())
            except TimeoutError:
                raise LogUnavailable("what was written last is not to be seen here yet") from None


class Ownership:
    """`address`: where other replicas reach this one. `partitions`: how many there are, 0 while unknown."""

    def __init__(
        self,
        owning: Owning,
        address: str,
        partitions: Callable[[], int],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.address = address
        self._owning = owning
        self._partitions = partitions
        self._patience_s = patience_s

    async def here(self, user_id: int) -> None:
        """Return when this replica answers for the user. Raises OwnedElsewhere, LogUnavailable."""

        def look() -> bool:
            count = self._partitions()
            return bool(count) and self._is_here(partition_for(user_key(user_id), count))

        await self._until(look)

    async def everybody(self) -> None:
        """Return when this replica answers for all partitions that are asked for. Raises AskedOfEverybody
        where they belong to several replicas, LogUnavailable."""

        def look() -> bool:
            wanted = part.get()
            count = self._partitions()
            if wanted is not None:
                return all(self._owning.answers(partition) for partition in wanted)
            if not count:
                return False
            if all(self._owning.answers(partition) for partition in range(count)):
                return True
            shares = self._shares(count)
            if shares is None or forwarded.get():
                return False
            raise AskedOfEverybody(shares)

        await self._until(look)

    def _is_here(self, partition: int) -> bool:
        if self._owning.answers(partition):
            return True
        address = self._owning.owners().get(partition, "")
        if address and address != self.address and not forwarded.get():
            raise OwnedElsewhere(address)
        return False

    def _shares(self, count: int) -> dict[str, frozenset[int]] | None:
        """The partitions of each replica, by its address; None while one has no owner that can be reached."""
        owners = self._owning.owners()
        shares: dict[str, set[int]] = {}
        for partition in range(count):
            address = owners.get(partition, "")
            if not address:
                return None
            shares.setdefault(address, set()).add(partition)
        return {address: frozenset(partitions) for address, partitions in shares.items()}

    async def _until(self, look: Callable[[], bool]) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + (FORWARDED_PATIENCE_S if forwarded.get() else self._patience_s)
        while True:
            if look():
                return
            if clock() > until:
                raise LogUnavailable("no replica is known to own this user just now")
            await asyncio.sleep(LOOK_S)


def partitions_of(header: str | None) -> frozenset[int] | None:
    """The partitions in a header that `header_of` made; None for one that is absent or malformed."""
    if header is None:
        return None
    numbers = header.split(",")
    if not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        return None
    return frozenset(map(int, numbers))


def header_of(partitions: Iterable[int]) -> str:
    """Partitions as one replica names them to another."""
    return ",".join(map(str, sorted(partitions)))
