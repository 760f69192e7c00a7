"""What a changed part means for its request: counts, status, and the events of each step. Pure.

Owns the gathering of changes: everything that follows from one input is in one `Changes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from autodmca_events import rfc3339
from autodmca_events.delisting import DelistingRequestStatus, DelistingStatus
from autodmca_events.requests import Result
from autodmca_kafka import Context, Decision
from autodmca_service import changes
from autodmca_service.commands import Outcome
from autodmca_service.errors import CommandRefused, refuse
from msgspec import structs

from autodmca_delisting import ids
from autodmca_delisting.model.state import Entity, Note, Part, Request, Rules, Watch, Watched
from autodmca_delisting.model.workflow import NEXT, counted, following

MAX_NOTES: Final = 100
ENDED: Final[frozenset[DelistingStatus]] = frozenset(
    {"approved", "partially_approved", "denied", "expired", "cancelled", "failed"}
)


class Changes(changes.Changes[Entity]):
    """What follows from one input so far."""

    def __init__(self, entities: Mapping[str, Entity], context: Context, rules: Rules) -> None:
        super().__init__(entities, context)
        self.rules = rules
        self.result: Result | None = None
        self._touched: dict[str, Part] = {}

    def request(self, request_id: str) -> Request:
        """The request. Raises CommandRefused."""
        return self.need(request_id, Request)

    def part(self, request_id: str, number: int) -> Part:
        """The request's part. Raises CommandRefused."""
        found = self.find(ids.part_id(request_id, number), Part)
        if found is None:
            raise refuse("not_found", "no-such-part", f"{request_id} has no part {number}")
        return found

    def parts(self, request: Request) -> list[Part]:
        return [self.part(request.id, number) for number in range(1, request.parts + 1)]

    def put_part(self, part: Part) -> None:
        part_id = ids.part_id(part.request_id, part.number)
        self._touched[part_id] = part
        self.put(part_id, part)

    def move(self, request: Request, status: DelistingStatus) -> Request:
        """Take one step, and tell. Raises CommandRefused where there is no such step."""
        if status not in NEXT[request.status]:
            raise illegal(request, status)
        moved = structs.replace(request, status=status)
        if status in ENDED:
            moved = structs.replace(moved, expires_at=None)
        elif status == "under_review":
            moved = structs.replace(moved, expires_at=self.now + self.rules.expiry_ms)
        parts = self.parts(moved)
        moved = structs.replace(moved, counts=counted(parts))
        polls = [part.next_at for part in parts if part.next_at is not None and part.stage == "sent"]
        counts = moved.counts
        self.tell(
            DelistingRequestStatus(
                request_id=moved.id,
                engine=moved.engine,
                previous_status=request.status,
                status=status,
                urls_total=counts.total,
                urls_removed=counts.removed,
                urls_not_in_index=counts.not_in_index,
                urls_no_action=counts.no_action,
                urls_pending=counts.pending,
                urls_duplicate=counts.duplicate,
                external_reference=moved.external_reference,
                attempt=moved.attempt,
                next_poll_at=rfc3339(min(polls)) if polls and status not in ENDED else None,
                updated_at=rfc3339(self.now),
            )
        )
        return moved

    def settle(self, request: Request) -> Request:
        """Follow the request's parts as far as they lead, and keep what came of it."""
        parts = self.parts(request)
        while request.deed is None and (status := following(request.status, parts)) != request.status:
            request = self.move(request, status)
        waits = next((part for part in parts if part.stage == "person"), None)
        first = next((part.external_reference for part in parts if part.external_reference), None)
        error = next((part.error for part in parts if part.stage == "stopped" and part.error), None)
        request = structs.replace(
            request,
            counts=counted(parts),
            external_reference=first,
            needs_person=None if waits is None else waits.error or "to be filed by hand",
            reason=request.reason or (error if request.status == "failed" else None),
        )
        for part in parts:
            if ids.part_id(request.id, part.number) in self._touched:
                self._follow(request, part)
        return self.keep(request)

    def keep(self, request: Request) -> Request:
        """Keep the request as it is, as a new revision."""
        kept = structs.replace(request, revision=request.revision + 1, updated_at=self.now, run=self.run)
        self.put(kept.id, kept)
        return kept

    def noted(self, request: Request, user_id: int, said: str) -> Request:
        """With a person's words among its notes; the oldest go."""
        notes = (*request.notes, Note(self.now, user_id, said))[-MAX_NOTES:]
        return structs.replace(request, notes=notes)

    def decision(self, revision: int) -> Decision[Entity, Outcome]:
        return self.decided(Outcome(revision=revision, result=self.result))

    def _follow(self, request: Request, part: Part) -> None:
        """Watch the URLs of a part that changed: all until it is decided, then those that were removed."""
        watch_id = ids.watch_id(request.id, part.number)
        watch = self.find(watch_id, Watch)
        over = part.stage in ("decided", "stopped")
        known = {each.normal: each for each in watch.urls} if watch is not None else {}
        urls = tuple(
            structs.replace(known.get(url.normal) or Watched(url.url, url.normal, url.domain),
                            removed=url.outcome == "removed")
            for url in part.urls
            if url.outcome == "removed" or not over
        )  # fmt: skip
        if not urls:
            if watch is not None:
                self.put(watch_id, None)
            return
        if watch is not None and watch.urls == urls:
            return
        news = watch is None or any(url.removed and not known[url.normal].removed for url in urls
                                    if url.normal in known)  # fmt: skip
        at = self.now if news or watch is None else watch.next_at
        self.put(
            watch_id,
            Watch(
                request_id=request.id,
                number=part.number,
                engine=request.engine,
                query=request.query,
                urls=urls,
                interval_ms=self.rules.watch_ms if news or watch is None else watch.interval_ms,
                checked_at=None if watch is None else watch.checked_at,
                next_at=at,
                run=self.run,
            ),
        )


def illegal(request: Request, what: str) -> CommandRefused:
    """The refusal of a step that there is not."""
    return refuse("conflict", "illegal-transition", f"a request that is {request.status} cannot be: {what}")
