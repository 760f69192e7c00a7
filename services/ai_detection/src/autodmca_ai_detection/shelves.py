"""The references of users as what is searched: a library of each profile and kind of content, made from
state when it is asked.

Owns the libraries that are kept between searches (the least recently used go) and the threads that search,
so that the event loop never waits for one. A library is made anew when the user's references have changed
since; it holds one profile of one user, so no search can meet another's.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from autodmca_events.ai_detection import ContentType

from autodmca_ai_detection import ids
from autodmca_ai_detection.metrics import Metrics
from autodmca_ai_detection.model.state import Entity, Reference, Tally
from autodmca_ai_detection.searched import AnyMatch, Searched

THREADS: Final = 2
Key = tuple[int, int, ContentType]
"""User, profile and kind of content."""


class Entities(Protocol):
    """What is read of the state: a table, or a desk."""

    def of_user(self, user_id: int, /) -> Mapping[str, Entity]: ...


class Shelf:
    """The library of one profile, as of the state when the user's tally had this `library` number."""

    def __init__(self, version: int, kind: ContentType, references: list[Reference]) -> None:
        self.version = version
        self.size = len(references)
        self.lock = asyncio.Lock()
        self._kind: ContentType = kind
        self._references = references
        self._searched: Searched | None = None

    def search(self, query: bytes) -> list[AnyMatch]:
        """Blocks; the first search makes the library."""
        if self._searched is None:
            made = Searched(self._kind)
            for each in self._references:
                made.add(each.id, each.content.fingerprint)
            self._searched = made
            self._references = []
        return self._searched.search(query)


class Shelves:
    """`most_references`: in all libraries that are kept, about 30 kB each."""

    def __init__(self, entities: Entities, metrics: Metrics, *, most_references: int = 20_000) -> None:
        self._entities = entities
        self._metrics = metrics
        self._most = most_references
        self._kept: OrderedDict[Key, Shelf] = OrderedDict()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="search")

    async def search(self, user_id: int, profile_id: int, kind: ContentType, query: bytes) -> list[AnyMatch]:
        """What the content of this fingerprint has in common with the profile's references, the surest
        first. Raises Unusable as `Searched.search`."""
        shelf = self._shelf((user_id, profile_id, kind))
        async with shelf.lock:  # a library is searched once at a time: the first search builds its index
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, shelf.search, query)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _shelf(self, key: Key) -> Shelf:
        entities = self._entities.of_user(key[0])
        tally = entities.get(ids.TALLY)
        version = tally.library if isinstance(tally, Tally) else 0
        shelf = self._kept.get(key)
        if shelf is None or shelf.version != version:
            shelf = self._kept[key] = self._made(entities, key, version)
            self._bound(key)
        self._kept.move_to_end(key)
        return shelf

    def _made(self, entities: Mapping[str, Entity], key: Key, version: int) -> Shelf:
        _, profile_id, kind = key
        references = [
            each
            for each in entities.values()
            if isinstance(each, Reference)
            and each.profile_id == profile_id
            and each.content.content_type == kind
        ]
        self._metrics.library_made()
        return Shelf(version, kind, references)

    def _bound(self, newest: Key) -> None:
        total = sum(each.size for each in self._kept.values())
        for key in list(self._kept):
            if total <= self._most:
                break
            if key != newest:
                total -= self._kept.pop(key).size
        self._metrics.libraries(len(self._kept), total)
