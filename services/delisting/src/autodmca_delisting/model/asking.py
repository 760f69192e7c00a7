"""What people ask for: requests, appeals, and word of what they filed by hand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from autodmca_events import requests
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_delisting import ids
from autodmca_delisting.model.commands import (
    Add,
    Appeal,
    Cancel,
    Create,
    Prefer,
    Queue,
    Report,
    Resubmit,
)
from autodmca_delisting.model.parts import begin as _begin
from autodmca_delisting.model.settling import Changes, illegal
from autodmca_delisting.model.state import Notice, Part, Preferences, Reported, Request, Url

MAX_REQUESTS_PER_USER: Final = 2_000
MAX_PARTS: Final = 200


def create(changes: Changes, command: Create, held: int) -> int:
    """`held`: the requests that the user has."""
    found = changes.get(command.request_id)
    if isinstance(found, Request):
        if found.status == "draft" and (found.engine, found.notice) == (command.engine, command.notice):
            return found.revision
        raise refuse("conflict", "request-exists", f"there is a request {found.id} already")
    if held >= MAX_REQUESTS_PER_USER:
        raise refuse("conflict", "too-many-requests", f"a user has {MAX_REQUESTS_PER_USER} at most")
    request = Request(
        id=command.request_id,
        engine=command.engine,
        status="draft",
        notice=command.notice,
        query=command.query,
        dropped=command.dropped,
        dropped_total=command.dropped_total,
        created_at=changes.now,
        updated_at=changes.now,
    )
    return changes.keep(request).revision


def add(changes: Changes, command: Add) -> int:
    request = changes.request(command.request_id)
    if request.status != "draft":
        raise illegal(request, "added to")
    if not 1 <= command.number <= MAX_PARTS:
        raise refuse("conflict", "too-many-parts", f"a request has {MAX_PARTS} parts at most")
    part_id = ids.part_id(request.id, command.number)
    part = Part(
        request_id=request.id, number=command.number, engine=request.engine, stage="draft", urls=command.urls
    )
    if changes.get(part_id) != part:
        changes.put(part_id, part)
    return request.revision


def queue(changes: Changes, command: Queue) -> int:
    request = changes.request(command.request_id)
    if request.status != "draft":
        raise illegal(request, "queued")
    return _queued(changes, request, command.parts, by_hand=command.packet)


def follow_up(changes: Changes, before: Request, urls: Sequence[Url], *, by_hand: bool) -> None:
    """A new request about URLs that came back."""
    owner = changes.context.user_id
    request = Request(
        id=ids.following_id(owner, changes.context.new_id(0)),
        engine=before.engine,
        status="draft",
        notice=Notice(**structs.asdict(before.notice)),
        query=before.query,
        follows=before.id,
        created_at=changes.now,
        updated_at=changes.now,
    )
    part = Part(request_id=request.id, number=1, engine=request.engine, stage="draft", urls=tuple(urls))
    changes.put_part(part)
    _queued(changes, request, 1, by_hand=by_hand)


def _queued(changes: Changes, request: Request, parts: int, *, by_hand: bool) -> int:
    request = structs.replace(
        request, parts=parts, by_hand=by_hand, expires_at=changes.now + changes.rules.expiry_ms
    )
    changes.parts(request)
    return _begin(changes, changes.move(request, "queued"), "begin")


def cancel(changes: Changes, command: Cancel) -> int:
    request = changes.request(command.request_id)
    if request.status == "cancelled":
        return request.revision
    if request.status not in ("queued", "submitted", "under_review"):
        raise illegal(request, "cancelled")
    request = changes.noted(request, command.actor.user_id, "cancelled")
    return _begin(changes, changes.move(request, "cancelled"), "cancel")


def appeal(changes: Changes, command: Appeal) -> int:
    request = changes.request(command.request_id)
    if request.status not in ("denied", "partially_approved"):
        raise illegal(request, "appealed")
    request = changes.noted(request, command.actor.user_id, f"appealed: {command.text[:200]}")
    request = structs.replace(changes.move(request, "appealed"), appeal=command.text)
    return _begin(changes, request, "appeal")


def resubmit(changes: Changes, command: Resubmit) -> int:
    request = changes.request(command.request_id)
    if request.status != "failed":
        raise illegal(request, "queued again")
    expires_at = changes.now + changes.rules.expiry_ms
    request = structs.replace(request, attempt=request.attempt + 1, reason=None, expires_at=expires_at)
    request = changes.noted(request, command.actor.user_id, "queued again")
    return _begin(changes, changes.move(request, "queued"), "resubmit")


def report(changes: Changes, command: Report) -> int:
    """Who said it and when is among the request's notes."""
    request = changes.request(command.request_id)
    part = changes.part(command.request_id, command.number)
    if part.stage != "person":
        raise refuse(
            "conflict", "no-person-needed", f"part {part.number} goes on without a person: {part.stage}"
        )
    part = structs.replace(part, run=changes.run, tries=0, error=None)
    if command.progress is None and part.progress is not None:
        raise refuse("conflict", "submitted-already", f"part {part.number} was submitted already")
    if command.progress is None:
        again = "person" if part.by_hand else "waiting"
        part = structs.replace(part, stage=again, next_at=None if part.by_hand else changes.now)
    else:
        part = structs.replace(
            part,
            progress=command.progress,
            external_reference=command.external_reference or part.external_reference,
            urls=with_outcomes(part.urls, command.outcomes),
        )
        if command.progress == "decided":
            undecided = [url.normal for url in part.urls if url.outcome == "pending"]
            if undecided:
                raise refuse("conflict", "undecided", f"no outcome is given for {undecided[0]}")
            part = structs.replace(part, stage="decided", next_at=None)
        elif not part.by_hand:
            if part.external_reference is None:
                raise refuse(
                    "conflict", "no-reference", "externalReference: say under which name the engine has it"
                )
            part = structs.replace(part, stage="sent", next_at=changes.now)
    changes.put_part(part)
    said = (
        f"part {part.number}: {command.progress or 'not submitted'} {part.external_reference or ''}".strip()
    )
    return changes.settle(changes.noted(request, command.actor.user_id, said)).revision


def prefer(changes: Changes, command: Prefer) -> int:
    changes.put(ids.SETTINGS, Preferences(resubmit=command.resubmit))
    return 0


def only_owner(command: requests.Command, owner: int) -> None:
    """Raises CommandRefused for another's request, unless an administrator asks."""
    if command.actor.user_id != owner and not command.actor.is_admin:
        raise refuse("forbidden", "not-yours", "only the owner of a request may do that")


def with_outcomes(urls: tuple[Url, ...], outcomes: Sequence[Reported]) -> tuple[Url, ...]:
    """The URLs with what is said about them, by the form in which they were sent; a decision is not taken
    back."""
    said = {each.url: each for each in outcomes}
    changed = []
    for url in urls:
        news = said.get(url.normal) or said.get(url.url)
        if (
            news is not None
            and news.outcome != "pending"
            and (news.outcome, news.reason) != (url.outcome, url.reason)
        ):
            url = structs.replace(url, outcome=news.outcome, reason=news.reason)
        changed.append(url)
    return tuple(changed)
