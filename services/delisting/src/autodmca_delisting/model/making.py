"""A request that another service asks for: made, filled and queued by one input. Pure."""

from __future__ import annotations

from typing import Final

import msgspec
from autodmca_events.requests import RequestMade
from autodmca_service.errors import refuse, refuse_field

from autodmca_delisting import ids
from autodmca_delisting.model import asking, pasted
from autodmca_delisting.model.commands import Add, Create, MakeRequest, Queue
from autodmca_delisting.model.settling import Changes
from autodmca_delisting.model.state import Request

MAX_BYTES: Final = 600_000
"""Of the notice and all URLs: what follows from one input goes to the log at once."""
_BESIDE: Final = 60
"""Bytes that a URL takes in a record beside its two forms."""


def make(changes: Changes, command: MakeRequest, held: int) -> int:
    """`held`: the requests that the user has. Raises CommandRefused."""
    filing = changes.rules.engines.get(command.engine)
    if filing is None:
        known = ", ".join(sorted(changes.rules.engines))
        raise refuse_field("engine", f"one of {known or 'none: no engine is set up'}")
    if not command.notice.text.strip():
        raise refuse_field("notice.text", "say which work is copied; engines ask for it")
    request_id = ids.request_id(changes.context.user_id, f"sent/{command.reference}")
    found = changes.get(request_id)
    if isinstance(found, Request):
        return _made_before(changes, found, command)
    taken, dropped = pasted.read(command.urls)
    if not taken:
        raise refuse_field("urls", pasted.why_none(dropped))
    size = len(msgspec.json.encode(command.notice)) + sum(pasted.size_of(url) + _BESIDE for url in taken)
    if size > MAX_BYTES:
        raise refuse("invalid", "too-large", f"notice and urls take {size:,} bytes of {MAX_BYTES:,} at most")
    create = Create(
        request_id=request_id,
        actor=command.actor,
        engine=command.engine,
        notice=command.notice,
        query=command.query,
        dropped=tuple(dropped[: pasted.DROPPED_KEPT]),
        dropped_total=len(dropped),
    )
    asking.create(changes, create, held)
    parts = list(pasted.split(taken, filing.most_urls))
    for number, urls in enumerate(parts, 1):
        add = Add(request_id=request_id, actor=command.actor, number=number, urls=urls)
        asking.add(changes, add)
    queue = Queue(request_id=request_id, actor=command.actor, parts=len(parts), packet=filing.by_hand)
    changes.result = RequestMade(request_id=request_id, urls=len(taken), dropped=len(dropped))
    return asking.queue(changes, queue)


def _made_before(changes: Changes, found: Request, command: MakeRequest) -> int:
    """The same reference, another time: the same request."""
    same = found.engine, found.notice, found.query
    if same != (command.engine, command.notice, command.query):
        raise refuse("conflict", "request-exists", f"{command.reference} is another request, {found.id}")
    changes.result = RequestMade(request_id=found.id, urls=found.counts.total, dropped=found.dropped_total)
    return found.revision
