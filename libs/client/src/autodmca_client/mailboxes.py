"""The mailboxes of a client's subscriptions: where what came is put, whatever carried it.

Owns which mailbox is whose, from a subscription's beginning to its end. A full one makes the caller wait.
Never reads a socket and never decides what an event is for.
"""

import asyncio
from collections.abc import Callable

from autodmca_client.effects import Confirmed, Deliver, Positions
from autodmca_client.errors import ClientError, ConnectionDropped
from autodmca_client.inbox import Early, Item, Mailbox
from autodmca_client.session import Session


class Mailboxes:
    """By subscription id. `changed` is set when a subscription begins or ends."""

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        self.changed = asyncio.Event()
        self._finished = False
        self._end: ClientError | None = None
        self._session = session
        self._clock = clock
        self._mailboxes: dict[str, Mailbox] = {}

    def __contains__(self, subscription_id: str) -> bool:
        return subscription_id in self._mailboxes

    def attach(self, subscription_id: str, mailbox: Mailbox) -> None:
        """Events of this subscription go there; what ended the client does, if that is at its end."""
        if self._finished:
            mailbox.close(self._end)
            return
        self._mailboxes[subscription_id] = mailbox
        self.changed.set()

    def detach(self, subscription_id: str, error: Exception | None) -> None:
        """Nothing more will come for it."""
        mailbox = self._mailboxes.pop(subscription_id, None)
        if mailbox is not None:
            mailbox.close(error)
        self.changed.set()

    def finish(self, error: ClientError | None) -> None:
        """The client is at its end: nothing more will come for anyone."""
        self._finished = True
        self._end = error
        for subscription_id in list(self._mailboxes):
            self.detach(subscription_id, error)

    def require_unfinished(self) -> None:
        """Raises what ended the client."""
        if self._finished:
            raise self._end or ConnectionDropped("the client is closed")

    async def deliver(self, effect: Deliver) -> None:
        """Put an event where it belongs. Cancelled while it waits for room, it has put it all the same."""
        for subscription_id in effect.subscription_ids:
            await self._put(subscription_id, effect.event)
        for subscription_id in effect.early:
            await self._put(subscription_id, Early(effect.event))

    async def settle(self, effect: Confirmed | Positions) -> None:
        """Note how far a subscription has come, with the gap before that."""
        if isinstance(effect, Confirmed) and effect.gap is not None:
            await self._put(effect.subscription_id, effect.gap)
        mailbox = self._mailboxes.get(effect.subscription_id)
        if mailbox is not None:
            mailbox.inbox.reached(effect.cursors)
            if isinstance(effect, Confirmed):
                mailbox.confirm()

    async def _put(self, subscription_id: str, item: Item) -> None:
        mailbox = self._mailboxes.get(subscription_id)
        if mailbox is None:
            return
        if mailbox.inbox.is_full:
            self._session.pause()
            await mailbox.inbox.put(item)
            self._session.resume_reading(self._clock())
        else:
            mailbox.inbox.put_now(item)
