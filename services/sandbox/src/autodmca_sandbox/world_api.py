"""The outside world over HTTP, as its people change it: what can be done in it, a method each."""

from __future__ import annotations

import httpx


class WorldApi:
    """`http` reaches the world at the address that the services find it at."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def join(self, number: int) -> None:
        """Have a person, by number, on the social networks, with everybody who passes themselves off as them.
        Raises httpx.HTTPError."""
        (await self._http.post("/sandbox/persons", json={"number": number})).raise_for_status()
