"""From the state to responses, and from requests to contents. Pure; owns no bound and no rule."""

from __future__ import annotations

from autodmca_events import rfc3339

from autodmca_templates import api
from autodmca_templates.state import Content, Owned, Template, Version


def content(request: api.TemplateContent) -> Content:
    """What the author wrote, as the state holds it."""
    return Content(name=request.name, kind=request.kind, body=request.body, variables=request.variables)


def summary(owned: Owned) -> api.TemplateSummary:
    """A line of a list."""
    template = owned.template
    current = template.current
    return api.TemplateSummary(
        id=template.id,
        user_id=owned.user_id,
        name=current.content.name,
        kind=current.content.kind,
        status=template.status,
        version=current.number,
        usable_version=template.usable.number if template.usable else None,
        valid=current.report.valid if current.report else None,
        revision=template.revision,
        usage=_usage(template),
        created_at=rfc3339(template.created_at),
        updated_at=rfc3339(template.updated_at),
    )


def whole(owned: Owned) -> api.Template:
    """A template with its text."""
    template = owned.template
    line = summary(owned)
    return api.Template(
        **{name: getattr(line, name) for name in api.TemplateSummary.__struct_fields__},
        body=template.current.content.body,
        variables=template.current.content.variables,
        usable=_in_use(template),
        validation=validation(template.current),
        decision=_decision(template),
    )


def validation(version: Version) -> api.Validation | None:
    """The report on a version, if it has one."""
    report = version.report
    if report is None or version.validated_at is None:
        return None
    return api.Validation(
        template_version=version.number,
        template_kind=version.content.kind,
        valid=report.valid,
        score=report.score,
        present_elements=report.present_elements,
        missing_elements=report.missing_elements,
        undeclared_variables=report.undeclared_variables,
        findings=report.findings,
        validated_at=rfc3339(version.validated_at),
    )


def _in_use(template: Template) -> api.InUse | None:
    usable = template.usable
    if usable is None or usable.number == template.current.number:
        return None
    content = usable.content
    return api.InUse(version=usable.number, name=content.name, body=content.body, variables=content.variables)


def _usage(template: Template) -> api.Usage:
    return api.Usage(
        usage_count=template.usage_count,
        accepted_count=template.accepted_count,
        rejected_count=template.rejected_count,
        acceptance_rate_percent=template.acceptance_rate_percent,
    )


def _decision(template: Template) -> api.Decision | None:
    verdict = template.verdict
    if verdict is None:
        return None
    return api.Decision(
        status=verdict.status,
        version=verdict.version,
        user_id=verdict.actor_id,
        comment=verdict.comment,
        decided_at=rfc3339(verdict.at),
    )
