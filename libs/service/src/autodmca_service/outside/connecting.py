"""Where a connection on behalf of a caller may lead, so that none borrows our place in the network.

Owns the rules of a URL (http and https alone, no credentials, no other service's port) and of the connection:
each name is resolved once, every address that it has is checked, and the connection is made to an address
that was checked, so that a name cannot change its mind in between. Fails with NotFetched.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any, Final

import httpcore
from ada_url import URL

from autodmca_service.outside.addresses import Network, is_allowed
from autodmca_service.outside.errors import NotFetched

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, for a port. Raises OSError."""

_MOST_URL: Final = 2_048


def checked(url: str, base: URL | None = None) -> URL:
    """The URL as the WHATWG's standard reads it, which is how browsers do. Raises NotFetched."""
    if len(url) > _MOST_URL:
        raise NotFetched("bad_url", f"it has over {_MOST_URL:,} characters")
    try:
        place = URL(url) if base is None else URL(url, base.href)
    except (ValueError, UnicodeError) as error:
        raise NotFetched("bad_url", "it is no URL") from error
    if place.protocol not in ("http:", "https:"):
        raise NotFetched("scheme_refused", "http and https alone are fetched")
    if place.username or place.password:
        raise NotFetched("credentials_refused", "a URL with a user or a password is not fetched")
    if place.port and int(place.port) < 1_024:
        raise NotFetched("port_refused", f"port {place.port} is for other services than the web's")
    return place


class Guarded(httpcore.AsyncNetworkBackend):
    """Connects to nothing but addresses that it has checked itself: the `network_backend` of a pool of
    httpcore's. `allowed`: see `is_allowed`."""

    def __init__(self, allowed: Sequence[Network] = (), resolve: Resolve | None = None) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolve or _resolved
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._addresses(host, port)
        if not addresses:
            raise NotFetched("unresolved", f"{host} has no address")
        if not all(is_allowed(address, self._allowed) for address in addresses):
            # All of them: a name that has both is an attempt.
            raise NotFetched("address_refused", f"{host} is not on the public Internet")
        error: Exception | None = None
        for address in addresses[:3]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as failed:
                error = failed
        assert error is not None
        raise error

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            return [str(ip_address(host.strip("[]")))]
        except ValueError:
            pass
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NotFetched("unresolved", f"{host} has no address") from error


async def _resolved(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
