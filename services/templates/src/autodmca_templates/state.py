"""What the service remembers: a template with its versions, and one use per submission that renders it.

These structs are the values of the compacted state topic, under the owner's user id and the entity's id
(`template.id`, `use_key` for a use, an order's own; `receipts` names its own). A use is an entity of its own,
so that a template that is used a hundred thousand times stays as small as one that is not. Nothing here
decides anything; see `model`.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import msgspec
from autodmca_events.templates import TemplateKind, TemplateStatus, UsageOutcome
from autodmca_kafka import Asked
from autodmca_service.commands import Actor
from autodmca_service.receipts import Receipt, Receipts
from msgspec import Struct

from autodmca_templates.report import Report


class Content(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an author writes. `variables` declares the names that `body` may take from outside."""

    name: str
    kind: TemplateKind
    body: str
    variables: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names exactly this content; a validation counts for the digest it was made on."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:24]


class Version(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One numbered content, from 1. `report` is absent until this very content has been validated."""

    number: int
    content: Content
    report: Report | None = None
    validated_at: int | None = None
    """Milliseconds since the epoch, as every time in the state."""


class Verdict(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The latest change of status: who made it, when, and in which words."""

    status: TemplateStatus
    version: int
    actor_id: int
    at: int
    comment: str | None = None


class Template(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="entity", tag="template"
):
    """A template of the user it is stored under.

    `current` is the newest version and `status` is its status. `usable` is the version that renders for
    real: the approved one, which stays while a newer one is written and reviewed; absent before the
    first approval.
    `revision` counts every change of anything here, from 1.
    """

    id: str
    revision: int
    status: TemplateStatus
    current: Version
    created_at: int
    updated_at: int
    usable: Version | None = None
    verdict: Verdict | None = None
    usage_count: int = 0
    accepted_count: int = 0
    rejected_count: int = 0

    @property
    def acceptance_rate_percent(self) -> float | None:
        """Accepted among the decided uses, 0-100 with two decimals; None while none is decided."""
        decided = self.accepted_count + self.rejected_count
        return round(100 * self.accepted_count / decided, 2) if decided else None


class Owned(NamedTuple):
    """A template and whose it is."""

    user_id: int
    template: Template


class Use(Struct, frozen=True, kw_only=True, rename="camel", tag_field="entity", tag="use"):
    """One submission's use of a template: the version it got and what became of it."""

    template_id: str
    submission_id: str
    version: int
    rendered_length: int
    """Characters of the rendered text."""
    outcome: UsageOutcome
    used_at: int


class Order(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="entity", tag="order"
):
    """What another service asked for and is not done yet: to render for a submission, or (without one) to
    examine. `asked`: who is told; `run`: see `Context.is_late`."""

    id: str
    template_id: str
    actor: Actor
    asked: Asked | None = None
    submission_id: str | None = None
    values: dict[str, Any] = {}
    ordered_at: int
    run: int


Entity = Template | Use | Order | Receipt | Receipts


def use_key(template_id: str, submission_id: str) -> str:
    """The entity id of a use; a template's own id never contains the separator."""
    return f"{template_id}:{submission_id}"
