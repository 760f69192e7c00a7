"""Payloads of the templates service: validation, approval, usage of notice templates."""

from typing import Literal

from autodmca_events.payload import Payload
from autodmca_events.scalars import Count, Id, NumericId, Ordinal, Percent, Score
from autodmca_events.timestamps import Timestamp

TemplateKind = Literal["takedown", "counter_notice", "retraction", "anti_circumvention"]
TemplateStatus = Literal[
    "draft",
    "in_review",
    "approved",
    "changes_requested",
    "rejected",
    "in_appeal",
    "deprecated",
    "archived",
]
NoticeElement = Literal[
    # 17 U.S.C. 512(c)(3)(A)(i)-(vi)
    "signature",
    "workIdentification",
    "materialLocation",
    "contactInfo",
    "goodFaith",
    "accuracy",
    "perjuryAuthority",
    # 17 U.S.C. 512(g)(3)(A)-(D)
    "cnSignature",
    "cnMaterial",
    "cnPerjuryMistake",
    "cnContact",
    "cnJurisdiction",
    "cnService",
]
UsageOutcome = Literal["rendered", "sent", "accepted", "rejected"]


class TemplateWarning(Payload, frozen=True, kw_only=True):
    """Something in a template that a person should look at."""

    code: Id
    message: str
    line: Ordinal | None = None


class SyntaxFault(Payload, frozen=True, kw_only=True):
    """Where a template stops being one."""

    message: str
    line: Ordinal


class TemplateValidation(Payload, frozen=True, kw_only=True):
    """What validation found in one version of a template."""

    template_id: Id
    name: str
    template_version: Ordinal
    template_kind: TemplateKind
    valid: bool
    score: Score
    missing_elements: tuple[NoticeElement, ...]
    present_elements: tuple[NoticeElement, ...]
    undeclared_variables: tuple[str, ...]
    warnings: tuple[TemplateWarning, ...]
    syntax_error: SyntaxFault | None = None
    validated_at: Timestamp


class TemplateApproval(Payload, frozen=True, kw_only=True):
    """A template moved from one status of its review to another."""

    template_id: Id
    name: str
    template_version: Ordinal
    previous_status: TemplateStatus
    status: TemplateStatus
    reviewer_id: NumericId | None = None
    comment: str | None = None
    decided_at: Timestamp


class TemplateUsage(Payload, frozen=True, kw_only=True):
    """A template was used, or what became of a notice made from it."""

    template_id: Id
    name: str
    template_version: Ordinal
    usage_count: Count
    submission_id: Id | None = None
    rendered_length: Count
    outcome: UsageOutcome | None = None
    acceptance_rate_percent: Percent | None = None
    used_at: Timestamp
