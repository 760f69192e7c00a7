"""A service over HTTP, as its users call it: with a token, and again when it is away.

A request that got no answer, or one that says "later", is repeated with the same Idempotency-Key until it
is answered, so that a restart of the service loses no step and doubles none. Raises `Refused` for every
other refusal. Keeps no state but each person's token.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import structlog

from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import TOKEN_LIFETIME_S, Person, token_for

LATER = frozenset({429, 502, 503, 504})
LONGEST_PAUSE_S = 5.0

log = structlog.get_logger()


class Form(NamedTuple):
    """A multipart form: its fields, and the name and the bytes of its `file`."""

    fields: Mapping[str, str]
    file: tuple[str, bytes] | None = None


class Calls:
    """The calls to the service that `http` reaches; `name` is for the log."""

    def __init__(
        self, http: httpx.AsyncClient, secret: str, name: str, *, first_pause_s: float = 0.2
    ) -> None:
        self._http = http
        self._secret = secret
        self._name = name
        self._first_pause_s = first_pause_s
        self._tokens: dict[int, tuple[str, float]] = {}

    async def ask(
        self,
        person: Person,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        form: Form | None = None,
    ) -> dict[str, Any]:
        """What the answer holds; waits until there is one."""
        answer = await self.answer(person, method, path, body, form)
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    async def answer(
        self,
        person: Person,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        form: Form | None = None,
    ) -> httpx.Response:
        """The answer, a success. With a form, that is the body."""
        files = None if form is None else {name: (None, text) for name, text in form.fields.items()}
        if form is not None and files is not None and form.file is not None:
            files["file"] = form.file  # type: ignore[assignment]
        key = uuid.uuid4().hex
        pause = self._first_pause_s
        while True:
            headers = {"Authorization": f"Bearer {self._token(person)}", "Idempotency-Key": key}
            try:
                answer = await self._http.request(method, path, json=body, files=files, headers=headers)
                reason = f"status {answer.status_code}"
            except httpx.TransportError as error:
                answer, reason = None, type(error).__name__
            if answer is not None and answer.is_success:
                return answer
            if answer is not None and answer.status_code not in LATER:
                raise Refused(method, path, answer.status_code, answer.text)
            log.info(f"{self._name} service is away, waiting for it", reason=reason, pause_s=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _token(self, person: Person) -> str:
        token, good_until = self._tokens.get(person.user_id, ("", 0.0))
        if time.time() > good_until:
            token = token_for(person, self._secret)
            self._tokens[person.user_id] = (token, time.time() + TOKEN_LIFETIME_S / 2)
        return token
