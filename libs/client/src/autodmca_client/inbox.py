"""The queue between the connection's reader and one subscription's consumer.

Bounded; the policy when full is backpressure: `put` waits, so the reader stops reading the socket and the
edge sees a slow connection. One reader puts, any number of tasks get; a cancelled `get` loses nothing.
"""

import asyncio
from collections import deque

import msgspec

from autodmca_client.effects import Gap
from autodmca_client.errors import ConnectionDropped
from autodmca_client.wire import Event


class Early(msgspec.Struct, frozen=True):
    """An event that says nothing about how far the subscription has come: the edge is still replaying."""

    event: Event


Item = Event | Early | Gap | tuple[str, ...]


class Inbox:
    """Events and gaps in order, and between them positions (a tuple of cursors) reached without an event."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity = capacity
        self._items: deque[Item] = deque()
        self._not_empty = asyncio.Event()
        self._not_full = asyncio.Event()
        self._closed = False
        self._error: Exception | None = None

    @property
    def is_full(self) -> bool:
        """Whether `put` would wait."""
        return len(self._items) >= self._capacity and not self._closed

    def put_now(self, item: Item) -> None:
        """Add `item`; the caller has seen that the inbox is not full. Dropped when closed."""
        if not self._closed:
            self._items.append(item)
            self._not_empty.set()

    async def put(self, item: Item) -> None:
        """Add `item`, waiting for room. Cancelled meanwhile it adds it over and above the bound: the session
        has counted it as come."""
        try:
            while self.is_full:
                self._not_full.clear()
                await self._not_full.wait()
        finally:
            self.put_now(item)

    def reached(self, cursors: tuple[str, ...]) -> None:
        """Add positions; one entry at the end at most, over and above the bound."""
        if self._items and isinstance(self._items[-1], tuple):
            self._items[-1] = cursors
        else:
            self.put_now(cursors)

    async def get(self) -> Item:
        """The next item; waits. After `close`, once empty, raises its error or StopAsyncIteration."""
        while not self._items:
            if self._closed:
                raise self._error or StopAsyncIteration
            self._not_empty.clear()
            await self._not_empty.wait()
        item = self._items.popleft()
        self._not_full.set()
        return item

    def close(self, error: Exception | None = None, *, discard: bool = False) -> None:
        """Take nothing more. What is queued may still be got, unless `discard`."""
        if self._closed:
            return
        self._closed = True
        self._error = error
        if discard:
            self._items.clear()
        self._not_empty.set()
        self._not_full.set()

    def __len__(self) -> int:
        return len(self._items)


class Mailbox:
    """What the reader and one subscription share: the inbox, and whether the edge has confirmed."""

    def __init__(self, inbox: Inbox, confirmed: "asyncio.Future[None]") -> None:
        self.inbox = inbox
        self.confirmed = confirmed
        confirmed.add_done_callback(_look)

    def confirm(self) -> None:
        """The subscription stands."""
        if not self.confirmed.done():
            self.confirmed.set_result(None)

    def close(self, error: Exception | None) -> None:
        """Nothing more will come, for this reason or because it was closed."""
        self.inbox.close(error)
        if not self.confirmed.done():
            self.confirmed.set_exception(error or ConnectionDropped("closed before the edge confirmed"))


def _look(confirmed: "asyncio.Future[None]") -> None:
    """Nobody has to await it: iteration raises the same error."""
    confirmed.exception()
