"""The templates service over HTTP, as its users call it: what can be asked of it, a method each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from autodmca_sandbox.calls import Calls
from autodmca_sandbox.people import Person


class TemplatesApi:
    """What people do with templates. Every method waits until the service has answered."""

    def __init__(self, http: httpx.AsyncClient, secret: str, *, first_pause_s: float = 0.2) -> None:
        self._calls = Calls(http, secret, "templates", first_pause_s=first_pause_s)

    async def create(self, author: Person, content: Mapping[str, object]) -> str:
        """Start a template; returns its id."""
        created = await self._ask(author, "POST", "", content)
        return str(created["id"])

    async def edit(self, author: Person, template_id: str, content: Mapping[str, object]) -> None:
        await self._ask(author, "PUT", f"/{template_id}", content)

    async def validate(self, author: Person, template_id: str) -> bool:
        """Have the template examined; returns whether it may enter review."""
        validation = await self._ask(author, "POST", f"/{template_id}/validate")
        return bool(validation["valid"])

    async def move(self, person: Person, template_id: str, step: str, comment: str | None = None) -> None:
        """Take a step of the workflow: submit, approve, request-changes, reject, appeal, ..."""
        await self._ask(person, "POST", f"/{template_id}/{step}", {"comment": comment} if comment else None)

    async def render(
        self, author: Person, template_id: str, submission_id: str, values: Mapping[str, object]
    ) -> str:
        """Use the template for a submission; returns the text."""
        body = {"submissionId": submission_id, "values": values}
        rendered = await self._ask(author, "POST", f"/{template_id}/render", body)
        return str(rendered["text"])

    async def outcome(self, author: Person, template_id: str, submission_id: str, outcome: str) -> None:
        """Say what became of a submission: sent, accepted or rejected."""
        body = {"submissionId": submission_id, "outcome": outcome}
        await self._ask(author, "POST", f"/{template_id}/outcome", body)

    async def _ask(
        self, person: Person, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        return await self._calls.ask(person, method, f"/v1/templates{path}", body)
