"""What a user hears while a story is told: every event, over a WebSocket, in the order in which it came."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from autodmca_client import Client, Event
from autodmca_events import CATALOGUE, Payload
from autodmca_sandbox.people import Person, token_for

from deploy.story.system import StoryFailed, System

PATIENCE_S: Final = 60.0
Wanted = Callable[[Payload], object]


class Heard:
    """`events`: all so far. Run `run()` beside the story. What must come is waited for `patience_s`."""

    def __init__(self, client: Client, patience_s: float = PATIENCE_S) -> None:
        self.events: list[Event] = []
        self._patience_s = patience_s
        self._subscription = client.subscribe(types=list(CATALOGUE))
        self._more = asyncio.Event()

    async def ready(self) -> None:
        """Wait until the edge tells: what happens from then on is heard."""
        await self._subscription.ready()

    async def run(self) -> None:
        """Listen until cancelled."""
        async for event in self._subscription:
            self.events.append(event)
            self._more.set()

    async def until(self, type_: str, wanted: Wanted, since: int) -> None:
        """Wait for an event of the type that is as wanted, among those from number `since` on. Raises
        StoryFailed."""
        try:
            async with asyncio.timeout(self._patience_s):
                while not self._has(type_, wanted, since):
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            seen = [event.payload for event in self.events[since:] if event.type == type_]
            last = f"the last one: {seen[-1]}" if seen else "there was none"
            raise StoryFailed(f"no {type_} as expected within {self._patience_s:g} s; {last}") from None

    def counted(self, since: int) -> Counter[str]:
        """How many of each type came from number `since` on."""
        return Counter(event.type for event in self.events[since:])

    def _has(self, type_: str, wanted: Wanted, since: int) -> bool:
        return any(
            event.type == type_ and not isinstance(event.payload, dict) and wanted(event.payload)
            for event in self.events[since:]
        )


@asynccontextmanager
async def hearing(
    made: System, person: Person, patience_s: float = PATIENCE_S
) -> AsyncIterator[tuple[Client, Heard]]:
    """The person's connection, and what they hear over it from the moment that the block begins."""
    token = token_for(person, made.secret)
    async with Client(made.edge, token=token) as client, asyncio.TaskGroup() as group:
        await client.opened()
        heard = Heard(client, patience_s)
        listening = group.create_task(heard.run())
        try:
            await heard.ready()
            yield client, heard
        finally:
            listening.cancel()
