"""The workflow of a template as a table: which step leads from which status to which, and who may take it.

The table is the whole rule; `model` asks it and refuses what it does not list. Editing is a step too,
but has its own function because it also decides whether a new version begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from autodmca_events.templates import TemplateStatus, UsageOutcome

from autodmca_templates.commands import Transition

Who = Literal["author", "reviewer", "author_or_admin"]


class Step(NamedTuple):
    """A step leads to `to` from each status in `sources`; `who` may take it."""

    sources: frozenset[TemplateStatus]
    to: TemplateStatus
    who: Who


def _step(who: Who, to: TemplateStatus, *sources: TemplateStatus) -> Step:
    return Step(frozenset(sources), to, who)


STEPS: Mapping[Transition, Step] = MappingProxyType(
    {
        "submit": _step("author", "in_review", "draft"),
        "approve": _step("reviewer", "approved", "in_review", "in_appeal"),
        "request-changes": _step("reviewer", "changes_requested", "in_review"),
        "reject": _step("reviewer", "rejected", "in_review", "in_appeal"),
        "appeal": _step("author", "in_appeal", "rejected"),
        "deprecate": _step("author_or_admin", "deprecated", "approved"),
        "archive": _step("author_or_admin", "archived", "deprecated"),
    }
)

EDITABLE: frozenset[TemplateStatus] = frozenset({"draft", "changes_requested", "rejected", "approved"})
"""Statuses in which the content may be replaced; each leads to draft."""

NEXT_OUTCOMES: Mapping[UsageOutcome, frozenset[UsageOutcome]] = MappingProxyType(
    {
        "rendered": frozenset({"sent", "accepted", "rejected"}),
        "sent": frozenset({"accepted", "rejected"}),
        "accepted": frozenset(),
        "rejected": frozenset(),
    }
)
"""What may become of a use, from what it is; accepted and rejected are final."""


def begins_version(status: TemplateStatus) -> bool:
    """Whether editing in this status starts a new version.

    A version's content is frozen once it has entered review, so that a decision names exactly one text.
    """
    return status != "draft"
