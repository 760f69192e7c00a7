"""The web as an engine's index sees it: pages, found by query and rank, less what was removed.

A page is one that was published, or any URL that somebody asked about and whose fate is to be indexed. Rank
follows from the words of the query in the page's title, and drifts by turns of `drift_s` seconds, as ranks
do. Pure.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

MAX_PAGES: Final = 200_000
_WORD: Final = re.compile(r"[^\W_]+")
_TOPICS: Final = (
    "alpine lake wallpaper",
    "violin sonata recording",
    "chess openings ebook",
    "garden plans pdf",
)
_HOSTS: Final = ("freewalls.example.net", "mirrors.example.org", "ebookz.example.com", "tunes.example.info")


class Page(NamedTuple):
    """A page and the words it is found by."""

    url: str
    title: str
    words: frozenset[str]


class Hit(NamedTuple):
    """A result; `rank` counts from 1."""

    rank: int
    url: str
    title: str


def words_of(text: str) -> frozenset[str]:
    """The words that are searched for, in lower case."""
    return frozenset(_WORD.findall(text.lower()))


class Web:
    """The pages, the same for every engine."""

    def __init__(self, seed: int, drift_s: float) -> None:
        self._seed = seed
        self._drift_ms = max(1, int(drift_s * 1000))
        self._pages: dict[str, Page] = {}
        for topic in _TOPICS:
            for number in range(12):
                host = _HOSTS[number % len(_HOSTS)]
                self.publish(f"https://{host}/{topic.replace(' ', '-')}/{number}", f"{topic} {number}")

    def publish(self, url: str, title: str = "") -> None:
        """Put a page on the web; without a title, the words of its URL are its title. Raises ValueError."""
        if url not in self._pages and len(self._pages) >= MAX_PAGES:
            raise ValueError(f"{MAX_PAGES} pages at most")
        title = title or " ".join(_WORD.findall(url.partition("//")[2].lower()))
        self._pages[url] = Page(url, title, words_of(title))

    def has(self, url: str) -> bool:
        return url in self._pages

    def pages(self) -> list[Page]:
        return list(self._pages.values())

    def search(self, engine: str, query: str, hidden: set[str], now_ms: int, limit: int) -> list[Hit]:
        """The best pages for a query on one engine, without those that are `hidden` there."""
        wanted = words_of(query)
        turn = now_ms // self._drift_ms
        found = [
            (-len(wanted & page.words), self._drift(engine, page.url, turn), page)
            for page in self._pages.values()
            if wanted & page.words and page.url not in hidden
        ]
        found.sort()
        return [Hit(rank, page.url, page.title) for rank, (_, _, page) in enumerate(found[:limit], 1)]

    def _drift(self, engine: str, url: str, turn: int) -> int:
        """A page's place among equals: steady, but for a small part that changes each turn."""
        steady = hashlib.blake2b(f"{self._seed}|{engine}|{url}".encode(), digest_size=2).digest()
        moved = hashlib.blake2b(f"{turn}|{engine}|{url}".encode(), digest_size=1).digest()
        return int.from_bytes(steady) + moved[0] * 16
