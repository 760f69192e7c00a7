"""Who is behind: of all edges the connections that have most to catch up on, as operators are told.

A name that has several addresses is several edges, each of which is asked. An edge that does not answer is
named, and keeps nobody else waiting. Owns the operators' token, which goes to these addresses and to no page.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec
from autodmca_runtime import Secret

from autodmca_console.asking import ANSWER_S, FAULTS, answer_of

MOST: Final = 50


class _Page(msgspec.Struct, frozen=True):
    node: str
    connections: list[dict[str, Any]]


class Edges:
    """The operators' listeners at these addresses, by name, which take `token`."""

    def __init__(self, places: Mapping[str, str], token: Secret, http: httpx.AsyncClient) -> None:
        self._places = places
        self._token = token
        self._http = http

    async def behind(self) -> dict[str, Any]:
        """The MOST that are furthest behind, the furthest first, and what is wrong with which edge."""
        errors: list[dict[str, str]] = []
        found = await asyncio.gather(*(self._of(name, url, errors) for name, url in self._places.items()))
        everyone = [
            {**each, "node": page.node} for pages in found for page in pages for each in page.connections
        ]
        everyone.sort(key=_furthest, reverse=True)
        return {"connections": everyone[:MOST], "errors": errors}

    async def _of(self, name: str, url: str, errors: list[dict[str, str]]) -> list[_Page]:
        try:
            addresses = await _addresses(url)
        except (OSError, TimeoutError) as error:
            errors.append({"node": name, "error": type(error).__name__})
            return []
        pages = await asyncio.gather(*(self._page(url, each) for each in addresses), return_exceptions=True)
        for page in pages:
            if isinstance(page, FAULTS):
                errors.append({"node": name, "error": type(page).__name__})
            elif isinstance(page, BaseException):
                raise page
        return [page for page in pages if isinstance(page, _Page)]

    async def _page(self, url: str, address: str) -> _Page:
        parts = urlsplit(url)
        host = f"[{address}]" if ":" in address else address
        asked = f"{parts.scheme}://{host}:{parts.port or 80}{parts.path}/admin/connections"
        body = await answer_of(
            self._http,
            asked,
            params={"sort": "behind", "limit": str(MOST)},
            headers={"authorization": f"Bearer {self._token.reveal()}", "host": parts.netloc},
        )
        return msgspec.json.decode(body, type=_Page)


async def _addresses(url: str) -> list[str]:
    """All addresses of a URL's host. Raises OSError, TimeoutError."""
    parts = urlsplit(url)
    async with asyncio.timeout(ANSWER_S):
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, parts.port or 80, type=socket.SOCK_STREAM
        )
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _furthest(connection: Mapping[str, Any]) -> tuple[int, int]:
    behind = connection.get("behind") or {}
    return (behind.get("records") or 0, behind.get("ms") or 0)
