"""The social media service over HTTP, as its users call it: what can be asked of it, a method each."""

from __future__ import annotations

from typing import Any

import httpx

from autodmca_sandbox.calls import Calls
from autodmca_sandbox.people import Person


class SocialApi:
    """What people do about impersonators. Every method waits until the service has answered."""

    def __init__(self, http: httpx.AsyncClient, secret: str, *, first_pause_s: float = 0.2) -> None:
        self._calls = Calls(http, secret, "social media", first_pause_s=first_pause_s)

    async def watches(self, person: Person) -> list[dict[str, Any]]:
        """The profiles that are watched, newest first."""
        return list((await self._calls.ask(person, "GET", "/v1/watches"))["items"])

    async def scan(self, person: Person, profile_id: int) -> None:
        """Scan now."""
        await self._calls.ask(person, "POST", "/v1/scans", {"profileId": profile_id})

    async def incidents(self, person: Person, status: str) -> list[dict[str, Any]]:
        """The newest of a status."""
        page = await self._calls.ask(person, "GET", f"/v1/incidents?status={status}&limit=200")
        items: list[dict[str, Any]] = page["items"]
        return items

    async def decide(self, person: Person, incident_id: str, deed: str) -> dict[str, Any]:
        """Report an incident, or set it aside; how it stands then."""
        return await self._calls.ask(person, "POST", f"/v1/incidents/{incident_id}/{deed}", {})
