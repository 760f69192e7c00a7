"""Every operation of the HTTP interface: its route, its words for the OpenAPI document, and what it calls.

Handlers translate and nothing else: rules are in `model`, work in `service`.
"""

from __future__ import annotations

from typing import Final, get_args

from autodmca_events.delisting import DelistingStatus, UrlResult
from autodmca_events.scalars import Engine
from autodmca_service.http.operations import (
    CURSOR,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    LIMIT,
    MIB,
    Call,
    Limits,
    Operation,
    Parameter,
    Reply,
    choices,
)
from autodmca_service.http.problems import invalid
from autodmca_service.http.queries import at_revision, chosen, last, limit, truth
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer

from autodmca_delisting import api, views
from autodmca_delisting.model.commands import Appeal, Cancel, Prefer, Report, Resubmit
from autodmca_delisting.model.state import Reported
from autodmca_delisting.service import Delisting

_LARGE: Final = Limits(body_bytes=16 * MIB, body_s=60.0)
_NEEDS_PERSON: Final = Parameter(
    "needsPerson", "query", "Only requests that wait for a person, or only others.", {"type": "boolean"}
)
_NEXT: Final = Parameter(
    "cursor", "query", "The `nextCursor` of the page before.", {"type": "string", "pattern": "^[0-9]+$"}
)


class _Handlers:
    """The operations' translations, on one service."""

    def __init__(self, service: Delisting) -> None:
        self._service = service

    async def create(self, call: Call) -> Answer:
        return await self._service.create(call.actor, call.body, call.again)

    async def select(self, call: Call) -> Reply:
        found, cursor = await self._service.select(
            call.actor,
            chosen(call.query, "engine", get_args(Engine)),
            chosen(call.query, "status", get_args(DelistingStatus)),
            needs_person=truth(call.query, "needsPerson"),
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
        return Reply(200, api.RequestPage(items=tuple(map(views.summary, found)), next_cursor=cursor))

    async def read(self, call: Call) -> Reply:
        request, shown = await self._service.whole(call.actor, call.path["id"])
        return at_revision(call, shown, request.revision)

    async def urls(self, call: Call) -> Reply:
        text = last(call.query, "cursor") or "0"
        if not (text.isascii() and text.isdecimal() and len(text) <= 6):
            raise invalid("cursor", "the nextCursor of the page before")
        items, following = await self._service.urls(
            call.actor,
            call.path["id"],
            chosen(call.query, "outcome", get_args(UrlResult)),
            limit(call.query),
            int(text),
        )
        cursor = None if following is None else str(following)
        return Reply(200, api.UrlPage(items=tuple(items), next_cursor=cursor))

    async def packet(self, call: Call) -> Reply:
        packed = await self._service.packet(call.actor, call.path["id"])
        name = f'attachment; filename="{call.path["id"]}.zip"'
        return Reply(200, packed, {"content-disposition": name})

    async def cancel(self, call: Call) -> Answer:
        return await self._service.do(
            Cancel(request_id=call.path["id"], actor=call.actor, request=call.again)
        )

    async def appeal(self, call: Call) -> Answer:
        body: api.AppealBody = call.body
        return await self._service.do(
            Appeal(request_id=call.path["id"], actor=call.actor, request=call.again, text=body.text)
        )

    async def resubmit(self, call: Call) -> Answer:
        return await self._service.do(
            Resubmit(request_id=call.path["id"], actor=call.actor, request=call.again)
        )

    async def report(self, call: Call) -> Answer:
        body: api.ReportBody = call.body
        return await self._service.do(
            Report(
                request_id=call.path["id"],
                actor=call.actor,
                request=call.again,
                number=body.part,
                progress=None if body.progress == "not_submitted" else body.progress,
                external_reference=body.external_reference,
                outcomes=tuple(Reported(each.url, each.outcome, each.reason) for each in body.outcomes),
            )
        )

    async def preferences(self, call: Call) -> Reply:
        return Reply(200, await self._service.preferences(call.actor))

    async def prefer(self, call: Call) -> Answer:
        body: api.PreferencesBody = call.body
        return await self._service.prefer(
            Prefer(request_id="", actor=call.actor, request=call.again, resubmit=body.resubmit_relisted)
        )

    async def normalise(self, call: Call) -> Reply:
        body: api.NormaliseBody = call.body
        return Reply(200, await self._service.normalise(body.text))


def operations(service: Delisting) -> tuple[Operation, ...]:
    """All of them, bound to `service`."""
    on = _Handlers(service)
    one, settings = "/v1/requests/{id}", "/v1/delisting/preferences"
    whole, key, wrong = api.RequestView, (IDEMPOTENCY_KEY,), (404, 409, 503, 504)
    lists = (
        LIMIT,
        CURSOR,
        choices("engine", get_args(Engine)),
        choices("status", get_args(DelistingStatus)),
        _NEEDS_PERSON,
    )
    return (
        Operation("create", "POST", "/v1/requests", "Ask an engine to delist URLs", on.create,
                  api.NewRequest, 201, whole, key, (409, 503, 504), limits=_LARGE),
        Operation("list", "GET", "/v1/requests", "List your requests, newest first", on.select,
                  None, 200, api.RequestPage, lists, (503,)),
        Operation("read", "GET", one, "Read a request", on.read, None, 200, whole,
                  (IF_NONE_MATCH,), (404, 503)),
        Operation("urls", "GET", f"{one}/urls", "What became of each URL", on.urls, None, 200, api.UrlPage,
                  (LIMIT, _NEXT, choices("outcome", get_args(UrlResult))), (404, 503)),
        Operation("packet", "GET", f"{one}/packet", "What a person files by hand, as a ZIP", on.packet,
                  None, 200, None, (), (404, 409, 503), media_type="application/zip"),
        Operation("cancel", "POST", f"{one}/cancel", "Take a request back", on.cancel,
                  EmptyBody, 200, whole, key, wrong),
        Operation("appeal", "POST", f"{one}/appeal", "Have what was not removed reviewed again", on.appeal,
                  api.AppealBody, 200, whole, key, wrong),
        Operation("resubmit", "POST", f"{one}/resubmit", "Queue a failed request again", on.resubmit,
                  EmptyBody, 200, whole, key, wrong),
        Operation("report", "POST", f"{one}/report", "Say how a part stands that a person looks after",
                  on.report, api.ReportBody, 200, whole, key, wrong, limits=_LARGE),
        Operation("read_preferences", "GET", settings, "Read your settings", on.preferences,
                  None, 200, api.PreferencesBody, (), (503,)),
        Operation("prefer", "PUT", settings, "Change your settings", on.prefer,
                  api.PreferencesBody, 200, api.PreferencesBody, key, (503, 504)),
        Operation("normalise", "POST", "/v1/urls/normalise", "Find the URLs of a text; stores nothing",
                  on.normalise, api.NormaliseBody, 200, api.Normalised, (), (), limits=_LARGE),
    )  # fmt: skip
