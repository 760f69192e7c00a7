"""Questions to nodes, edges and Prometheus: bounded in time and in bytes, and never more than asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

ANSWER_S: Final = 5.0
LARGEST: Final = 8 << 20


class TooLong(Exception):
    """Somebody says more than LARGEST bytes."""


FAULTS: Final = (httpx.HTTPError, TimeoutError, TooLong, ValueError)
"""What may be wrong with an answer, one that cannot be read (ValueError) among it."""


async def answer_of(
    http: httpx.AsyncClient,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The body of a GET. Raises httpx.HTTPError, TimeoutError, TooLong."""
    body = b""
    async with (
        asyncio.timeout(ANSWER_S),
        http.stream("GET", url, params=dict(params or {}), headers=dict(headers or {})) as answer,
    ):
        answer.raise_for_status()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise TooLong(url)
    return body
