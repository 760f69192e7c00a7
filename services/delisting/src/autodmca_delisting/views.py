"""From what is remembered to what is shown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodmca_events import rfc3339
from autodmca_urls.reading import ReadUrl

from autodmca_delisting import api, ids
from autodmca_delisting.model.state import Copy, Entity, Part, Request, Watch

Find = Callable[[str], Entity | None]


def whole(request: Request, find: Find) -> api.RequestView:
    """A request; `find` gives the owner's entities."""
    return api.RequestView(
        **_summary(request),
        query=request.query,
        expires_at=rfc3339(request.expires_at),
        parts=tuple(
            _part(request, part, find)
            for number in range(1, request.parts + 1)
            if isinstance(part := find(ids.part_id(request.id, number)), Part)
        ),
        dropped=tuple(
            api.DroppedUrl(text=each.written, reason=each.reason, line=each.line) for each in request.dropped
        ),
        dropped_total=request.dropped_total,
        notes=tuple(
            api.NoteView(at=rfc3339(note.at), user_id=note.user_id, said=note.said) for note in request.notes
        ),
    )


def summary(request: Request) -> api.RequestSummary:
    """A line of a list."""
    return api.RequestSummary(**_summary(request))


def urls(request: Request, find: Find, outcomes: Sequence[str]) -> list[api.UrlView]:
    """Every URL of a request with one of these outcomes (of any, when empty), in its order."""
    listed = []
    for number in range(1, request.parts + 1):
        part, watch = find(ids.part_id(request.id, number)), find(ids.watch_id(request.id, number))
        if not isinstance(part, Part):
            continue
        seen = {each.normal: each for each in watch.urls} if isinstance(watch, Watch) else {}
        checked = watch.checked_at if isinstance(watch, Watch) else None
        for url in part.urls:
            if outcomes and url.outcome not in outcomes:
                continue
            watched = seen.get(url.normal)
            listed.append(
                api.UrlView(
                    url=url.url,
                    normalized_url=url.normal,
                    registrable_domain=url.domain,
                    part=number,
                    outcome=url.outcome,
                    reason=url.reason,
                    visibility=None if watched is None else watched.visibility,
                    rank=None if watched is None else watched.rank,
                    checked_at=None if watched is None or checked is None else rfc3339(checked),
                )
            )
    return listed


def normalised(read: Sequence[ReadUrl]) -> api.Normalised:
    """The URLs of a text."""
    return api.Normalised(
        urls=tuple(
            api.FoundUrl(
                url=each.url,
                normalized_url=each.normal.url,
                registrable_domain=each.normal.domain,
                text=each.written,
                start=each.start,
                end=each.end,
                line=each.line,
            )
            for each in read
            if each.normal is not None and each.dropped is None
        ),
        dropped=tuple(
            api.DroppedUrl(
                text=each.written,
                reason=each.dropped,
                line=each.line,
                start=each.start,
                end=each.end,
                duplicate_of=None if each.normal is None else each.normal.url,
            )
            for each in read
            if each.dropped is not None
        ),
    )


def _summary(request: Request) -> dict[str, Any]:
    counts = request.counts
    return {
        "id": request.id,
        "engine": request.engine,
        "status": request.status,
        "attempt": request.attempt,
        "urls_total": counts.total,
        "urls_removed": counts.removed,
        "urls_not_in_index": counts.not_in_index,
        "urls_no_action": counts.no_action,
        "urls_pending": counts.pending,
        "urls_duplicate": counts.duplicate,
        "created_at": rfc3339(request.created_at),
        "updated_at": rfc3339(request.updated_at),
        "external_reference": request.external_reference,
        "needs_person": request.needs_person,
        "reason": request.reason,
        "follows": request.follows,
    }


def _part(request: Request, part: Part, find: Find) -> api.PartView:
    copy = find(ids.copy_id(request.id, part.number))
    return api.PartView(
        number=part.number,
        stage=part.stage,
        reference=ids.reference(request.id, part.number, part.attempt),
        urls_total=len(part.urls),
        external_reference=part.external_reference,
        progress=part.progress,
        error=part.error,
        next_at=rfc3339(part.next_at),
        lumen=(copy.location or copy.stage) if isinstance(copy, Copy) else None,
    )
