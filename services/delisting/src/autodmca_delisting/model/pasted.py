"""What people paste, as the parts of a request: each URL once, and what is no URL by its line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from autodmca_urls.reading import ReadUrl, read_entries, read_text

from autodmca_delisting.model.state import Dropped, Url

MAX_PART: Final = 250
"""URLs in one part, however many its engine takes: a part is one record."""
MAX_PART_BYTES: Final = 150_000
DROPPED_KEPT: Final = 100
DROPPED_CHARACTERS: Final = 500


def read(
    urls: Sequence[str], text: str = "", except_domains: Sequence[str] = ()
) -> tuple[list[Url], list[Dropped]]:
    """The URLs that are entered and those of a text, without those of the domains that are left out."""
    taken: dict[str, Url] = {}
    dropped: list[Dropped] = []
    left_out = {domain.lower().strip(".") for domain in except_domains}
    for each in _candidates(urls, text):
        reason: str | None = each.dropped
        if each.normal is None:
            reason = reason or "malformed"
        elif reason is None and each.normal.domain in left_out:
            reason = "excepted"
        elif reason is None and each.normal.url in taken:
            reason = "duplicate"
        if reason is not None or each.normal is None:
            dropped.append(Dropped(each.line, each.written[:DROPPED_CHARACTERS], reason or "malformed"))
        else:
            taken[each.normal.url] = Url(each.url, each.normal.url, each.normal.domain)
    return list(taken.values()), dropped


def split(urls: Sequence[Url], most_urls: int) -> Iterator[tuple[Url, ...]]:
    """The URLs in parts as an engine takes them, that take `most_urls` at most."""
    most = min(most_urls, MAX_PART)
    part: list[Url] = []
    size = 0
    for url in urls:
        length = size_of(url)
        if part and (len(part) == most or size + length > MAX_PART_BYTES):
            yield tuple(part)
            part, size = [], 0
        part.append(url)
        size += length
    if part:
        yield tuple(part)


def size_of(url: Url) -> int:
    """About so many bytes of a record."""
    return len(url.url.encode()) + len(url.normal)


def why_none(dropped: Sequence[Dropped]) -> str:
    """What to say where no URL is left."""
    if not dropped:
        return "give URLs, or a text that has some"
    shown = "; ".join(f"line {each.line}: {each.written[:60]!r} is {each.reason}" for each in dropped[:5])
    return f"no URL that can be delisted: {shown}"


def _candidates(urls: Sequence[str], text: str) -> Iterator[ReadUrl]:
    yield from read_entries(list(urls))
    if text:
        yield from read_text(text)
