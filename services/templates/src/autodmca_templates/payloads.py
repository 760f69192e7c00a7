"""The three events of this service, made from what the model has decided.

Owns the translation from our state to the published payloads and nothing else; every builder is pure.
"""

from __future__ import annotations

from typing import cast

from autodmca_events import (
    SyntaxFault,
    TemplateApproval,
    TemplateUsage,
    TemplateValidation,
    TemplateWarning,
    rfc3339,
)
from autodmca_events.templates import NoticeElement, TemplateStatus

from autodmca_templates.report import Report
from autodmca_templates.state import Template, Use, Version

_HAVE_THEIR_OWN_FIELD = frozenset(
    {"syntax_error", "undeclared_variable", "missing_element", "present_element"}
)


def validation(template_id: str, version: Version, report: Report, now_ms: int) -> TemplateValidation:
    """What the examination of this version found."""
    faults = report.of("syntax_error")
    return TemplateValidation(
        template_id=template_id,
        name=version.content.name,
        template_version=version.number,
        template_kind=version.content.kind,
        valid=report.valid,
        score=report.score,
        missing_elements=cast("tuple[NoticeElement, ...]", report.missing_elements),
        present_elements=cast("tuple[NoticeElement, ...]", report.present_elements),
        undeclared_variables=report.undeclared_variables,
        warnings=tuple(
            TemplateWarning(code=finding.code, message=finding.reason, line=finding.line)
            for finding in report.findings
            if finding.code not in _HAVE_THEIR_OWN_FIELD
        ),
        syntax_error=SyntaxFault(message=faults[0].reason, line=faults[0].line) if faults else None,
        validated_at=rfc3339(now_ms),
    )


def approval(
    template: Template,
    previous: TemplateStatus,
    now_ms: int,
    *,
    reviewer_id: int | None = None,
    comment: str | None = None,
) -> TemplateApproval:
    """`template` has just left the status `previous`; `reviewer_id` only where a reviewer decided."""
    return TemplateApproval(
        template_id=template.id,
        name=template.current.content.name,
        template_version=template.current.number,
        previous_status=previous,
        status=template.status,
        reviewer_id=reviewer_id,
        comment=comment,
        decided_at=rfc3339(now_ms),
    )


def usage(template: Template, use: Use, now_ms: int) -> TemplateUsage:
    """`use` has just come to its outcome; the counts are the template's after it."""
    named = template.usable or template.current
    return TemplateUsage(
        template_id=template.id,
        name=named.content.name,
        template_version=use.version,
        usage_count=template.usage_count,
        submission_id=use.submission_id,
        rendered_length=use.rendered_length,
        outcome=use.outcome,
        acceptance_rate_percent=template.acceptance_rate_percent,
        used_at=rfc3339(now_ms),
    )
