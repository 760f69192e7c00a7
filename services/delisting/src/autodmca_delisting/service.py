"""From HTTP to the model: what people paste is read here, and split as engines take it; what is decided is
decided there. Raises the library's tree of errors, and problems that name the field.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from autodmca_service.commands import Actor, Outcome
from autodmca_service.desk import Desk
from autodmca_service.errors import CommandRefused, no_such, refuse
from autodmca_service.http.pages import Place
from autodmca_service.http.problems import ProblemError, invalid
from autodmca_service.receipts import Answer
from autodmca_service.receipts import Request as Again
from autodmca_urls.reading import read_text

from autodmca_delisting import api, ids, views
from autodmca_delisting.engines.interface import Manners
from autodmca_delisting.engines.packet import packet
from autodmca_delisting.metrics import Metrics
from autodmca_delisting.model import pasted
from autodmca_delisting.model.commands import Add, AnyCommand, Appeal, Cancel, Create, Queue, Report, Resubmit
from autodmca_delisting.model.state import Entity, Notice, Part, Preferences, Request


class Delisting:
    """Every operation on requests. `again` names a request that may be sent again."""

    def __init__(
        self,
        desk: Desk[Entity, AnyCommand, Outcome],
        manners: Mapping[str, Manners],
        metrics: Metrics,
    ) -> None:
        self._desk = desk
        self._manners = manners
        self._metrics = metrics

    async def create(self, actor: Actor, body: api.NewRequest, again: Again | None) -> Answer:
        """Begin a request and queue it. Repeated, it goes on where the first try ended."""
        manners = self._manners.get(body.engine)
        if manners is None:
            raise invalid(
                "engine", f"one of {', '.join(sorted(self._manners)) or 'none: no engine is set up'}"
            )
        owner = actor.user_id
        await self._desk.refresh(owner)
        if (first := self._desk.answered(owner, again)) is not None:
            return first
        taken, dropped = await asyncio.to_thread(pasted.read, body.urls, body.text, body.except_domains)
        for each in dropped:
            self._metrics.dropped(each.reason)
        if not taken:
            raise invalid("urls", pasted.why_none(dropped))
        if len(taken) > api.MAX_URLS:
            raise ProblemError(413, "too-many-urls", f"urls: {len(taken):,} of at most {api.MAX_URLS:,}")
        text = body.notice.text or body.text
        if not text.strip():
            raise invalid("notice.text", "say which work is copied; engines ask for it")
        request_id = ids.request_id(owner, None if again is None else again.key)
        notice = Notice(
            text=text[:100_000],
            work=body.notice.work,
            work_urls=body.notice.work_urls,
            sender=body.notice.sender,
        )
        create = Create(
            request_id=request_id,
            actor=actor,
            engine=body.engine,
            notice=notice,
            query=body.query,
            dropped=tuple(dropped[: pasted.DROPPED_KEPT]),
            dropped_total=len(dropped),
        )
        parts = list(pasted.split(taken, manners.most_urls))
        try:
            await self._outcome(owner, create)
            for number, urls in enumerate(parts, 1):
                await self._outcome(owner, Add(request_id=request_id, actor=actor, number=number, urls=urls))
        except CommandRefused as refused:
            if refused.refusal.code not in ("request-exists", "illegal-transition"):
                raise
        queue = Queue(
            request_id=request_id, actor=actor, request=again, parts=len(parts), packet=manners.by_hand
        )
        return await self._desk.do(owner, queue)

    async def do(self, command: Cancel | Appeal | Resubmit | Report) -> Answer:
        """Have a command about a request applied, on behalf of its owner."""
        owner = self._owner(command.actor, command.request_id)
        await self._desk.refresh(owner)
        return await self._desk.do(owner, command)

    async def find(self, actor: Actor, request_id: str) -> Request:
        """The request as it is now."""
        owner = self._owner(actor, request_id)
        await self._desk.refresh(owner)
        found = self._desk.get(owner, request_id)
        if not isinstance(found, Request):
            raise no_such(Request, request_id)
        return found

    async def whole(self, actor: Actor, request_id: str) -> tuple[Request, api.RequestView]:
        """The request, and how it is shown."""
        request = await self.find(actor, request_id)
        return request, views.whole(
            request, lambda name: self._desk.get(self._owner(actor, request_id), name)
        )

    async def select(
        self,
        actor: Actor,
        engines: Sequence[str],
        statuses: Sequence[str],
        *,
        needs_person: bool | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Request], str | None]:
        """One page of the actor's requests, newest first."""

        def is_wanted(request: Request) -> bool:
            return (
                (not engines or request.engine in engines)
                and (not statuses or request.status in statuses)
                and needs_person in (None, request.needs_person is not None)
            )

        return await self._desk.page(actor.user_id, Request, _place, is_wanted, limit=limit, cursor=cursor)

    async def urls(
        self, actor: Actor, request_id: str, outcomes: Sequence[str], limit: int, after: int
    ) -> tuple[list[api.UrlView], int | None]:
        """Per-URL outcomes from the `after`th on, and where the next page begins."""
        request = await self.find(actor, request_id)
        owner = self._owner(actor, request_id)
        listed = views.urls(request, lambda name: self._desk.get(owner, name), outcomes)
        following = after + limit
        return listed[after:following], following if following < len(listed) else None

    async def packet(self, actor: Actor, request_id: str) -> bytes:
        """What a person files by hand, as a ZIP. Raises CommandRefused where nothing is to be filed so."""
        request = await self.find(actor, request_id)
        owner = self._owner(actor, request_id)
        parts = [
            part
            for number in range(1, request.parts + 1)
            if isinstance(part := self._desk.get(owner, ids.part_id(request_id, number)), Part)
        ]
        if not any(part.by_hand for part in parts):
            raise refuse(
                "conflict", "not-by-hand", f"{request.engine} has an interface; nothing is filed by hand"
            )
        return await asyncio.to_thread(packet, request, parts)

    async def preferences(self, actor: Actor) -> api.PreferencesBody:
        """The actor's settings."""
        await self._desk.refresh(actor.user_id)
        found = self._desk.get(actor.user_id, ids.SETTINGS)
        return api.PreferencesBody(resubmit_relisted=isinstance(found, Preferences) and found.resubmit)

    async def prefer(self, command: AnyCommand) -> Answer:
        """Change the actor's settings."""
        await self._desk.refresh(command.actor.user_id)
        return await self._desk.do(command.actor.user_id, command)

    async def normalise(self, text: str) -> api.Normalised:
        """The URLs of a text; stores nothing."""
        return views.normalised(await asyncio.to_thread(read_text, text))

    async def _outcome(self, owner: int, command: AnyCommand) -> None:
        outcome = await self._desk.outcome_of(owner, command)
        if outcome.refusal is not None:
            raise CommandRefused(outcome.refusal)

    def _owner(self, actor: Actor, request_id: str) -> int:
        owner = ids.owner_of(request_id)
        if owner is None or (owner != actor.user_id and not actor.is_admin):
            raise no_such(Request, request_id)
        return owner


def _place(request: Request) -> Place:
    return request.created_at, request.id
