"""Accounts as child processes, with the real templates and delisting beside it and the sandbox's engines.

The world runs in the test's own loop, so that it outlives every process that is killed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, NamedTuple

from autodmca_events import Envelope, SubmissionStatusChange
from autodmca_service.testing import Person, processes
from autodmca_service.testing.processes import Process

from tests.brokers import Broker
from tests.integration import delisting_site, templates_site

ENDED = {"completed", "failed", "cancelled"}


class Site(NamedTuple):
    """`replicas` are those of accounts."""

    replicas: list[Process]
    templates: Process
    delisting: delisting_site.Site

    async def rules(self, engine: str, wanted: dict[str, str]) -> None:
        """Say what becomes of URLs at an engine."""
        told = [
            {"engine": engine, "url": url, "outcome": outcome, "reason": "so it was told"}
            for url, outcome in wanted.items()
        ]
        await self.delisting.told("rules", told)


@asynccontextmanager
async def site(broker: Broker, count: int = 1, **environ: str) -> AsyncIterator[Site]:
    """All of them, ready; `environ` is that of accounts."""
    async with (
        delisting_site.site(broker) as delisting,
        templates_site.replicas(broker, 1) as templates,
        processes("accounts", broker.bootstrap_servers, count, **environ) as replicas,
    ):
        yield Site(replicas, templates[0], delisting)


class Account:
    """Somebody with a profile and a template that may be used."""

    def __init__(self, person: Person, profile_id: int, template_id: str) -> None:
        self.person = person
        self.profile_id = profile_id
        self.template_id = template_id

    @classmethod
    async def opened(cls, at: Site, person: Person, reviewer: Person) -> Account:
        template_id = await templates_site.approved(at.templates, person, reviewer)
        profile = await person.get(at.replicas[0], "POST", "/v1/profiles", {"name": "Ada", "watched": False})
        return cls(person, profile["id"], template_id)

    def submission(self, urls: Sequence[str], *engines: str) -> dict[str, Any]:
        """What is sent to submit these."""
        return {
            "profileId": self.profile_id,
            "templateId": self.template_id,
            "values": templates_site.VALUES,
            "urls": list(urls),
            "engines": list(engines),
        }


def statuses(events: Sequence[Envelope], name: str) -> list[str]:
    """The statuses that a submission went through, as its events tell."""
    moves = [
        (event.payload.previous_status, event.payload.status)
        for event in events
        if isinstance(event.payload, SubmissionStatusChange) and event.payload.id == name
    ]
    for (_, reached), (left, _) in pairwise(moves):
        assert reached == left, moves
    return [moves[0][0], *(status for _, status in moves)] if moves else []
