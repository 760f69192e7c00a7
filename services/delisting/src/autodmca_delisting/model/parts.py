"""What is done to every part of a request: a few with each input, so that what follows from one stays
bounded. Pure.

A request of ten thousand URLs is several records of a hundred kilobytes; what follows from one input has to
fit into one write. So a request says what is being done and to which part next; as many parts as fit are
done at once, and work has the model proceed with the rest.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from autodmca_delisting.model.settling import Changes
from autodmca_delisting.model.state import Deed, Part, Request

AT_ONCE: Final = 150_000
"""Bytes of URLs in the parts that one input may change; one part at least."""


def begin(changes: Changes, request: Request, deed: Deed) -> int:
    """Do it to the first parts; the request's revision."""
    return proceed(changes, structs.replace(request, deed=deed, next_part=1))


def proceed(changes: Changes, request: Request) -> int:
    """Do it to the next parts; with the last of them it is done."""
    number, size = request.next_part, 0
    while number <= request.parts and size < AT_ONCE:
        before = changes.part(request.id, number)
        after = _after(changes, request, before)
        if after != before:
            changes.put_part(structs.replace(after, run=changes.run))
            size += sum(len(url.url.encode()) + len(url.normal) for url in before.urls)
        number += 1
    done = number > request.parts
    deed = None if done else request.deed
    return changes.settle(structs.replace(request, deed=deed, next_part=0 if done else number)).revision


def _after(changes: Changes, request: Request, part: Part) -> Part:
    match request.deed:
        case "begin":
            part = structs.replace(part, by_hand=request.by_hand)
            return _waiting(changes, part)
        case "cancel":
            return _taken_back(changes, part)
        case "appeal":
            return _appealed(changes, request, part)
        case "resubmit" if part.stage == "stopped":
            attempt = part.attempt + 1 if part.refused else part.attempt
            again = structs.replace(part, attempt=attempt, refused=False, error=None, tries=0)
            return _waiting(changes, again)
        case "stop" if part.stage not in ("decided", "stopped"):
            return structs.replace(part, stage="stopped", next_at=None)
    return part


def _waiting(changes: Changes, part: Part) -> Part:
    if part.by_hand:
        return structs.replace(part, stage="person", next_at=None)
    return structs.replace(part, stage="waiting", next_at=changes.now)


def _taken_back(changes: Changes, part: Part) -> Part:
    """Where the engine may have it, it is asked to forget it."""
    if part.stage in ("decided", "stopped"):
        return part
    if part.by_hand or part.stage == "draft" or (part.stage == "waiting" and not part.tries):
        return structs.replace(part, stage="stopped", next_at=None)
    return structs.replace(part, stage="cancelling", tries=0, next_at=changes.now)


def _appealed(changes: Changes, request: Request, part: Part) -> Part:
    urls = tuple(
        structs.replace(url, outcome="pending", reason=None) if url.outcome == "no_action" else url
        for url in part.urls
    )
    if urls == part.urls:
        return part
    return structs.replace(
        part,
        urls=urls,
        stage="person" if part.by_hand else "appealing",
        progress="submitted",
        appeal=request.appeal,
        tries=0,
        next_at=None if part.by_hand else changes.now,
    )
