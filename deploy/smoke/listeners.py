"""Clients behind the load balancer, and what each of them has been given.

Owns the clients: as many as it takes until each edge has at least one. Says what was lost, given twice or
given to somebody else; clients drop what comes again under the same id by themselves, so that a second one is
a fault.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

from autodmca_client import Client
from autodmca_client.closing import Backoff
from autodmca_client.development import development_token
from autodmca_client.session import Timing
from autodmca_events import TemplateValidation

from deploy.smoke.stack import StackError

EVENT: Final = "template_validation"
MOST_CLIENTS: Final = 20
QUICK: Final = Timing(backoff=Backoff(first_s=0.2, longest_s=2.0))


class Listener:
    """One client of one user."""

    def __init__(self, url: str, secret: str, user_id: int) -> None:
        async def token() -> str:
            return development_token(secret, user_id)

        self.user_id = user_id
        self.given: dict[str, float] = {}
        """The templates that it has heard of, and when."""
        self.faults: list[str] = []
        self.nodes: set[str] = set()
        """Every edge that it has been connected to."""
        self._client = Client(url, token=token, timing=QUICK, on_status=lambda status: self._met(status.node))
        self._heard = asyncio.Event()

    async def run(self, ready: asyncio.Event) -> None:
        """Listen until cancelled; `ready` is set once the subscription stands."""
        async with self._client as client:
            events = client.subscribe([EVENT], on_gap=lambda gap: self.faults.append(f"a gap: {gap.reason}"))
            await events.ready()
            ready.set()
            async for event in events:
                assert isinstance(event.payload, TemplateValidation), f"{event.type} was not asked for"
                template = event.payload.template_id
                if event.user_id != self.user_id:
                    self.faults.append(f"an event of user {event.user_id}")
                elif template in self.given:
                    self.faults.append(f"{template} twice")
                self.given[template] = time.monotonic()
                self._heard.set()

    async def has(self, templates: Collection[str]) -> None:
        """Wait until it has heard of all of them."""
        while not self.given.keys() >= set(templates):
            self._heard.clear()
            await self._heard.wait()

    def all_faults(self, templates: Collection[str]) -> list[str]:
        """What was wrong, if it should have heard of these templates and of no others that were answered."""
        return [*self.faults, *(f"{each} lost" for each in sorted(set(templates) - self.given.keys()))]

    @property
    def reconnects(self) -> int:
        return self._client.counters.reconnects

    def _met(self, node: str) -> None:
        if node:
            self.nodes.add(node)


class Listeners:
    """An async context manager; entered, every user has a client, and every edge."""

    def __init__(
        self, url: str, secret: str, users: Sequence[int], edges: Collection[str], patience_s: float
    ) -> None:
        self.all: list[Listener] = []
        self._url = url
        self._secret = secret
        self._users = users
        self._edges = frozenset(edges)
        self._patience_s = patience_s
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        try:
            async with asyncio.timeout(self._patience_s):
                while len(self.all) < MOST_CLIENTS and not self._enough:
                    await self._add(group)
        except TimeoutError:
            await self._close()
            raise StackError(f"client {len(self.all)} could not subscribe at {self._url}") from None
        except BaseException:
            await self._close()
            raise
        if not self._enough:
            await self._close()
            raise StackError(
                f"{MOST_CLIENTS} clients have met {sorted(self.nodes)}, not {sorted(self._edges)}"
            )
        return self

    @property
    def _enough(self) -> bool:
        return len(self.all) >= len(self._users) and self.nodes >= self._edges

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def _add(self, group: asyncio.TaskGroup) -> None:
        listener = Listener(self._url, self._secret, self._users[len(self.all) % len(self._users)])
        ready = asyncio.Event()
        task = group.create_task(listener.run(ready))
        self._stack.callback(task.cancel)
        self.all.append(listener)
        await ready.wait()

    async def _close(self) -> None:
        await self._stack.aclose()

    @property
    def nodes(self) -> set[str]:
        """Every edge that somebody is or was connected to."""
        return {node for each in self.all for node in each.nodes}

    async def have(self, acknowledged: dict[int, list[str]]) -> None:
        """Wait until everybody has what is theirs."""
        for each in self.all:
            await each.has(acknowledged.get(each.user_id, ()))

    def verdict(self, acknowledged: dict[int, list[str]]) -> list[str]:
        """What should not be."""
        return [
            f"client {number} of user {each.user_id}: {fault}"
            for number, each in enumerate(self.all, 1)
            for fault in each.all_faults(acknowledged.get(each.user_id, ()))
        ]
