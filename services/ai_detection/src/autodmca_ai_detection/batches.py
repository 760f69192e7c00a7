"""The items of a batch before it begins: uploads become fingerprints, and all are cut into parts.

Owns the sizes of parts: a part is one record, and parts are looked at side by side. Of an upload nothing is
kept but its fingerprint, made here, so that a file lives no longer than the request that brought it. Raises
what `Looker.sent` raises; a file that cannot be used is an item with its reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from autodmca_service.http.operations import Upload

from autodmca_ai_detection.looking import Looker
from autodmca_ai_detection.model.state import Items, Sent

MOST_ITEMS: Final = 100
"""In one part."""
LEAST_ITEMS: Final = 5
_AT_WORK: Final = 16
"""A small batch is cut into so many parts."""
_PART_BYTES: Final = 400_000
"""Of fingerprints, beyond which a part is full. A record has 900 kB at most, and in it they are a third
larger."""
_AT_DOOR: Final = 2
"""Files of one request that are in memory at a time."""


async def sent(looker: Looker, user_id: int, uploads: Sequence[Upload], *, text: bool) -> list[Sent]:
    """What is kept of each upload, in their order."""
    slots = asyncio.Semaphore(_AT_DOOR)

    async def one(upload: Upload) -> Sent:
        async with slots:
            data = await asyncio.to_thread(upload.file.read)
            return await looker.sent(user_id, data, text=text)

    making = [asyncio.ensure_future(one(each)) for each in uploads]
    try:
        return await asyncio.gather(*making)
    finally:
        for each in making:
            each.cancel()
        await asyncio.wait(making)  # the files are closed next


def of_urls(urls: Sequence[str]) -> list[Items]:
    """The parts of a batch of URLs."""
    size = _size(len(urls))
    return [Items(urls=tuple(urls[at : at + size])) for at in range(0, len(urls), size)]


def of_uploads(uploads: Sequence[Sent]) -> list[Items]:
    """The parts of a batch of uploads."""
    size = _size(len(uploads))
    parts: list[list[Sent]] = [[]]
    held = 0
    for each in uploads:
        more = 0 if each.content is None else len(each.content.fingerprint)
        if len(parts[-1]) == size or (parts[-1] and held + more > _PART_BYTES):
            parts.append([])
            held = 0
        parts[-1].append(each)
        held += more
    return [Items(sent=tuple(part)) for part in parts]


def _size(items: int) -> int:
    return min(MOST_ITEMS, max(LEAST_ITEMS, items // _AT_WORK))
