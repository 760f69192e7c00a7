"""The templates service over HTTP, as its users call it: with a token, and again when it is away.

A request that got no answer, or one that says "later", is repeated with the same Idempotency-Key until it
is answered, so that a restart of the service loses no step and doubles none. Raises `Refused` for every
other refusal. Keeps no state but each person's token.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import structlog

from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import TOKEN_LIFETIME_S, Person, token_for

LATER = frozenset({429, 502, 503, 504})
LONGEST_PAUSE_S = 5.0

log = structlog.get_logger()


class TemplatesApi:
    """What people do with templates. Every method waits until the service has answered."""

    def __init__(self, http: httpx.AsyncClient, secret: str, *, first_pause_s: float = 0.2) -> None:
        self._http = http
        self._secret = secret
        self._first_pause_s = first_pause_s
        self._tokens: dict[int, tuple[str, float]] = {}

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
        key = uuid.uuid4().hex
        pause = self._first_pause_s
        while True:
            headers = {"Authorization": f"Bearer {self._token(person)}", "Idempotency-Key": key}
            try:
                answer = await self._http.request(method, f"/v1/templates{path}", json=body, headers=headers)
                reason = f"status {answer.status_code}"
            except httpx.TransportError as error:
                answer, reason = None, type(error).__name__
            if answer is not None and answer.is_success:
                content: dict[str, Any] = answer.json() if answer.content else {}
                return content
            if answer is not None and answer.status_code not in LATER:
                raise Refused(method, path, answer.status_code, answer.text)
            log.info("templates service is away, waiting for it", reason=reason, pause_s=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _token(self, person: Person) -> str:
        token, good_until = self._tokens.get(person.user_id, ("", 0.0))
        if time.time() > good_until:
            token = token_for(person, self._secret)
            self._tokens[person.user_id] = (token, time.time() + TOKEN_LIFETIME_S / 2)
        return token
