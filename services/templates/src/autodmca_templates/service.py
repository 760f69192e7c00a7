"""From requests to the model and back: what takes time happens here, what is decided is decided there.

Runs templates in the workers, and writes what came of it as a command for the owner's partition. Raises the
tree of `errors`, and the library's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from autodmca_events.templates import TemplateKind, TemplateStatus
from autodmca_service.commands import Actor, Outcome
from autodmca_service.desk import Desk
from autodmca_service.errors import CommandRefused, refuse
from autodmca_service.http.pages import Place, page
from autodmca_service.receipts import Answer, Request
from msgspec import Struct

from autodmca_templates import answers, ids
from autodmca_templates.commands import (
    AnyCommand,
    Create,
    Edit,
    Move,
    Render,
    Resolve,
    Transition,
    Validate,
)
from autodmca_templates.notices import Analysis
from autodmca_templates.rendering import Renderer
from autodmca_templates.state import Content, Entity, Owned, Template

_RENDER_ATTEMPTS: Final = 3


class Selection(Struct, frozen=True, kw_only=True):
    """What a list shows. `owner` None is everybody; empty tuples select all."""

    owner: int | None
    statuses: tuple[TemplateStatus, ...] = ()
    kinds: tuple[TemplateKind, ...] = ()
    limit: int
    cursor: str | None = None


class Templates:
    """Every operation on templates. `again` names a request that may be sent again."""

    def __init__(
        self,
        desk: Desk[Entity, AnyCommand, Outcome],
        renderer: Renderer,
    ) -> None:
        self._desk = desk
        self._renderer = renderer

    async def create(self, actor: Actor, content: Content, again: Request | None) -> Answer:
        """Store a draft. Nothing of it runs."""
        template_id = ids.template_id(actor.user_id, _key(again))
        return await self._desk.do(
            actor.user_id, Create(template_id=template_id, actor=actor, request=again, content=content)
        )

    async def edit(
        self,
        actor: Actor,
        template_id: str,
        content: Content,
        expected_revision: int | None,
        again: Request | None,
    ) -> Answer:
        """Replace the content."""
        owned = await self.find(actor, template_id)
        command = Edit(
            template_id=template_id,
            actor=actor,
            request=again,
            content=content,
            expected_revision=expected_revision,
        )
        return await self._desk.do(owned.user_id, command)

    async def find(self, actor: Actor, template_id: str) -> Owned:
        """The template as it is now. Other people's are there for reviewers only."""
        owner = ids.owner_of(template_id)
        if owner is not None and (owner == actor.user_id or actor.is_reviewer):
            await self._desk.refresh(owner)
            found = self._desk.get(owner, template_id)
            if isinstance(found, Template):
                return Owned(owner, found)
        raise refuse("not_found", "no-such-template", f"there is no template {template_id}")

    async def select(self, selection: Selection) -> tuple[list[Owned], str | None]:
        """One page of templates and the cursor of the next. Raises the problem of a bad cursor."""
        await self._desk.refresh(selection.owner)
        return page(self._matching(selection), _place, selection.limit, selection.cursor)

    async def validate(self, actor: Actor, template_id: str, again: Request | None) -> Answer:
        """Examine the current version and record the report, also that of a template that had to be stopped:
        that answer is a problem."""
        owned = await self.find(actor, template_id)
        if (first := self._desk.answered(owned.user_id, again)) is not None:
            return first
        content = owned.template.current.content
        report = await self._renderer.report(actor.user_id, content)
        command = Validate(
            template_id=template_id, actor=actor, request=again, digest=content.digest, report=report
        )
        return await self._desk.do(owned.user_id, command)

    async def move(
        self,
        actor: Actor,
        template_id: str,
        transition: Transition,
        comment: str | None,
        version: int | None,
        again: Request | None,
    ) -> Answer:
        """Take a step of the workflow."""
        owned = await self.find(actor, template_id)
        command = Move(
            template_id=template_id,
            actor=actor,
            request=again,
            transition=transition,
            comment=comment,
            version=version,
        )
        return await self._desk.do(owned.user_id, command)

    async def preview(self, actor: Actor, template_id: str, values: dict[str, object]) -> Answer:
        """Render the current version, whatever its status; leaves no trace."""
        owned = await self.find(actor, template_id)
        version = owned.template.current
        text = await self._renderer.text(actor.user_id, version, values)
        return answers.rendered(template_id, version.number, text, None)

    async def render(
        self,
        actor: Actor,
        template_id: str,
        values: dict[str, object],
        submission_id: str | None,
        again: Request | None,
    ) -> Answer:
        """Render the usable version for a submission, and count the use."""
        submission = submission_id or ids.submission_id(_key(again))
        for attempt in range(_RENDER_ATTEMPTS):
            owned = await self.find(actor, template_id)
            if (first := self._desk.answered(owned.user_id, again)) is not None:
                return first
            version = owned.template.usable
            text = "" if version is None else await self._renderer.text(actor.user_id, version, values)
            number = version.number if version else 0
            answer = answers.rendered(template_id, number, text, submission)
            command = Render(
                template_id=template_id,
                actor=actor,
                request=again,
                version=number,
                submission_id=submission,
                rendered_length=len(text),
                answer=answer if again is not None and self._desk.limits.fits(answer) else None,
            )
            outcome = await self._desk.outcome_of(owned.user_id, command)
            if outcome.answer is not None:
                return outcome.answer
            if outcome.refusal is None:
                return answer
            # A newer version may have been approved while this one was being rendered.
            if answers.is_final(command, outcome.refusal) or attempt == _RENDER_ATTEMPTS - 1:
                raise CommandRefused(outcome.refusal)
        raise AssertionError("unreachable")

    async def resolve(
        self,
        actor: Actor,
        template_id: str,
        submission_id: str,
        outcome: Literal["sent", "accepted", "rejected"],
        again: Request | None,
    ) -> Answer:
        """Say what became of a use."""
        owned = await self.find(actor, template_id)
        command = Resolve(
            template_id=template_id, actor=actor, request=again, submission_id=submission_id, outcome=outcome
        )
        return await self._desk.do(owned.user_id, command)

    async def analyse(self, actor: Actor, text: str) -> Analysis:
        """What a notice is and holds; stores nothing."""
        return await self._renderer.analyse(actor.user_id, text)

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
            yield from ((owner, entity) for entity in self._desk.of_user(owner).values())
        else:
            yield from ((user, entity) for user, _, entity in self._desk.of_everybody())


def _place(owned: Owned) -> Place:
    return owned.template.created_at, owned.template.id


def _key(again: Request | None) -> str | None:
    return again.key if again is not None else None
