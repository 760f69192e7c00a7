"""From requests to the model and back: what takes time happens here, what is decided is decided there.

Runs templates in the workers, writes what came of it as a command for the owner's partition, waits for
the outcome from whichever replica owns it, and answers from the table. Reads see every write that was
answered before, on any replica; while the broker is away they see what was known last. Raises the tree of
`errors`, never a bare Kafka error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final, Literal

import structlog
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.templates import TemplateKind, TemplateStatus
from autodmca_kafka import Ask, KafkaLibraryError, NoOutcome, Table
from msgspec import Struct

from autodmca_templates import ids
from autodmca_templates.commands import (
    Actor,
    AnyCommand,
    Create,
    Edit,
    Move,
    Outcome,
    Refusal,
    Render,
    Resolve,
    Transition,
    Validate,
)
from autodmca_templates.errors import JobStopped, Refused, ServiceDown, ServiceLate, UnknownValues
from autodmca_templates.notices import Analysis
from autodmca_templates.pages import Owned, page
from autodmca_templates.rendering import WorkerPool
from autodmca_templates.report import UNRUNNABLE, stopped
from autodmca_templates.state import Content, Entity, Template, Version

FRESHNESS_S: Final = 2.0
"""How long a read waits to be as new as the log; then it answers from what is known."""
_RENDER_ATTEMPTS: Final = 3

_log = structlog.get_logger()


class Rendered(Struct, frozen=True):
    """A text, of which version, and for which submission (None: a preview)."""

    template_id: str
    version: int
    text: str
    submission_id: str | None


class Selection(Struct, frozen=True, kw_only=True):
    """What a list shows. `owner` None is everybody; empty tuples select all."""

    owner: int | None
    statuses: tuple[TemplateStatus, ...] = ()
    kinds: tuple[TemplateKind, ...] = ()
    limit: int
    cursor: str | None = None


class Templates:
    """Every operation on templates. `key` is a request key of `ids.request_key`, or None."""

    def __init__(
        self, table: Table[Entity], ask: Ask[AnyCommand, Outcome], pool: WorkerPool, *, answer_s: float
    ) -> None:
        self._table = table
        self._ask = ask
        self._pool = pool
        self._answer_s = answer_s

    async def create(self, actor: Actor, content: Content, key: str | None) -> Owned:
        """Store a draft. Nothing of it runs."""
        template_id = ids.template_id(actor.user_id, key)
        return await self._do(
            actor.user_id, Create(template_id=template_id, actor=actor, key=key, content=content)
        )

    async def edit(
        self, actor: Actor, template_id: str, content: Content, expected_revision: int | None, key: str | None
    ) -> Owned:
        """Replace the content."""
        owned = await self.find(actor, template_id)
        command = Edit(
            template_id=template_id,
            actor=actor,
            key=key,
            content=content,
            expected_revision=expected_revision,
        )
        return await self._do(owned.user_id, command)

    async def find(self, actor: Actor, template_id: str) -> Owned:
        """The template as it is now. Other people's are there for reviewers only."""
        owner = ids.owner_of(template_id)
        if owner is not None and (owner == actor.user_id or actor.is_reviewer):
            await self._fresh(owner)
            found = self._table.get(owner, template_id)
            if isinstance(found, Template):
                return Owned(owner, found)
        refusal = Refusal(
            refused="not_found", code="no-such-template", detail=f"there is no template {template_id}"
        )
        raise Refused(refusal)

    async def select(self, selection: Selection) -> tuple[list[Owned], str | None]:
        """One page of templates and the cursor of the next. Raises BadCursor."""
        await self._fresh(selection.owner)
        return page(self._matching(selection), selection.limit, selection.cursor)

    async def validate(self, actor: Actor, template_id: str, key: str | None) -> Version:
        """Examine the current version and record the report, also that of a template that had to be stopped.

        Raises JobStopped, after that, for one that had to be.
        """
        owned = await self.find(actor, template_id)
        content = owned.template.current.content
        try:
            report = await self._pool.examine(actor.user_id, content)
        except JobStopped as stop:
            report = stopped(stop.code, stop.reason, content.body.count("\n") + 1)
        command = Validate(
            template_id=template_id, actor=actor, key=key, digest=content.digest, report=report
        )
        after = await self._do(owned.user_id, command)
        for finding in report.of(*UNRUNNABLE):
            raise JobStopped(finding.code, finding.reason, finding.line)
        return after.template.current

    async def move(
        self,
        actor: Actor,
        template_id: str,
        transition: Transition,
        comment: str | None,
        version: int | None,
        key: str | None,
    ) -> Owned:
        """Take a step of the workflow."""
        owned = await self.find(actor, template_id)
        command = Move(
            template_id=template_id,
            actor=actor,
            key=key,
            transition=transition,
            comment=comment,
            version=version,
        )
        return await self._do(owned.user_id, command)

    async def preview(self, actor: Actor, template_id: str, values: dict[str, object]) -> Rendered:
        """Render the current version, whatever its status; leaves no trace."""
        owned = await self.find(actor, template_id)
        version = owned.template.current
        text = await self._text(actor, version, values)
        return Rendered(template_id, version.number, text, None)

    async def render(
        self,
        actor: Actor,
        template_id: str,
        values: dict[str, object],
        submission_id: str | None,
        key: str | None,
    ) -> Rendered:
        """Render the usable version for a submission, and count the use."""
        submission = submission_id or ids.submission_id(key)
        for attempt in range(_RENDER_ATTEMPTS):
            owned = await self.find(actor, template_id)
            version = owned.template.usable
            text = "" if version is None else await self._text(actor, version, values)
            command = Render(
                template_id=template_id,
                actor=actor,
                key=key,
                version=version.number if version else 0,
                submission_id=submission,
                rendered_length=len(text),
            )
            try:
                await self._do(owned.user_id, command)
            except Refused as refused:
                # A newer version was approved while this one was being rendered.
                if refused.refusal.code == "version-changed" and attempt < _RENDER_ATTEMPTS - 1:
                    continue
                raise
            return Rendered(template_id, command.version, text, submission)
        raise AssertionError("unreachable")

    async def resolve(
        self,
        actor: Actor,
        template_id: str,
        submission_id: str,
        outcome: Literal["sent", "accepted", "rejected"],
        key: str | None,
    ) -> Owned:
        """Say what became of a use."""
        owned = await self.find(actor, template_id)
        command = Resolve(
            template_id=template_id, actor=actor, key=key, submission_id=submission_id, outcome=outcome
        )
        return await self._do(owned.user_id, command)

    async def analyse(self, actor: Actor, text: str) -> Analysis:
        """What a notice is and holds; stores nothing."""
        return await self._pool.analyse(actor.user_id, text)

    def _matching(self, selection: Selection) -> Iterator[Owned]:
        for user_id, entity in self._entities(selection.owner):
            if (
                isinstance(entity, Template)
                and (not selection.statuses or entity.status in selection.statuses)
                and (not selection.kinds or entity.current.content.kind in selection.kinds)
            ):
                yield Owned(user_id, entity)

    def _entities(self, owner: int | None) -> Iterator[tuple[int, Entity]]:
        if owner is not None:
            yield from ((owner, entity) for entity in self._table.of_user(owner).values())
            return
        for partition in range(self._table.partitions):
            yield from ((user, entity) for user, _, entity in self._table.of_partition(partition))

    async def _text(self, actor: Actor, version: Version, values: dict[str, object]) -> str:
        undeclared = sorted(set(values) - set(version.content.variables))
        if undeclared:
            raise UnknownValues(tuple(undeclared))
        return await self._pool.render(actor.user_id, version.content.body, values)

    async def _do(self, owner: int, command: AnyCommand) -> Owned:
        """Write the command, wait for its outcome, and read what it made. Raises Refused."""
        try:
            outcome = await self._ask.ask(owner, command, timeout_s=self._answer_s)
        except NoOutcome as error:
            raise ServiceLate(
                "the answer did not come in time; the request may be carried out yet"
            ) from error
        except KafkaLibraryError as error:
            raise ServiceDown("the event log cannot be reached") from error
        if outcome.refusal is not None:
            raise Refused(outcome.refusal)
        found = self._table.get(owner, outcome.template_id)
        if not isinstance(found, Template) or found.revision < outcome.revision:
            raise ServiceLate("it is done, but not to be seen here yet")
        return Owned(owner, found)

    async def _fresh(self, owner: int | None) -> None:
        """Wait until the table is as new as the log, for one owner's partition or all of it."""
        try:
            async with asyncio.timeout(FRESHNESS_S):
                if owner is None or not self._table.partitions:
                    await self._table.caught_up()
                else:
                    partition = partition_for(user_key(owner), self._table.partitions)
                    await self._table.caught_up([partition])
        except (TimeoutError, KafkaLibraryError) as error:
            if not self._table.partitions:
                raise ServiceDown("the event log has not been reached yet") from error
            _log.warning("reading without the log", reason=repr(error))
