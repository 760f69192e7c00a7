"""From HTTP to the model: what is uploaded becomes a fingerprint here, and a batch its parts; what is decided
is decided there. Raises the library's tree of errors, and problems that name the field.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from autodmca_service.commands import Actor
from autodmca_service.desk import Desk, wall_clock_ms
from autodmca_service.errors import CommandRefused, no_such
from autodmca_service.http.operations import Upload
from autodmca_service.http.problems import ProblemError, invalid
from autodmca_service.receipts import Answer, Request

from autodmca_ai_detection import api, batches, ids, views
from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.looking import Looker
from autodmca_ai_detection.model.commands import (
    ActivateModel,
    AddReference,
    AnyCommand,
    CancelBatch,
    CancelModel,
    Detect,
    DropReference,
    FillBatch,
    FillModel,
    Judge,
    OpenBatch,
    OpenModel,
    StartBatch,
    StartModel,
)
from autodmca_ai_detection.model.state import (
    MOST_TITLE,
    Batch,
    Detection,
    Entity,
    Failed,
    Items,
    MatchModel,
    Part,
    Reference,
    Tally,
)
from autodmca_ai_detection.outcomes import Outcome
from autodmca_ai_detection.trainer import gathered, parts_of, some_others

Kept = TypeVar("Kept", Reference, Detection, Batch, MatchModel)
BUILT_IN_ID: Final = "built-in"
MOST_OTHERS: Final = 6
"""References that a new one's copies are told from."""


class AiDetection:
    """Every operation. `again` names a request that may be sent again."""

    def __init__(self, desk: Desk[Entity, AnyCommand, Outcome], looker: Looker) -> None:
        self._desk = desk
        self._looker = looker

    async def add_reference(
        self,
        actor: Actor,
        profile_id: int,
        form: api.ReferenceForm,
        upload: Upload,
        again: Request | None,
    ) -> Answer:
        user = actor.user_id
        if (first := await self._answered(user, again)) is not None:
            return first
        data = await asyncio.to_thread(upload.file.read)
        examples = b""
        try:
            content = await self._looker.content(user, data, "reference", text=form.content_type == "text")
            if form.examples and content.content_type == "image":
                name = ids.reference_id(user, profile_id, content.digest)
                others = some_others(self._desk.of_user(user), profile_id, name, MOST_OTHERS)
                examples = await self._looker.examples(user, data, name, others, form.examples)
        except Unusable as error:
            raise _unusable("file", error) from error
        command = AddReference(
            actor=actor,
            request=again,
            profile_id=profile_id,
            title=form.title or upload.filename[:MOST_TITLE],
            content=content,
            examples=examples,
        )
        return await self._desk.do(user, command)

    async def drop_reference(
        self, actor: Actor, profile_id: int, reference_id: str, again: Request | None
    ) -> Answer:
        return await self._do(
            DropReference(actor=actor, request=again, profile_id=profile_id, reference_id=reference_id)
        )

    async def reference(self, actor: Actor, profile_id: int, reference_id: str) -> Reference:
        found = await self._desk.find(actor.user_id, reference_id, Reference)
        if found.profile_id != profile_id:
            raise no_such(Reference, reference_id)
        return found

    async def detect(
        self, actor: Actor, form: api.DetectionForm, upload: Upload | None, again: Request | None
    ) -> Answer:
        """Have a URL looked at, soon; or an upload, now."""
        user = actor.user_id
        if (first := await self._answered(user, again)) is not None:
            return first
        if upload is None:
            if form.url is None:
                raise invalid("url", "give a url, or a file")
            command = Detect(
                actor=actor,
                request=again,
                profile_id=form.profile_id,
                content_url=form.url,
                text=form.content_type == "text",
            )
            return await self._desk.do(user, command)
        data = await asyncio.to_thread(upload.file.read)
        finding = await self._looker.uploaded(user, form.profile_id, data, text=form.content_type == "text")
        url = form.url or ids.content_url(finding.digest)
        return await self._desk.do(
            user,
            Detect(actor=actor, request=again, profile_id=form.profile_id, content_url=url, finding=finding),
        )

    async def judge(
        self, actor: Actor, detection_id: str, body: api.FeedbackBody, again: Request | None
    ) -> Answer:
        return await self._do(
            Judge(
                actor=actor,
                request=again,
                detection_id=detection_id,
                copy=body.copy,
                reference=body.reference_id,
                note=body.note,
            )
        )

    async def detection(self, actor: Actor, detection_id: str) -> Detection:
        return await self._desk.find(actor.user_id, detection_id, Detection)

    async def start_batch(self, actor: Actor, body: api.NewBatch, again: Request | None) -> Answer:
        """Make a batch and start it. Repeated, it goes on where the first try ended."""
        user = actor.user_id
        if (first := await self._answered(user, again)) is not None:
            return first
        return await self._start_batch(actor, body.profile_id, batches.of_urls(body.urls), again)

    async def upload_batch(
        self, actor: Actor, form: api.UploadsForm, uploads: Sequence[Upload], again: Request | None
    ) -> Answer:
        """The same for files, whose fingerprints are made before the answer: of the files themselves nothing
        is kept, so there is nothing that a crash could lose after it."""
        user = actor.user_id
        if (first := await self._answered(user, again)) is not None:
            return first
        sent = await batches.sent(self._looker, user, uploads, text=form.content_type == "text")
        return await self._start_batch(actor, form.profile_id, batches.of_uploads(sent), again)

    async def _start_batch(
        self, actor: Actor, profile_id: int, parts: Sequence[Items], again: Request | None
    ) -> Answer:
        name = ids.batch_id(actor.user_id, None if again is None else again.key)
        at = 0
        try:
            await self._outcome(OpenBatch(actor=actor, batch_id=name, profile_id=profile_id))
            for number, items in enumerate(parts, 1):
                await self._outcome(
                    FillBatch(actor=actor, batch_id=name, number=number, first=at, items=items)
                )
                at += len(items)
        except CommandRefused as refused:
            if refused.refusal.code != "started":
                raise
        total = sum(map(len, parts))
        start = StartBatch(actor=actor, request=again, batch_id=name, parts=len(parts), total=total)
        return await self._desk.do(actor.user_id, start)

    async def train(self, actor: Actor, body: api.NewModel, again: Request | None) -> Answer:
        """Have a model fitted. Repeated, it goes on where the first try ended."""
        user = actor.user_id
        if (first := await self._answered(user, again)) is not None:
            return first
        name = ids.model_id(user, None if again is None else again.key)
        pairs = await asyncio.to_thread(gathered, dict(self._desk.of_user(user)), body.pairs)
        parts = parts_of(pairs)
        try:
            await self._outcome(
                OpenModel(
                    actor=actor,
                    model_id=name,
                    name=body.name,
                    seed=body.seed,
                    most_epochs=body.epochs,
                    patience=body.patience,
                    precision=body.precision,
                )
            )
            for number, each in enumerate(parts, 1):
                await self._outcome(FillModel(actor=actor, model_id=name, number=number, pairs=each))
        except CommandRefused as refused:
            if refused.refusal.code != "started":
                raise
        start = StartModel(actor=actor, request=again, model_id=name, parts=len(parts), samples=len(pairs))
        return await self._desk.do(user, start)

    async def activate(
        self, actor: Actor, model_id: str, body: api.ActivateBody, again: Request | None
    ) -> Answer:
        """Have a model judge; BUILT_IN_ID is the built-in judgement."""
        named = None if model_id == BUILT_IN_ID else model_id
        return await self._do(
            ActivateModel(actor=actor, request=again, model_id=named, even_if_worse=body.even_if_worse)
        )

    async def cancel_model(self, actor: Actor, model_id: str, again: Request | None) -> Answer:
        return await self._do(CancelModel(actor=actor, request=again, model_id=model_id))

    async def model(self, actor: Actor, model_id: str) -> api.ModelView:
        found = await self._desk.find(actor.user_id, model_id, MatchModel, "model")
        return views.model(found, self.active(actor))

    def active(self, actor: Actor) -> str | None:
        """The id of the model that judges; None: the built-in judgement."""
        tally = self._desk.get(actor.user_id, ids.TALLY)
        return tally.active if isinstance(tally, Tally) else None

    async def cancel_batch(self, actor: Actor, batch_id: str, again: Request | None) -> Answer:
        return await self._do(CancelBatch(actor=actor, request=again, batch_id=batch_id))

    async def batch(self, actor: Actor, batch_id: str) -> api.BatchView:
        return views.batch(await self._desk.find(actor.user_id, batch_id, Batch), wall_clock_ms())

    def shown(self, batches: Sequence[Batch]) -> Iterator[api.BatchView]:
        """Batches as they are now."""
        now_ms = wall_clock_ms()
        return (views.batch(each, now_ms) for each in batches)

    async def failures(
        self, actor: Actor, batch_id: str, after: int, limit: int
    ) -> tuple[list[Failed], int | None]:
        """A batch's failed items behind its item `after`, in their order, and the next page's `after`."""
        batch = await self._desk.find(actor.user_id, batch_id, Batch)
        found: list[Failed] = []
        for number in range(1, batch.parts + 1):
            part = self._desk.get(actor.user_id, ids.part_id(batch.id, number))
            if isinstance(part, Part):
                found.extend(each for each in part.failed if each.at > after)
        return found[:limit], found[limit - 1].at if len(found) > limit else None

    async def select(
        self,
        actor: Actor,
        kind: type[Kept],
        wanted: Callable[[Kept], bool],
        *,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Kept], str | None]:
        """One page of the actor's own, newest first."""
        return await self._desk.page(
            actor.user_id, kind, lambda each: (each.created_at, each.id), wanted, limit=limit, cursor=cursor
        )

    async def _answered(self, user: int, again: Request | None) -> Answer | None:
        """What the request was answered before, to ask before work is done for it."""
        await self._desk.refresh(user)
        return self._desk.answered(user, again)

    async def _do(self, command: AnyCommand) -> Answer:
        await self._desk.refresh(command.actor.user_id)
        return await self._desk.do(command.actor.user_id, command)

    async def _outcome(self, command: AnyCommand) -> None:
        outcome = await self._desk.outcome_of(command.actor.user_id, command)
        if outcome.refusal is not None:
            raise CommandRefused(outcome.refusal)


def _unusable(field: str, error: Unusable) -> ProblemError:
    """A file of which no fingerprint can be made; the code is in the problem's type."""
    problem = invalid(field, error.reason)
    return ProblemError(
        422, f"unusable-{error.code.replace('_', '-')}", problem.detail, errors=problem.errors
    )
