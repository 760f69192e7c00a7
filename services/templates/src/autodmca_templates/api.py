"""The bodies of HTTP requests and responses; the OpenAPI document is generated from these structs.

Owns the wire form and the bounds of every field. Requests refuse fields they do not know, so that a slip
of the pen is named instead of ignored. Never decides anything.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from autodmca_events import Timestamp
from autodmca_events.requests.templates import SubmissionId
from autodmca_events.templates import TemplateKind, TemplateStatus
from autodmca_service.http.problems import Problem as Problem
from autodmca_service.http.shapes import Body, View
from msgspec import Meta, field

from autodmca_templates.report import Finding

MAX_TEXT_CHARACTERS = 1_000_000

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", description="For people.")]
VariableName = Annotated[
    str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$", description="As Jinja spells it: `work_title`.")
]
Comment = Annotated[str, Meta(max_length=2_000, description="Why; the author reads it.")]


class TemplateContent(Body, frozen=True, kw_only=True):
    """A template as its author writes it."""

    name: Name
    kind: Annotated[TemplateKind, Meta(description="Decides which elements the law asks for.")]
    body: Annotated[
        str, Meta(min_length=1, description="Jinja, rendered as plain text; at most 262,144 bytes as JSON.")
    ]
    variables: Annotated[
        tuple[VariableName, ...],
        Meta(max_length=200, description="Every name the body takes from outside."),
    ] = ()


class MoveRequest(Body, frozen=True, kw_only=True):
    """A step of the workflow. The body may be left out."""

    comment: Comment | None = None
    version: (
        Annotated[
            int, Meta(ge=1, description="The version that was read; 409 when it is another one by now.")
        ]
        | None
    ) = None


class RenderRequest(Body, frozen=True, kw_only=True):
    """Values for a template's variables, and what the text is for."""

    values: Annotated[
        dict[str, Any],
        Meta(description="By the variable's name: texts, numbers, booleans, lists and objects."),
    ] = field(default_factory=dict)
    submission_id: SubmissionId | None = None
    """The submission that will carry the text; made up if absent."""
    preview: Annotated[
        bool, Meta(description="Render the current version, whatever its status; counts as no use.")
    ] = False


class OutcomeRequest(Body, frozen=True, kw_only=True):
    """What became of a submission that was rendered from the template."""

    submission_id: SubmissionId
    outcome: Literal["sent", "accepted", "rejected"]


class AnalyseRequest(Body, frozen=True, kw_only=True):
    """A notice, as text."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARACTERS)]


class Validation(View, frozen=True, kw_only=True):
    """The report on one version. `score` is the share of the elements asked for that are there, 0-1.

    Every finding says where (lines of the body), why, and, of an element, which paragraph asks for it.
    """

    template_version: int
    template_kind: TemplateKind
    valid: bool
    score: float
    present_elements: tuple[str, ...]
    missing_elements: tuple[str, ...]
    undeclared_variables: tuple[str, ...]
    findings: tuple[Finding, ...]
    validated_at: Timestamp


class Decision(View, frozen=True, kw_only=True):
    """The latest change of status."""

    status: TemplateStatus
    version: int
    user_id: int
    comment: str | None = None
    decided_at: Timestamp


class Usage(View, frozen=True, kw_only=True):
    """How often the template was used, and how its notices fared."""

    usage_count: int
    accepted_count: int
    rejected_count: int
    acceptance_rate_percent: float | None = None


class TemplateSummary(View, frozen=True, kw_only=True):
    """A template without its text. `version` and `status` are the newest's; `usable_version` renders."""

    id: str
    user_id: int
    name: str
    kind: TemplateKind
    status: TemplateStatus
    version: int
    usable_version: int | None = None
    valid: Annotated[
        bool | None, Meta(description="Absent until this version has been validated as it stands.")
    ] = None
    revision: int
    usage: Usage
    created_at: Timestamp
    updated_at: Timestamp


class InUse(View, frozen=True, kw_only=True):
    """The content of the version that renders."""

    version: int
    name: str
    body: str
    variables: tuple[str, ...]


class Template(TemplateSummary, frozen=True, kw_only=True):
    """A template. `revision` is its ETag: it changes with every change. `usable`: the version in use,
    where the newest is another one."""

    body: str
    variables: tuple[str, ...]
    usable: InUse | None = None
    validation: Validation | None = None
    decision: Decision | None = None


class TemplatePage(View, frozen=True, kw_only=True):
    """Newest first. `next_cursor` is absent on the last page."""

    items: tuple[TemplateSummary, ...]
    next_cursor: str | None = None


class Rendering(View, frozen=True, kw_only=True):
    """A rendered text. `length` counts characters; `submission_id` is absent from a preview."""

    template_id: str
    version: int
    text: str
    length: int
    preview: bool
    submission_id: str | None = None
