"""What is due for watches, scans and incidents, and how it is done.

Owns the I/O with platforms, by jobs that `autodmca_service.work` performs on the replica that owns the
user; what came of each is a checkpoint, on which the model decides. A performance of a scan reads one page,
so a page whose checkpoint is in the log is not read again. No platform knows an idempotency key for reports:
the intent is in the log (`filing`) before a report goes out, and what is found so after a crash is looked
for at the platform by its reference, or left to a person.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from autodmca_events.social_media import IncidentType
from autodmca_kafka import Table
from autodmca_service.commands import Actor
from autodmca_service.work import Checkpoint, Due, Job
from msgspec import structs

from autodmca_social_media import ids
from autodmca_social_media.looked import Compared, Looked
from autodmca_social_media.matching.content import Content
from autodmca_social_media.matching.features import Prepared
from autodmca_social_media.matching.profiles import Account
from autodmca_social_media.matching.scoring import Match, Scorer
from autodmca_social_media.matching.variants import variants
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.model.commands import (
    Deferred,
    Filed,
    Filing,
    Followed,
    Found,
    Held,
    NotFiled,
    Paged,
    Scheduled,
    Unclear,
)
from autodmca_social_media.model.state import Entity, Incident, Scan, Watch
from autodmca_social_media.platforms.interface import CannotTell, Hit, Platform, PlatformAway

CHECKED_S: Final = 1.0
WORTH_A_CALL: Final = 0.05
"""The least score, by what a search shows, of an account that is looked at closely."""
MOST_PAGES: Final = 5
"""Pages of one search that are read: what is like the person comes first."""
SCANS_KNOWN: Final = 64
_BUSY: Final = frozenset({"file", "filing", "follow"})


class Worker:
    """Does what is due with these platforms."""

    def __init__(
        self,
        table: Table[Entity],
        platforms: Mapping[str, Platform],
        scorer: Scorer,
        metrics: Metrics,
    ) -> None:
        self._table = table
        self._platforms = platforms
        self._scorer = scorer
        self._metrics = metrics
        self._looked_at: OrderedDict[str, Looked] = OrderedDict()

    def due(self, _user_id: int, entity_id: str, state: Entity) -> Due | None:
        """What is to be done about watches, scans and incidents."""
        match state:
            case Watch() if state.next_at is not None:
                return Due(entity_id, state.next_at, state.run)
            case Scan() if state.next_at is not None and state.platform in self._platforms:
                return Due(entity_id, state.next_at, state.run)
            case Incident() if (
                state.next_at is not None and state.stage in _BUSY and state.platform in self._platforms
            ):
                return Due(ids.reference(state), state.next_at, state.run)
        return None

    async def perform(self, job: Job[Entity], checkpoint: Checkpoint) -> None:
        """Perform a job of `due`."""
        match job.state:
            case Watch() as watch:
                await checkpoint(Scheduled(actor=_us(job), profile_id=watch.profile_id))
            case Scan() as scan:
                await self._scan(job, scan, checkpoint)
            case Incident() as incident:
                await self._report(job, incident, checkpoint)

    async def _scan(self, job: Job[Entity], scan: Scan, checkpoint: Checkpoint) -> None:
        watch = self._table.get(job.user_id, ids.watch_id(scan.profile_id))
        if not isinstance(watch, Watch):
            return  # it is watched no more, and the scan has ended
        platform = self._platforms[scan.platform]
        searches = variants(watch.person, watch.budget)
        if scan.position >= len(searches):  # the person has fewer names by now
            done = Paged(
                actor=_us(job), scan_id=scan.id, position=len(searches), total=len(searches), done=True
            )
            await checkpoint(done)
            return
        looked = self._looked(scan.id)
        looked.turn_to(scan)
        try:
            results = await platform.search(searches[scan.position], scan.cursor)
            compared = await self._compare(scan, watch, platform, looked, results.hits)
        except PlatformAway as away:
            await checkpoint(
                Held(
                    actor=_us(job),
                    scan_id=scan.id,
                    resume_at=away.resume_at,
                    reason=str(away),
                    called=away.called,
                )
            )
            return
        pages = scan.pages + 1
        more = results.cursor is not None and pages < MOST_PAGES
        position = scan.position if more else scan.position + 1
        await checkpoint(
            Paged(
                actor=_us(job),
                scan_id=scan.id,
                position=position,
                total=len(searches),
                cursor=results.cursor if more else None,
                accounts=len(compared),
                posts=sum(each.posts for each in compared),
                found=tuple(each.found for each in compared if each.found is not None),
                done=position >= len(searches),
                called=platform.called(),
            )
        )
        looked.told()

    async def _compare(
        self, scan: Scan, watch: Watch, platform: Platform, looked: Looked, hits: list[Hit]
    ) -> list[Compared]:
        """Every account of a page that is new to this scan."""
        prepared, content = Prepared(watch.person), Content(watch.person.posts)
        new = looked.new(hits)
        for hit in new:
            if hit.id not in looked.page:
                looked.page[hit.id] = await self._compare_one(platform, prepared, content, hit)
        return [looked.page[hit.id] for hit in new]

    async def _compare_one(
        self, platform: Platform, prepared: Prepared, content: Content, hit: Hit
    ) -> Compared:
        account, copied, posts = hit.account, None, 0
        if self._scorer.score(prepared, account) >= WORTH_A_CALL:
            account = await platform.details(hit)
            if content:
                shown = await platform.posts(hit)
                posts = len(shown)
                copies = content.copies(post.text for post in shown)
                copied = shown[copies[0]].url if copies else None
                account = structs.replace(account, posts_checked=posts, content_matches=len(copies))
        match = self._scorer.match(prepared, account)
        self._metrics.compared(platform.name, match.severity)
        return Compared(posts, None if match.severity is None else _found(hit, account, match, copied))

    def _looked(self, scan_id: str) -> Looked:
        """What this replica has looked at in a scan; of the newest scans alone."""
        looked = self._looked_at.setdefault(scan_id, Looked())
        self._looked_at.move_to_end(scan_id)
        while len(self._looked_at) > SCANS_KNOWN:
            self._looked_at.popitem(last=False)
        return looked

    async def _report(self, job: Job[Entity], incident: Incident, checkpoint: Checkpoint) -> None:
        platform = self._platforms[incident.platform]
        about: dict[str, Any] = {"actor": _us(job), "incident_id": incident.id}
        reference = ids.reference(incident)
        sent = incident.stage == "filing"
        try:
            match incident.stage:
                case "file":
                    await checkpoint(Filing(**about))
                    await self._shown(job)
                    sent = True
                    report = await platform.report(incident.account_id, reference, _comment(incident))
                    await checkpoint(Filed(**about, report_id=report, called=platform.called()))
                case "filing":
                    await self._look_for_it(platform, incident, reference, about, checkpoint)
                case _:
                    stands = await platform.standing(incident.account_id, incident.report_id)
                    await checkpoint(
                        Followed(
                            **about, ending=stands.ending, handle=stands.handle, called=platform.called()
                        )
                    )
        except PlatformAway as away:
            await checkpoint(
                Deferred(
                    **about,
                    resume_at=away.resume_at,
                    reason=str(away),
                    called=away.called,
                    lost=sent and (away.lost or incident.stage == "filing"),
                )
            )

    async def _look_for_it(
        self,
        platform: Platform,
        incident: Incident,
        reference: str,
        about: dict[str, Any],
        checkpoint: Checkpoint,
    ) -> None:
        try:
            report = await platform.find_report(incident.account_id, reference)
        except CannotTell as error:
            await checkpoint(
                Unclear(**about, reason=f"it is not known whether the report was filed: {error}")
            )
            return
        if report is None:
            await checkpoint(NotFiled(**about))
        else:
            await checkpoint(Filed(**about, report_id=report, called=platform.called()))

    async def _shown(self, job: Job[Entity]) -> None:
        """Wait until the intent to file is the state: until then another owner may have gone on."""
        while True:
            state = self._table.get(job.user_id, job.entity_id)
            if isinstance(state, Incident) and state.stage == "filing" and state.run != job.run:
                return
            try:
                async with asyncio.timeout(CHECKED_S):
                    await self._table.progress()
            except TimeoutError:
                continue


def _found(hit: Hit, account: Account, match: Match, copied: str | None) -> Found:
    assert match.severity is not None
    scam = any(part.name in ("solicits", "identity_and_solicits") for part in match.parts)
    kind: IncidentType = "scam" if scam else "impersonation"
    return Found(
        account_id=hit.id,
        handle=account.handle,
        url=hit.url,
        post_url=copied,
        display_name=account.display_name,
        incident_type=kind,
        severity=match.severity,
        score=match.score,
        signals=match.signals,
        parts=match.parts,
    )


def _comment(incident: Incident) -> str:
    signals = ", ".join(signal.replace("_", " ") for signal in incident.signals)
    note = f" {incident.note}" if incident.note else ""
    return f"This account passes itself off as somebody else ({signals}).{note}"


def _us(job: Job[Entity]) -> Actor:
    return Actor(job.user_id)
