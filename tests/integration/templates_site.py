"""The templates service as child processes, people who ask it over HTTP, and what Kafka says it did.

Every person has a user id of their own, so that what other tests left in the topics does not matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from autodmca_events import (
    Payload,
    TemplateApproval,
    TemplateUsage,
    TemplateValidation,
)
from autodmca_service.testing import Person, Process, processes

from tests.brokers import Broker

READY_S = 60.0
VARIABLES = ["work", "url", "name", "address", "phone", "email", "signature"]
WANTING = """Dear Sir or Madam,

My copyrighted work is {{ work }}. It is copied without permission at {{ url }}.

I have a good faith belief that use of the material in the manner complained of is not authorized by the
copyright owner, its agent, or the law.

You can reach me: {{ name }}, {{ address }}, {{ phone }}, {{ email }}.

Signed: {{ signature }}
"""
OATH = """
The information in this notification is accurate, and under penalty of perjury, I am the owner, or authorized
to act on behalf of the owner, of an exclusive right that is allegedly infringed.

Signed: """
COMPLETE = WANTING.replace("\nSigned: ", OATH)
VALUES = {
    "work": "the photograph 'Dawn'",
    "url": "https://example.com/stolen",
    "name": "Ada Okafor",
    "address": "1 Main Street, Springfield, IL 62701",
    "phone": "+1 217 555 0100",
    "email": "ada@example.com",
    "signature": "/s/ Ada Okafor",
}


@asynccontextmanager
async def replicas(broker: Broker, count: int) -> AsyncIterator[list[Process]]:
    """So many of the service, with workers that give up soon."""
    environ = {"WORKER_CPU_SECONDS": "1", "WORKER_COUNT": "2"}
    async with processes("templates", broker.bootstrap_servers, count, **environ) as running:
        yield running


def told(payload: Payload) -> tuple[Any, ...]:
    """What matters of an event, for comparing a whole story."""
    match payload:
        case TemplateValidation():
            return ("validation", payload.template_version, payload.valid, payload.missing_elements)
        case TemplateApproval():
            return ("approval", payload.template_version, payload.previous_status, payload.status)
        case TemplateUsage():
            return ("usage", payload.usage_count, payload.outcome, payload.acceptance_rate_percent)
    raise AssertionError(payload)


async def approved(replica: Process, author: Person, reviewer: Person) -> str:
    """A template that has come as far as approval; its id."""
    content = {"name": "Photo takedown", "kind": "takedown", "body": COMPLETE, "variables": VARIABLES}
    template_id: str = (await author.get(replica, "POST", "/v1/templates", content))["id"]
    assert (await author.get(replica, "POST", f"/v1/templates/{template_id}/validate"))["valid"]
    await author.get(replica, "POST", f"/v1/templates/{template_id}/submit")
    await reviewer.get(replica, "POST", f"/v1/templates/{template_id}/approve", {"comment": "Good."})
    return template_id
