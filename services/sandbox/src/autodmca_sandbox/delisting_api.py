"""The delisting service over HTTP, as its users call it: what can be asked of it, a method each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from autodmca_sandbox.calls import Calls
from autodmca_sandbox.people import Person

PATH = "/v1/requests"


class DelistingApi:
    """What people do with requests. Every method waits until the service has answered."""

    def __init__(self, http: httpx.AsyncClient, secret: str, *, first_pause_s: float = 0.2) -> None:
        self._calls = Calls(http, secret, "delisting", first_pause_s=first_pause_s)

    async def create(self, person: Person, body: Mapping[str, object]) -> dict[str, Any]:
        """Begin a request."""
        return await self._calls.ask(person, "POST", PATH, body)

    async def read(self, person: Person, request_id: str) -> dict[str, Any]:
        return await self._calls.ask(person, "GET", f"{PATH}/{request_id}")

    async def urls(self, person: Person, request_id: str) -> list[dict[str, Any]]:
        """The first page of outcomes."""
        page = await self._calls.ask(person, "GET", f"{PATH}/{request_id}/urls?limit=200")
        items: list[dict[str, Any]] = page["items"]
        return items

    async def appeal(self, person: Person, request_id: str, text: str) -> None:
        await self._calls.ask(person, "POST", f"{PATH}/{request_id}/appeal", {"text": text})

    async def packet(self, person: Person, request_id: str) -> bytes:
        """What is to be filed by hand."""
        answer = await self._calls.answer(person, "GET", f"{PATH}/{request_id}/packet")
        return answer.content

    async def report(
        self,
        person: Person,
        request_id: str,
        progress: str,
        *,
        reference: str | None = None,
        outcomes: Sequence[Mapping[str, object]] = (),
    ) -> None:
        """Say how the first part stands that was filed by hand."""
        body = {"part": 1, "progress": progress, "externalReference": reference, "outcomes": list(outcomes)}
        await self._calls.ask(person, "POST", f"{PATH}/{request_id}/report", body)

    async def resubmit_relisted(self, person: Person) -> None:
        """Have relisted URLs open new requests by themselves."""
        await self._calls.ask(person, "PUT", "/v1/delisting/preferences", {"resubmitRelisted": True})
