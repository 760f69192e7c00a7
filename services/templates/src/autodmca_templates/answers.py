"""What a command is answered with over HTTP, from what the model decided. Pure.

Owns no rule and no wire form: bodies are `views`'. The same functions make the answer that is sent and the
one that is kept for a request with an Idempotency-Key.
"""

from __future__ import annotations

from collections.abc import Callable

from autodmca_service.answers import json_answer, revised
from autodmca_service.commands import Outcome, Refusal
from autodmca_service.receipts import Answer

from autodmca_templates import api, problems, views
from autodmca_templates.commands import AnyCommand, Create, Render, Validate
from autodmca_templates.errors import JobStopped
from autodmca_templates.report import UNRUNNABLE
from autodmca_templates.state import Entity, Owned, Template


def answered(
    command: AnyCommand, find: Callable[[str], Entity | None], owner: int, outcome: Outcome
) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it.

    Raises the problem of a template that had to be stopped while it was examined.
    """
    if isinstance(command, Render):
        return command.answer
    found = find(command.template_id)
    if not isinstance(found, Template) or found.revision < outcome.revision:
        return None
    if isinstance(command, Validate):
        for finding in command.report.of(*UNRUNNABLE):
            raise problems.stopped(JobStopped(finding.code, finding.reason, finding.line))
        return json_answer(views.validation(found.current))
    made_at = f"/v1/templates/{found.id}" if isinstance(command, Create) else None
    return revised(views.whole(Owned(owner, found)), found.revision, made_at=made_at)


def rendered(template_id: str, version: int, text: str, submission_id: str | None) -> Answer:
    """To a Render, or a preview (without a submission)."""
    body = api.Rendering(
        template_id=template_id,
        version=version,
        text=text,
        length=len(text),
        preview=submission_id is None,
        submission_id=submission_id,
    )
    return json_answer(body)


def is_final(command: AnyCommand, refusal: Refusal) -> bool:
    """Whether a refusal answers the request: not if the template changed under work that had begun."""
    overtaken = "version-changed" if isinstance(command, Render) else "content-changed"
    return not (isinstance(command, Render | Validate) and refusal.code == overtaken)
