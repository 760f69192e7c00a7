"""What can be asked of the model: the input records.

What other services send, too, is `autodmca_events.requests.templates`'s. Each command names its template
and who asks; the user it is keyed by owns the template. Whatever takes time or luck (rendering, examining,
random ids) has happened before a command is written, and its result is in it. A new field is optional, so
that old records go on being read.
"""

from __future__ import annotations

from typing import Literal

from autodmca_events import requests
from autodmca_events.requests.templates import RenderTemplate, ValidateTemplate
from autodmca_events.requests.templates import Resolve as Resolve
from autodmca_service.commands import Refusal
from autodmca_service.receipts import Answer

from autodmca_templates.report import Report
from autodmca_templates.state import Content

Transition = Literal["submit", "approve", "request-changes", "reject", "appeal", "deprecate", "archive"]


class Command(requests.Command, frozen=True, kw_only=True):
    """What every command on a template has."""

    template_id: str


class Create(Command, frozen=True, kw_only=True, tag="create"):
    """Start a template in draft, at version 1."""

    content: Content


class Edit(Command, frozen=True, kw_only=True, tag="edit"):
    """Replace the content. `expected_revision` is the caller's If-Match."""

    content: Content
    expected_revision: int | None = None


class Validate(Command, frozen=True, kw_only=True, tag="validate"):
    """Record what an examination of the content with this digest found."""

    digest: str
    report: Report


class Move(Command, frozen=True, kw_only=True, tag="move"):
    """Take one step of the workflow. `version` is the one the caller has read, if it says so."""

    transition: Transition
    comment: str | None = None
    version: int | None = None


class Render(Command, frozen=True, kw_only=True, tag="render"):
    """Count a use: the usable version was rendered for a submission, to this many characters."""

    version: int
    submission_id: str
    rendered_length: int
    answer: Answer | None = None
    """What a request with an Idempotency-Key is answered with, if that is small enough to be kept."""


class Rendered(Command, frozen=True, kw_only=True, tag="rendered"):
    """Checkpoint: the text that an order asks for, of this version."""

    order_id: str
    version: int
    text: str


class Examined(Command, frozen=True, kw_only=True, tag="examined"):
    """Checkpoint: the report that an order asks for, on the content with this digest."""

    order_id: str
    digest: str
    report: Report


class Failed(Command, frozen=True, kw_only=True, tag="failed"):
    """Checkpoint: what an order asks for cannot be done."""

    order_id: str
    refusal: Refusal


Deed = Create | Edit | Validate | Move | Render | Resolve
Ordered = RenderTemplate | ValidateTemplate
Done = Rendered | Examined | Failed
AnyCommand = Deed | Ordered | Done
