"""From HTTP to the model and the matching: what is asked is translated here, and decided there.

Raises the library's tree of errors, and problems that name the field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from autodmca_events import rfc3339
from autodmca_service.commands import Actor, Outcome
from autodmca_service.desk import Desk, wall_clock_ms
from autodmca_service.http.problems import invalid
from autodmca_service.receipts import Answer, Request

from autodmca_social_media import api, ids
from autodmca_social_media.matching.features import Prepared
from autodmca_social_media.matching.profiles import Account, Person
from autodmca_social_media.matching.scoring import Scorer
from autodmca_social_media.model.commands import AnyCommand, Decide, PutWatch, StartScan, SteerScan, StopWatch
from autodmca_social_media.model.state import EVERYBODY, Entity, Incident, PlatformStatus, Scan, Watch

Kept = TypeVar("Kept", Watch, Scan, Incident)


class SocialMedia:
    """Every operation. `platforms`: those that are set up."""

    def __init__(
        self,
        desk: Desk[Entity, AnyCommand, Outcome],
        scorer: Scorer,
        platforms: Sequence[str],
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self._desk = desk
        self._scorer = scorer
        self._platforms = tuple(platforms)
        self._now_ms = now_ms

    def match(self, body: api.MatchBody) -> api.MatchView:
        """Compare; stores nothing."""
        person = _person(body.watched)
        if not person.handles and not person.names:
            raise invalid("watched", "at least one of handles and names")
        candidate = body.candidate
        if candidate.content_matches > candidate.posts_checked:
            raise invalid("candidate.contentMatches", "at most candidate.postsChecked")
        if candidate.seen_at is not None and (candidate.created_at or 0) > candidate.seen_at:
            raise invalid("candidate.createdAt", "at most candidate.seenAt")
        account = Account(
            **{**msgspec.structs.asdict(candidate), "seen_at": candidate.seen_at or self._now_ms()}
        )
        match = self._scorer.match(Prepared(person), account)
        return api.MatchView(
            verdict=match.verdict,
            score=match.score,
            severity=match.severity,
            signals=match.signals,
            parts=match.parts,
        )

    async def put_watch(
        self, actor: Actor, profile_id: int, body: api.WatchBody, again: Request | None
    ) -> Answer:
        command = PutWatch(
            actor=actor,
            request=again,
            profile_id=profile_id,
            person=_person(body),
            platforms=body.platforms,
            interval_ms=None if body.interval_seconds is None else body.interval_seconds * 1000,
            budget=body.budget,
        )
        return await self._do(command)

    async def stop_watch(self, actor: Actor, profile_id: int, again: Request | None) -> Answer:
        return await self._do(StopWatch(actor=actor, request=again, profile_id=profile_id))

    async def start_scan(self, actor: Actor, body: api.ScanBody, again: Request | None) -> Answer:
        return await self._do(
            StartScan(actor=actor, request=again, profile_id=body.profile_id, platforms=body.platforms)
        )

    async def steer(self, command: SteerScan) -> Answer:
        return await self._do(command)

    async def decide(self, command: Decide) -> Answer:
        return await self._do(command)

    async def watch(self, actor: Actor, profile_id: int) -> Watch:
        return await self._desk.find(actor.user_id, ids.watch_id(profile_id), Watch)

    async def scan(self, actor: Actor, scan_id: str) -> Scan:
        return await self._desk.find(actor.user_id, scan_id, Scan)

    async def incident(self, actor: Actor, incident_id: str) -> Incident:
        return await self._desk.find(actor.user_id, incident_id, Incident)

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
        return await self._desk.page(actor.user_id, kind, _place, wanted, limit=limit, cursor=cursor)

    async def platforms(self, actor: Actor) -> list[api.PlatformView]:
        """How each platform answers; known by the owner of user 0 alone."""
        await self._desk.refresh(EVERYBODY)
        found = self._desk.of_user(EVERYBODY)
        shown = []
        for name in self._platforms:
            known = found.get(ids.platform_id(name))
            status = known if isinstance(known, PlatformStatus) else PlatformStatus(platform=name)
            shown.append(
                api.PlatformView(
                    platform=name,
                    status=status.status,
                    rate_limit=status.rate_limit,
                    rate_limit_remaining=status.rate_limit_remaining,
                    rate_limit_reset_at=rfc3339(status.rate_limit_reset_at),
                    latency_ms=status.latency_ms,
                    consecutive_errors=status.consecutive_errors,
                    last_success_at=rfc3339(status.last_success_at),
                    message=status.message,
                )
            )
        return shown

    async def _do(self, command: AnyCommand) -> Answer:
        await self._desk.refresh(command.actor.user_id)
        return await self._desk.do(command.actor.user_id, command)


def _person(body: api.WatchedPerson) -> Person:
    return Person(**{name: getattr(body, name) for name in Person.__struct_fields__})


def _place(entity: Watch | Scan | Incident) -> tuple[int, str]:
    match entity:
        case Watch():
            return entity.created_at, ids.watch_id(entity.profile_id)
        case Scan():
            return entity.started_at, entity.id
        case Incident():
            return entity.detected_at, entity.id
