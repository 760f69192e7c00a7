"""The AI detection service over HTTP, as its users call it: what can be asked of it, a method each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from autodmca_sandbox.calls import Calls, Form
from autodmca_sandbox.people import Person


class DetectionApi:
    """What people do about copies of their pictures. Every method waits until the service has answered."""

    def __init__(self, http: httpx.AsyncClient, secret: str, *, first_pause_s: float = 0.2) -> None:
        self._calls = Calls(http, secret, "AI detection", first_pause_s=first_pause_s)

    async def add_reference(
        self, person: Person, profile_id: int, title: str, picture: bytes, examples: int
    ) -> str:
        """Have copies of a picture found, and so many made to learn from; the reference's id."""
        form = Form({"title": title, "examples": str(examples)}, (f"{title}.jpg", picture))
        made = await self._calls.ask(person, "POST", f"/v1/profiles/{profile_id}/references", form=form)
        return str(made["id"])

    async def detect(self, person: Person, profile_id: int, url: str) -> str:
        """Have a URL looked at; the detection's id."""
        form = Form({"profileId": str(profile_id), "url": url})
        return str((await self._calls.ask(person, "POST", "/v1/detections", form=form))["id"])

    async def detection(self, person: Person, detection_id: str) -> dict[str, Any]:
        """How a detection stands."""
        return await self._calls.ask(person, "GET", f"/v1/detections/{detection_id}")

    async def judge(self, person: Person, detection_id: str, *, copy: bool) -> None:
        """Say whether it is a copy."""
        await self._calls.ask(person, "POST", f"/v1/detections/{detection_id}/feedback", {"copy": copy})

    async def batch(self, person: Person, profile_id: int, urls: Sequence[str]) -> str:
        """Have many URLs looked at; the batch's id."""
        body = {"profileId": profile_id, "urls": list(urls)}
        return str((await self._calls.ask(person, "POST", "/v1/batches", body))["id"])

    async def train(self, person: Person, epochs: int) -> str:
        """Have a model fitted; its id."""
        return str((await self._calls.ask(person, "POST", "/v1/models", {"epochs": epochs}))["id"])

    async def model(self, person: Person, model_id: str) -> dict[str, Any]:
        """How a model stands."""
        return await self._calls.ask(person, "GET", f"/v1/models/{model_id}")

    async def activate(self, person: Person, model_id: str) -> None:
        """Have a model judge. Raises Refused for one that is worse than the one before."""
        await self._calls.ask(person, "POST", f"/v1/models/{model_id}/activate", {})
