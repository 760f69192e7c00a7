"""A connection without a WebSocket: a feed for each subscription, and now and then a try for a WebSocket.

Owns the tasks of it all, in a TaskGroup. A WebSocket is tried beside it and takes over once the edge has
spoken on it; nothing is stopped before that, so nothing is missed. Takes no application messages.
"""

import asyncio
import random
from collections.abc import Callable

from autodmca_client.dial import Address, Ended, Greeted, dial_until_greeted, user_of
from autodmca_client.errors import edge_error
from autodmca_client.fallback.alone import Alone
from autodmca_client.fallback.feed import Feed, Manner
from autodmca_client.fallback.requests import Failed, Refused, Requests
from autodmca_client.mailboxes import Mailboxes
from autodmca_client.session import Session, Timing

_PROBE = ("system_notification",)  # what an edge tells every user
_MOST_DOUBLINGS = 4


class FallbackConnection:
    """See the module. `on_open` is called when an edge has answered."""

    def __init__(
        self,
        address: Address,
        session: Session,
        mailboxes: Mailboxes,
        timing: Timing,
        rng: random.Random,
        on_open: Callable[[], None],
    ) -> None:
        self.was_open = False
        self._address = address
        self._session = session
        self._mailboxes = mailboxes
        self._timing = timing
        self._rng = rng
        self._on_open = on_open
        self._manner = Manner(stream_s=timing.stream_s, poll_s=timing.poll_s)

    async def run(self, token: str) -> Ended | Greeted:
        """Serve until the connection ends, and say how it did; or give the WebSocket that takes over."""
        self.was_open = False
        self._session.interests.own_user_id = user_of(token)
        async with Requests(self._address, token) as requests:
            try:
                await requests.poll(_PROBE)
            except Failed as failed:
                return failed.ended
            self.was_open = True
            self._on_open()
            return await self._serve(requests, token)

    async def _serve(self, requests: Requests, token: str) -> Ended | Greeted:
        upgrade = asyncio.create_task(self._until_websocket(token))
        feeds: dict[str, asyncio.Task[None]] = {}
        changed = asyncio.create_task(self._mailboxes.changed.wait())
        try:
            while True:
                self._keep_up(feeds, requests)
                await asyncio.wait({upgrade, changed, *feeds.values()}, return_when=asyncio.FIRST_COMPLETED)
                if upgrade.done():
                    return upgrade.result()
                if (ended := self._ended(feeds)) is not None:
                    return ended
                if changed.done():
                    changed = asyncio.create_task(self._mailboxes.changed.wait())
        finally:
            tasks = {upgrade, changed, *feeds.values()}
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _keep_up(self, feeds: dict[str, asyncio.Task[None]], requests: Requests) -> None:
        """Have a feed for each subscription that there is by now, and for no other."""
        self._mailboxes.changed.clear()
        wanted = {each.id: each for each in self._session.interests.wanted()}
        for subscription_id in feeds.keys() - wanted.keys():
            feeds.pop(subscription_id).cancel()
        for subscription_id in wanted.keys() - feeds.keys():
            alone = Alone(wanted[subscription_id], self._session.counters)
            feed = Feed(alone, requests, self._mailboxes, self._manner)
            feeds[subscription_id] = asyncio.create_task(feed.run())

    def _ended(self, feeds: dict[str, asyncio.Task[None]]) -> Ended | None:
        """How the connection ended, if it did. A subscription that was refused is gone, the others go on."""
        for subscription_id, feed in list(feeds.items()):
            if not feed.done():
                continue
            failure = feed.exception()
            if isinstance(failure, Refused) and failure.concerns_subscription:
                del feeds[subscription_id]
                self._session.interests.gone(subscription_id)
                self._mailboxes.detach(subscription_id, edge_error(failure.error))
            elif isinstance(failure, Failed):
                return failure.ended
            elif failure is not None:
                raise failure
        return None

    async def _until_websocket(self, token: str) -> Greeted:
        """Try, later with each that failed, until one can be had.

        The first try is at once: an edge that answers now may have been away when WebSockets failed.
        """
        failures = 0
        while not isinstance(tried := await dial_until_greeted(self._address, token), Greeted):
            window = self._timing.upgrade_s * 2 ** min(failures, _MOST_DOUBLINGS)
            await asyncio.sleep(self._rng.uniform(window / 2, window))
            failures += 1
        return tried
