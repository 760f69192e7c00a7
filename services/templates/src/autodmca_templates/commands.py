"""What can be asked of the model (the input records) and what it answers (the outcome records).

Each command names its template and who asks; the user it is keyed by owns the template. Whatever
takes time or luck (rendering, examining, random ids) has happened before a command is
written, and its result is in it. A new field is optional, so that old records go on being read.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec
from autodmca_events.templates import UsageOutcome
from msgspec import Struct

from autodmca_templates.report import Report
from autodmca_templates.state import Content

Transition = Literal["submit", "approve", "request-changes", "reject", "appeal", "deprecate", "archive"]
Refused = Literal["not_found", "forbidden", "conflict", "precondition", "key_reused"]


class Actor(Struct, frozen=True, rename="camel"):
    """Who asks: the token's user and roles."""

    user_id: int
    roles: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    @property
    def is_reviewer(self) -> bool:
        return self.is_admin or "reviewer" in self.roles


class Command(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="command"):
    """What every command has. `key` is the caller's Idempotency-Key, if it sent one."""

    template_id: str
    actor: Actor
    key: str | None = None

    @property
    def fingerprint(self) -> str:
        """Equal for two requests that ask the same; what a replica measured or found does not count."""
        asked = {"command": type(self).__name__, "templateId": self.template_id, **self._asked()}
        return hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()[:24]

    def _asked(self) -> dict[str, object]:
        return {}


class Create(Command, frozen=True, kw_only=True, tag="create"):
    """Start a template in draft, at version 1."""

    content: Content

    def _asked(self) -> dict[str, object]:
        return {"content": self.content.digest}


class Edit(Command, frozen=True, kw_only=True, tag="edit"):
    """Replace the content. `expected_revision` is the caller's If-Match."""

    content: Content
    expected_revision: int | None = None

    def _asked(self) -> dict[str, object]:
        return {"content": self.content.digest}


class Validate(Command, frozen=True, kw_only=True, tag="validate"):
    """Record what an examination of the content with this digest found."""

    digest: str
    report: Report


class Move(Command, frozen=True, kw_only=True, tag="move"):
    """Take one step of the workflow. `version` is the one the caller has read, if it says so."""

    transition: Transition
    comment: str | None = None
    version: int | None = None

    def _asked(self) -> dict[str, object]:
        return {"transition": self.transition, "comment": self.comment, "version": self.version}


class Render(Command, frozen=True, kw_only=True, tag="render"):
    """Count a use: the usable version was rendered for a submission, to this many characters."""

    version: int
    submission_id: str
    rendered_length: int

    def _asked(self) -> dict[str, object]:
        return {"submissionId": self.submission_id}


class Resolve(Command, frozen=True, kw_only=True, tag="resolve"):
    """Say what became of a use."""

    submission_id: str
    outcome: UsageOutcome

    def _asked(self) -> dict[str, object]:
        return {"submissionId": self.submission_id, "outcome": self.outcome}


AnyCommand = Create | Edit | Validate | Move | Render | Resolve


class FieldError(Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field; `line` where the field is a template's body."""

    field: str
    reason: str
    line: int | None = None


class Refusal(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why a command changed nothing. `code` is stable, `detail` is for people."""

    refused: Refused
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()


class Outcome(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer to a command: the template's revision after it, or the refusal.

    `replayed` says that the same request had been applied before and nothing was done now.
    """

    template_id: str
    revision: int = 0
    replayed: bool = False
    refusal: Refusal | None = None
