"""References that another service names by their URLs: fetched, and made into fingerprints in the workers.

Decides nothing. What cannot be had, or is no content that can be recognised, is told as that; what is wrong
with us is raised, and `autodmca_service.work` tries again.
"""

from __future__ import annotations

from autodmca_service.commands import Actor
from autodmca_service.outside import NotFetched
from autodmca_service.work import Checkpoint, Due, Job

from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.looking import Fetches, Looker
from autodmca_ai_detection.model.commands import Kept, NotKept
from autodmca_ai_detection.model.state import Entity, Noted


def due(_user_id: int, entity_id: str, state: Entity) -> Due | None:
    """A reference that is to be fetched."""
    if isinstance(state, Noted) and state.next_at is not None:
        return Due(entity_id, state.next_at, state.run)
    return None


class Notes:
    """Does it with this fetcher."""

    def __init__(self, fetcher: Fetches, looker: Looker) -> None:
        self._fetcher = fetcher
        self._looker = looker

    async def perform(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `due`."""
        noted = job.state
        assert isinstance(noted, Noted)
        actor = Actor(job.user_id)
        try:
            data = (await self._fetcher.fetch(noted.url)).data
            content = await self._looker.content(job.user_id, data, "reference")
        except (NotFetched, Unusable) as error:
            await checkpoint(NotKept(actor=actor, noted_id=noted.id, code=error.code))
            return
        await checkpoint(Kept(actor=actor, noted_id=noted.id, content=content))
