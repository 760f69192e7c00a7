"""A subscription as the application holds it: an asynchronous iterator of events.

Owns the order in which the application sees events and gaps, and the cursors of what it has seen. It never
reads a socket. Ends with StopAsyncIteration when it or the client was closed or the edge is done (1000),
else with the error that ended it.
"""

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from autodmca_client.cursors import Cursors
from autodmca_client.effects import Gap
from autodmca_client.inbox import Early, Mailbox
from autodmca_client.wire import Event

log = logging.getLogger("autodmca_client")


class Subscription(AsyncIterator[Event]):
    """Made by `Client.subscribe`. It ends, and the edge is told, when its `async with` is left, by
    `aclose`, or when nothing refers to it any more (an `async for` over it was left).

    Iteration waits for the next event and stays valid across reconnects. Cancelling it loses no event.
    """

    def __init__(
        self,
        subscription_id: str,
        types: tuple[str, ...],
        mailbox: Mailbox,
        *,
        resume: Sequence[str],
        on_gap: Callable[[Gap], None] | None,
        leave: Callable[[str], None],
    ) -> None:
        self.id = subscription_id
        self.types = types
        self._mailbox = mailbox
        self._on_gap = on_gap
        self._seen = Cursors(resume)
        self._leave = weakref.finalize(self, leave, subscription_id)
        self._leave.atexit = False

    @property
    def cursors(self) -> list[str]:
        """Positions up to and with the event that iteration gave last, for `resume` in another run."""
        return self._seen.as_list()

    async def ready(self) -> None:
        """Wait until the edge has confirmed; raises EdgeError when it refused, or what ended the client."""
        await asyncio.shield(self._mailbox.confirmed)

    async def __anext__(self) -> Event:
        """The next event; a gap before it goes to `on_gap`, or is logged as a warning."""
        while True:
            item = await self._mailbox.inbox.get()
            if isinstance(item, Event):
                if item.cursor is not None:
                    self._seen.add(item.cursor)
                return item
            if isinstance(item, Early):
                return item.event
            if isinstance(item, Gap):
                self._report(item)
            else:
                self._seen.replace(item)

    @property
    def waiting(self) -> int:
        """How many items wait in the queue."""
        return len(self._mailbox.inbox)

    async def aclose(self) -> None:
        """End the subscription; what is queued is discarded. Repeating it does nothing."""
        self._mailbox.inbox.close(discard=True)
        self._leave()

    def _report(self, gap: Gap) -> None:
        if self._on_gap is not None:
            self._on_gap(gap)
        else:
            log.warning(
                "events lost: reload (%s)",
                gap.reason,
                extra={"subscription_id": self.id, "reason": gap.reason},
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
