"""What is done outside the log: URLs of detections and of batches are looked at, models are fitted.

Owns nothing that is remembered: each finding is a checkpoint, so a replica that dies leaves at most the item
that it was looking at to be looked at again, by whoever owns the user then. What fails on our side (no
worker free) is raised; `Work` tries again after a pause.
"""

from __future__ import annotations

from typing import Final, Protocol

from autodmca_kafka import Table
from autodmca_service.commands import Actor
from autodmca_service.work import Checkpoint, Due, Job

from autodmca_ai_detection import ids
from autodmca_ai_detection.errors import NotTrainable
from autodmca_ai_detection.model.commands import Checked, Found, NotTrained, Stepped, Trained
from autodmca_ai_detection.model.state import (
    Detection,
    Entity,
    Finding,
    Items,
    MatchModel,
    Pairs,
    Part,
    Sent,
)
from autodmca_ai_detection.trainer import Trainer

ITEMS_A_TURN: Final = 8
"""Items of a batch that are looked at before the batches of others get the slot."""


class Looks(Protocol):
    """A `looking.Looker`."""

    async def fetched(self, user_id: int, profile_id: int, url: str, *, text: bool = False) -> Finding: ...

    async def kept(self, user_id: int, profile_id: int, sent: Sent) -> Finding: ...


class Worker:
    """Does what is due."""

    def __init__(self, table: Table[Entity], looker: Looks, trainer: Trainer) -> None:
        self._table = table
        self._looker = looker
        self._trainer = trainer

    def due(self, _user_id: int, entity_id: str, state: Entity) -> Due | None:
        """A detection whose URL is not looked at yet."""
        if isinstance(state, Detection) and state.next_at is not None:
            return Due(entity_id, state.next_at, state.run)
        return None

    async def detections(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `due`."""
        detection = job.state
        assert isinstance(detection, Detection)
        finding = await self._looker.fetched(
            job.user_id, detection.profile_id, detection.content_url, text=detection.text
        )
        await checkpoint(Found(actor=Actor(job.user_id), detection_id=detection.id, finding=finding))

    def batch_due(self, _user_id: int, entity_id: str, state: Entity) -> Due | None:
        """A part of a batch that has items left."""
        if isinstance(state, Part) and state.next_at is not None:
            return Due(f"{entity_id}/{state.done}", state.next_at, state.run)
        return None

    async def batches(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `batch_due`: the next few items."""
        part = job.state
        assert isinstance(part, Part)
        items = self._table.get(job.user_id, ids.items_id(part.batch_id, part.number))
        assert isinstance(items, Items)
        for at in range(part.done, min(part.total, part.done + ITEMS_A_TURN)):
            if items.sent:
                url = ids.content_url(items.sent[at].digest)
                finding = await self._looker.kept(job.user_id, part.profile_id, items.sent[at])
            else:
                url = items.urls[at]
                finding = await self._looker.fetched(job.user_id, part.profile_id, url)
            await checkpoint(
                Checked(
                    actor=Actor(job.user_id),
                    batch_id=part.batch_id,
                    number=part.number,
                    at=at,
                    content_url=url,
                    finding=finding,
                )
            )

    def model_due(self, _user_id: int, entity_id: str, state: Entity) -> Due | None:
        """A model that is to be fitted further."""
        if isinstance(state, MatchModel) and state.next_at is not None:
            return Due(f"{entity_id}/{len(state.reports)}", state.next_at, state.run)
        return None

    async def models(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `model_due`: the epochs that are left, each a checkpoint, and the weights."""
        model = job.state
        assert isinstance(model, MatchModel)
        actor, about = Actor(job.user_id), model.id
        parts = [
            part.pairs
            for number in range(1, model.parts + 1)
            if isinstance(part := self._table.get(job.user_id, ids.pairs_id(model.id, number)), Pairs)
        ]
        try:
            fitting = self._trainer.begun(model, parts)
            async for epoch in self._trainer.epochs(job.user_id, model, fitting):
                await checkpoint(
                    Stepped(
                        actor=actor,
                        model_id=about,
                        fitted=fitting.fitted,
                        report=epoch.report,
                        done=epoch.done,
                    )
                )
            finished = await self._trainer.finish(job.user_id, fitting)
        except NotTrainable as error:
            await checkpoint(NotTrained(actor=actor, model_id=about, reason=error.reason))
            return
        await checkpoint(
            Trained(
                actor=actor,
                model_id=about,
                weights=bytes(finished.weights.data),
                comparison=finished.comparison,
            )
        )
