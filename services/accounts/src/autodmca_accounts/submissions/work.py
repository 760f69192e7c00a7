"""What is due of submissions. Nothing else is done here: all that others are asked goes by sends."""

from __future__ import annotations

from autodmca_service.commands import Actor
from autodmca_service.work import Checkpoint, Due, Job

from autodmca_accounts.state import Entity
from autodmca_accounts.submissions.commands import Proceed
from autodmca_accounts.submissions.state import Submission


def due(user_id: int, entity_id: str, entity: Entity) -> Due | None:
    """The next part to ask for, or the next time that is over."""
    if not isinstance(entity, Submission) or entity.next_at is None:
        return None
    return Due(key=f"{user_id}/{entity_id}/{entity.run}", at_ms=entity.next_at, run=entity.run)


async def proceed(job: Job[Entity], checkpoint: Checkpoint) -> None:
    """Let the saga go on."""
    await checkpoint(Proceed(actor=Actor(job.user_id), submission_id=job.entity_id, at=job.at_ms))
