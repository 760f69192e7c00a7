"""What is due for requests, their parts, copies and watched URLs, and how it is done.

Owns the I/O with engines and Lumen, by jobs that `autodmca_service.work` performs on the replica that owns
the user; what came of each is a checkpoint, on which the model decides. Nothing is submitted twice: an
engine that knows our reference as a key may be told again; for any other the intent is in the log
(`sending`) before the submission goes out, and what is found so after a crash is asked for first, or left
to a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from autodmca_events.delisting import Visibility
from autodmca_kafka import Table
from autodmca_service.commands import Actor
from autodmca_service.work import Checkpoint, Due, Job
from autodmca_urls.normal import NotNormal, normalise

from autodmca_delisting import ids
from autodmca_delisting.engines.interface import Archive, Engine, EngineAway
from autodmca_delisting.model.commands import (
    Answered,
    Deed,
    Expire,
    Filed,
    Postponed,
    Proceed,
    Seen,
    Sending,
    Sight,
    Unclear,
)
from autodmca_delisting.model.state import Copy, Entity, Heard, Notice, Part, Request, Watch

FIRST_PAGE: Final = 10
"""Results on an engine's first page: a URL among them is visible, one behind them demoted."""
CHECKED_S: Final = 1.0
_BUSY: Final = frozenset({"waiting", "sending", "sent", "appealing", "cancelling"})


class Worker:
    """Does what is due with these engines, and the archive if there is one."""

    def __init__(self, table: Table[Entity], engines: Mapping[str, Engine], archive: Archive | None) -> None:
        self._table = table
        self._engines = engines
        self._archive = archive

    def due(self, user_id: int, entity_id: str, state: Entity) -> Due | None:
        """What is to be done about requests, parts and copies."""
        match state:
            case Request() if state.next_at is not None:
                return Due(entity_id, state.next_at, state.run)
            case Part() if (
                state.next_at is not None and state.stage in _BUSY and state.engine in self._engines
            ):
                return Due(_reference(state), state.next_at, state.run)
            case Copy() if state.next_at is not None and self._archive is not None:
                return Due(entity_id, state.next_at, state.run)
        return None

    def look_due(self, user_id: int, entity_id: str, state: Entity) -> Due | None:
        """When watched URLs are to be looked at."""
        if isinstance(state, Watch) and state.next_at is not None and state.engine in self._engines:
            return Due(entity_id, state.next_at, state.run)
        return None

    async def requests(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `due`."""
        state = job.state
        if isinstance(state, Part):
            await _OnePart(self._table, self._engines[state.engine], job, state, checkpoint,
                           copies=self._archive is not None).go_on()  # fmt: skip
        elif isinstance(state, Copy) and self._archive is not None:
            await self._file(self._archive, job, state, checkpoint)
        elif isinstance(state, Request):
            kind = Expire if state.deed is None else Proceed
            await checkpoint(kind(actor=_us(job), request_id=state.id))

    async def look(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `look_due`: see where each URL of a group stands."""
        watch = job.state
        assert isinstance(watch, Watch)
        engine = self._engines[watch.engine]
        sights: list[Sight] = []
        wait_ms = None
        try:
            ranks = await _ranks(engine, watch.query)
            for at, watched in enumerate(watch.urls):
                shown = watched.normal in ranks or await engine.shows(watched.normal)
                sights.append(Sight(at, *_seen(shown, ranks.get(watched.normal), watch.query)))
        except EngineAway as away:
            wait_ms = int(away.wait_s * 1000)
        await checkpoint(
            Seen(
                actor=_us(job),
                request_id=watch.request_id,
                number=watch.number,
                sights=tuple(sights),
                wait_ms=wait_ms,
                packet=engine.manners.by_hand,
            )
        )

    async def _file(self, archive: Archive, job: Job[Entity], copy: Copy, checkpoint: Checkpoint) -> None:
        part = self._table.get(job.user_id, ids.part_id(copy.request_id, copy.number))
        request = self._table.get(job.user_id, copy.request_id)
        assert isinstance(part, Part)
        assert isinstance(request, Request)
        name = _reference(part)
        about: dict[str, Any] = {"actor": _us(job), "request_id": copy.request_id, "number": copy.number}
        sent = copy.stage == "sending"
        try:
            if sent:
                location = await archive.find(name)
                if location is None:
                    await checkpoint(
                        Postponed(**about, wait_ms=0, reason="Lumen has no such notice", copy=True)
                    )
                    return
            else:
                await checkpoint(Sending(**about, copy=True))
                await _shown(self._table, job, Copy)
                sent = True
                urls = [url.normal for url in part.urls]
                location = await archive.file(name, part.engine, urls, request.notice)
        except EngineAway as away:
            wait_ms, lost = int(away.wait_s * 1000), sent and (away.lost or copy.stage == "sending")
            await checkpoint(
                Postponed(**about, wait_ms=wait_ms, reason=str(away), copy=True, lost=lost, asked=away.asked)
            )
        else:
            await checkpoint(Filed(**about, location=location))


class _OnePart:
    """One job about one part."""

    def __init__(
        self,
        table: Table[Entity],
        engine: Engine,
        job: Job[Entity],
        part: Part,
        checkpoint: Checkpoint,
        *,
        copies: bool,
    ) -> None:
        self._table = table
        self._engine = engine
        self._job = job
        self._part = part
        self._checkpoint = checkpoint
        self._copies = copies
        self._reference = _reference(part)
        self._maybe_out = part.stage == "sending"
        self._about: dict[str, Any] = {
            "actor": _us(job),
            "request_id": part.request_id,
            "number": part.number,
        }

    async def go_on(self) -> None:
        """Take the next step."""
        part = self._part
        try:
            match part.stage:
                case "waiting":
                    await self._submit()
                case "sending":
                    await self._look_for_it()
                case "sent" if part.external_reference is not None:
                    await self._tell("poll", await self._engine.poll(part.external_reference))
                case "appealing" if part.external_reference is not None:
                    heard = await self._engine.appeal(
                        part.external_reference, self._reference, part.appeal or ""
                    )
                    await self._tell("appeal", heard)
                case "cancelling":
                    await self._take_back()
                case _:
                    await self._checkpoint(
                        Unclear(**self._about, reason="the engine gave no reference for it")
                    )
        except EngineAway as away:
            lost = self._maybe_out and (away.lost or part.stage == "sending")
            wait_ms = int(away.wait_s * 1000)
            await self._checkpoint(
                Postponed(**self._about, wait_ms=wait_ms, reason=str(away), lost=lost, asked=away.asked)
            )

    async def _submit(self) -> None:
        request = self._table.get(self._job.user_id, self._part.request_id)
        notice = request.notice if isinstance(request, Request) else Notice(text="")
        if self._engine.manners.repeats != "key":
            await self._checkpoint(Sending(**self._about))
            await _shown(self._table, self._job, Part)
            self._maybe_out = True
        urls = [url.normal for url in self._part.urls]
        await self._tell("submit", await self._engine.submit(self._reference, urls, notice))

    async def _look_for_it(self) -> None:
        if self._engine.manners.repeats == "never":
            reason = "it is not known whether the engine has it: look, and report what you find"
            await self._checkpoint(Unclear(**self._about, reason=reason))
        elif (heard := await self._engine.find(self._reference)) is not None:
            await self._tell("submit", heard)
        else:
            await self._checkpoint(Postponed(**self._about, wait_ms=0, reason="the engine does not have it"))

    async def _take_back(self) -> None:
        """With an engine that has it; it is over with one that does not, or cannot say."""
        external = self._part.external_reference
        if external is None and self._engine.manners.repeats == "lookup":
            found = await self._engine.find(self._reference)
            external = None if found is None else found.external_reference
        if external is None:
            heard = Heard(http_status=404, code="rejected", message="nothing to take back is known")
        else:
            heard = await self._engine.cancel(external)
        await self._tell("cancel", heard)

    async def _tell(self, deed: Deed, heard: Heard) -> None:
        await self._checkpoint(Answered(**self._about, deed=deed, heard=heard, copy=self._copies))


async def _shown(table: Table[Entity], job: Job[Entity], kind: type[Part | Copy]) -> None:
    """Wait until the intent to send is the state: until then another owner may have gone on."""
    while True:
        state = table.get(job.user_id, job.entity_id)
        if isinstance(state, kind) and state.stage == "sending" and state.run != job.run:
            return
        try:
            async with asyncio.timeout(CHECKED_S):
                await table.progress()
        except TimeoutError:
            continue


async def _ranks(engine: Engine, query: str | None) -> dict[str, int]:
    """The rank of each result, by its normal form."""
    if query is None:
        return {}
    ranks: dict[str, int] = {}
    for hit in await engine.search(query):
        try:
            ranks.setdefault(normalise(hit.url).url, hit.rank)
        except NotNormal:
            continue
    return ranks


def _seen(shown: bool, rank: int | None, query: str | None) -> tuple[Visibility, int | None]:
    if rank is not None:
        return ("visible" if rank <= FIRST_PAGE else "demoted"), rank
    if not shown:
        return "not_indexed", None
    return ("visible" if query is None else "hidden"), None


def _reference(part: Part) -> str:
    return ids.reference(part.request_id, part.number, part.attempt)


def _us(job: Job[Entity]) -> Actor:
    return Actor(job.user_id)
