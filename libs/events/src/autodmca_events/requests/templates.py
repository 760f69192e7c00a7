"""What templates may be asked by other services. What comes of it takes time: the outcome is written when it
is there, and has `results.Rendered` or `results.Examined`."""

from typing import Annotated, Any

from msgspec import Meta, field

from autodmca_events.requests.command import Command
from autodmca_events.templates import UsageOutcome

TemplateId = Annotated[str, Meta(min_length=1, max_length=200)]
SubmissionId = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$", description="Of the caller's choosing."),
]
Values = Annotated[
    dict[str, Any],
    Meta(max_length=200, description="By the variable's name: texts, numbers, booleans, lists and objects."),
]


class RenderTemplate(Command, frozen=True, kw_only=True, tag="render_template"):
    """Render the usable version for a submission, which counts as a use of it. Refused where there is none,
    or where the template does not run with these values."""

    template_id: TemplateId
    submission_id: SubmissionId
    values: Values = field(default_factory=dict)


class ValidateTemplate(Command, frozen=True, kw_only=True, tag="validate_template"):
    """Examine the current version, whatever its status, and record the report."""

    template_id: TemplateId


class Resolve(Command, frozen=True, kw_only=True, tag="resolve"):
    """Say what became of a use."""

    template_id: TemplateId
    submission_id: SubmissionId
    outcome: UsageOutcome
