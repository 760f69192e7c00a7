"""Where requests meet the log: a user's entities are read here, and changed by commands.

Owns the mapping of the Kafka library's errors to the tree of `errors`: what can never succeed is told apart
from what may succeed later. Reads see every write that was answered before, on any replica: with an `Owner`
because one replica answers for a user, else by asking the log, and by what was known last while the broker is
away. Decides nothing, and never raises a bare Kafka error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, Generic, TypeVar

import structlog
from autodmca_events.partitions import partition_for, user_key
from autodmca_kafka import (
    Ask,
    BufferFull,
    InputFailed,
    KafkaLibraryError,
    NoOutcome,
    Refused,
    Table,
    TooManyWaiting,
)

from autodmca_service import answers, receipts
from autodmca_service.answers import AnswerOf, C, R, S
from autodmca_service.context import as_of_ms, traceparent
from autodmca_service.errors import AnswerLate, CommandFailed, CommandRefused, LogUnavailable, no_such
from autodmca_service.http.pages import Place, page
from autodmca_service.metrics import ReceiptMetrics
from autodmca_service.ownership import Owner, part
from autodmca_service.receipts import Answer, Limits, Request

FRESHNESS_S: Final = 2.0
"""How long a read waits to be as new as the log; then it answers from what is known."""

CLOCKS_MS: Final = 1_000
"""How far the clocks of this and of other replicas may be apart: what is read is said to be so much older."""

Kind = TypeVar("Kind")

_log = structlog.get_logger()


def wall_clock_ms() -> int:
    """Milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


class Desk(Generic[S, C, R]):
    """`answer` says what a command is answered with. `answer_s`: how long a command waits for its outcome."""

    def __init__(
        self,
        table: Table[S],
        ask: Ask[C, R],
        *,
        answer: AnswerOf[C, S, R],
        limits: Limits,
        answer_s: float,
        metrics: ReceiptMetrics,
        owner: Owner[S] | None = None,
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self.limits = limits
        self.table = table
        self._ask = ask
        self._answer = answer
        self._answer_s = answer_s
        self._metrics = metrics
        self._owner = owner
        self._now_ms = now_ms

    def get(self, owner: int, entity_id: str) -> S | None:
        """The newest known state of one entity."""
        return self.of_user(owner).get(entity_id)

    def of_user(self, owner: int) -> Mapping[str, S]:
        """The user's entities by id: a live view, not to be changed."""
        return self.table.of_user(owner) if self._owner is None else self._owner.entities(owner)

    def of_everybody(self) -> Iterator[tuple[int, str, S]]:
        """User id, entity id and state of everything; do not await while iterating."""
        for partition in part.get() or range(self.table.partitions):
            yield from self.table.of_partition(partition)

    async def refresh(self, owner: int | None) -> None:
        """Wait until what is read is as new as the log, for one owner or (None) for all.

        Notes how new that is in `context.as_of_ms`. A log that is away is waited for `FRESHNESS_S`. Raises
        LogUnavailable when it was never reached.
        """
        if self._owner is not None:
            await self._owner.ready(owner)
        else:
            await self._as_new_as_the_log(owner)
        # Before anything is read: what comes meanwhile is told twice, and not missed.
        as_of_ms.set(max(0, self.table.applied_ms(owner) - CLOCKS_MS))

    async def _as_new_as_the_log(self, owner: int | None) -> None:
        table = self.table
        try:
            async with asyncio.timeout(FRESHNESS_S):
                if owner is None or not table.partitions:
                    await table.caught_up()
                else:
                    await table.caught_up([partition_for(user_key(owner), table.partitions)])
        except (TimeoutError, KafkaLibraryError) as error:
            if not table.partitions:
                raise LogUnavailable("the event log has not been reached yet") from error
            _log.warning("reading without the log", reason=repr(error))

    async def find(self, owner: int, entity_id: str, kind: type[Kind], name: str = "") -> Kind:
        """One entity, as new as `refresh` makes it. Raises CommandRefused where there is none of this kind
        (`name` as in `errors.no_such`), and what `refresh` raises."""
        await self.refresh(owner)
        found = self.get(owner, entity_id)
        if not isinstance(found, kind):
            raise no_such(kind, entity_id, name)
        return found

    async def page(
        self,
        owner: int,
        kind: type[Kind],
        place: Callable[[Kind], Place],
        wanted: Callable[[Kind], bool],
        *,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Kind], str | None]:
        """One page of the owner's entities of a kind, newest first, and the cursor of the next.

        As new as `refresh` makes them. Raises the problem of a bad cursor, and what `refresh` raises.
        """
        await self.refresh(owner)
        every = self.of_user(owner).values()
        matching = (each for each in every if isinstance(each, kind) and wanted(each))
        return page(matching, place, limit, cursor)

    async def do(self, owner: int, command: C) -> Answer:
        """Have a command applied and answer it. Raises CommandRefused, the problem that the answer is, and
        what `outcome_of` raises."""
        outcome = await self.outcome_of(owner, command)
        if outcome.answer is not None:
            return outcome.answer
        if outcome.refusal is not None:
            raise CommandRefused(outcome.refusal)
        made = self._answer(command, partial(self.get, owner), owner, outcome)
        if made is None:
            raise AnswerLate("it is done, but not to be seen here yet")
        return made

    async def outcome_of(self, owner: int, command: C) -> R:
        """Write a command and wait for what became of it, on whichever replica.

        Raises CommandFailed, LogUnavailable (nothing was written), AnswerLate (it may be applied yet).
        """
        if self._owner is not None:
            await self._owner.ready(owner)
        key = None if command.request is None else command.request.key
        try:
            outcome = await self._ask.ask(
                owner, command, timeout_s=self._answer_s, traceparent=traceparent.get(), key=key
            )
        except NoOutcome as error:
            raise AnswerLate("the answer did not come in time; the request may be carried out yet") from error
        except (InputFailed, Refused) as error:
            raise CommandFailed(str(error)) from error
        except (TooManyWaiting, BufferFull) as error:
            raise LogUnavailable("too many requests wait for the event log") from error
        except KafkaLibraryError as error:
            raise LogUnavailable("the event log cannot be reached") from error
        if outcome.replayed:
            self._metrics.repeated()
        elif outcome.refusal is not None and outcome.refusal.refused == "key_reused":
            self._metrics.reused()
        return outcome

    def answered(self, owner: int, again: Request | None) -> Answer | None:
        """What this request was answered before, to ask before work is done for it; the model has the last
        word. Raises CommandRefused for a key that came with another request."""
        if again is None:
            return None
        try:
            receipt = receipts.find(self.of_user(owner), again, self._now_ms(), self.limits)
        except receipts.KeyReused:
            self._metrics.reused()
            raise CommandRefused(answers.KEY_REUSED) from None
        if receipt is None:
            return None
        self._metrics.repeated()
        return receipt.answer or answers.not_kept(again.path)
