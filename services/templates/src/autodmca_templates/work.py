"""The orders of other services: rendered and examined in the workers, and told by checkpoints.

Decides nothing; an order whose job cannot be done now is tried again by `autodmca_service.work`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from autodmca_kafka import Table
from autodmca_service.commands import Actor, Refusal
from autodmca_service.errors import JobTooLarge
from autodmca_service.http.problems import problem_of as shared
from autodmca_service.work import Checkpoint, Due, Job

from autodmca_templates.commands import Examined, Failed, Rendered
from autodmca_templates.errors import JobStopped, UnknownValues
from autodmca_templates.problems import problem_of
from autodmca_templates.rendering import Renderer
from autodmca_templates.state import Entity, Order, Template

MAX_TEXT_BYTES: Final = 600_000
"""Of a text that goes through the log."""


def due(_user_id: int, entity_id: str, state: Entity) -> Due | None:
    """An order, at once."""
    return Due(entity_id, state.ordered_at, state.run) if isinstance(state, Order) else None


class Orders:
    """Does them with this renderer; `table` has the templates."""

    def __init__(self, table: Table[Entity], renderer: Renderer) -> None:
        self._table = table
        self._renderer = renderer

    async def perform(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `due`."""
        order = job.state
        assert isinstance(order, Order)
        template = self._table.get(job.user_id, order.template_id)
        assert isinstance(template, Template), "nothing deletes a template"
        about: dict[str, Any] = {
            "actor": Actor(job.user_id),
            "template_id": order.template_id,
            "order_id": order.id,
        }
        if order.submission_id is None:
            content = template.current.content
            report = await self._renderer.report(job.user_id, content)
            await checkpoint(Examined(**about, digest=content.digest, report=report))
            return
        version = template.usable
        assert version is not None, "a template that was approved stays so"
        try:
            text = await self._renderer.text(job.user_id, version, order.values)
        except (JobStopped, UnknownValues, JobTooLarge) as error:
            await checkpoint(Failed(**about, refusal=_refusal(error)))
            return
        if len(msgspec.json.encode(text)) > MAX_TEXT_BYTES:
            detail = f"the text has over {MAX_TEXT_BYTES:,} bytes as JSON"
            refusal = Refusal(refused="invalid", code="text-too-large", detail=detail)
            await checkpoint(Failed(**about, refusal=refusal))
        else:
            await checkpoint(Rendered(**about, version=version.number, text=text))


def _refusal(error: Exception) -> Refusal:
    problem = problem_of(error) or shared(error)
    assert problem is not None
    return Refusal(refused="invalid", code=problem.code, detail=problem.detail, errors=problem.errors)
