"""The accounts service over HTTP, as its users call it: what can be asked of it, a method each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from autodmca_sandbox.calls import Calls
from autodmca_sandbox.people import Person


class AccountsApi:
    """What people do with profiles, submissions and notifications. Every method waits for the answer."""

    def __init__(self, http: httpx.AsyncClient, secret: str, *, first_pause_s: float = 0.2) -> None:
        self._calls = Calls(http, secret, "accounts", first_pause_s=first_pause_s)

    async def create_profile(self, person: Person, body: Mapping[str, object]) -> int:
        """Have a profile protected; returns its number."""
        return int((await self._calls.ask(person, "POST", "/v1/profiles", body))["id"])

    async def edit_profile(self, person: Person, number: int, body: Mapping[str, object]) -> None:
        """Replace what is known of a profile."""
        await self._calls.ask(person, "PUT", f"/v1/profiles/{number}", body)

    async def profiles(self, person: Person) -> list[dict[str, Any]]:
        """The newest."""
        page = await self._calls.ask(person, "GET", "/v1/profiles?limit=200")
        return list(page["items"])

    async def submit(self, person: Person, body: Mapping[str, object]) -> dict[str, Any]:
        """Send a notice to engines."""
        return await self._calls.ask(person, "POST", "/v1/submissions", body)

    async def submission(self, person: Person, name: str) -> dict[str, Any]:
        """How it stands."""
        return await self._calls.ask(person, "GET", f"/v1/submissions/{name}")

    async def cancel(self, person: Person, name: str) -> None:
        """Take back what is not decided."""
        await self._calls.ask(person, "POST", f"/v1/submissions/{name}/cancel", {})

    async def retry(self, person: Person, name: str) -> None:
        """Do again what failed."""
        await self._calls.ask(person, "POST", f"/v1/submissions/{name}/retry", {})

    async def trail(self, person: Person, name: str) -> str:
        """The audit trail, as text."""
        return (await self._calls.answer(person, "GET", f"/v1/submissions/{name}/audit.txt")).text

    async def read_notifications(self, person: Person) -> None:
        """Say that all of them have been read."""
        await self._calls.ask(person, "POST", "/v1/notifications/read", {})

    async def announce(self, person: Person, body: Mapping[str, object]) -> None:
        """Say something to everybody, as an administrator."""
        await self._calls.ask(person, "POST", "/v1/system-notifications", body)
