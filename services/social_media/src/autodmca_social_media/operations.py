"""Every operation of the HTTP interface: its route, its words for the OpenAPI document, and what it calls.

Handlers translate and nothing else: rules are in `model` and `matching`.
"""

from __future__ import annotations

from typing import get_args

from autodmca_events.scalars import Urgency
from autodmca_events.social_media import IncidentStatus, SocialScanStatus
from autodmca_service.http.operations import (
    CURSOR,
    IDEMPOTENCY_KEY,
    LIMIT,
    Call,
    Handler,
    Operation,
    Reply,
    choices,
)
from autodmca_service.http.problems import invalid
from autodmca_service.http.queries import chosen, last, limit
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer

from autodmca_social_media import api, views
from autodmca_social_media.model.commands import Decide, Deed, SteerScan
from autodmca_social_media.model.state import Incident, Scan, Watch
from autodmca_social_media.service import SocialMedia


class _Handlers:
    """The operations' translations, on one service."""

    def __init__(self, service: SocialMedia) -> None:
        self._service = service

    async def match(self, call: Call) -> Reply:
        return Reply(200, self._service.match(call.body))

    async def put_watch(self, call: Call) -> Answer:
        return await self._service.put_watch(call.actor, _profile(call), call.body, call.again)

    async def watch(self, call: Call) -> Reply:
        return Reply(200, views.watch(await self._service.watch(call.actor, _profile(call))))

    async def stop_watch(self, call: Call) -> Answer:
        return await self._service.stop_watch(call.actor, _profile(call), call.again)

    async def watches(self, call: Call) -> Reply:
        found, cursor = await self._service.select(
            call.actor, Watch, lambda _: True, limit=limit(call.query), cursor=last(call.query, "cursor")
        )
        return Reply(200, api.WatchPage(items=tuple(map(views.watch, found)), next_cursor=cursor))

    async def start_scan(self, call: Call) -> Answer:
        return await self._service.start_scan(call.actor, call.body, call.again)

    async def scan(self, call: Call) -> Reply:
        return Reply(200, views.scan(await self._service.scan(call.actor, call.path["id"])))

    async def scans(self, call: Call) -> Reply:
        statuses = chosen(call.query, "status", get_args(SocialScanStatus))
        found, cursor = await self._service.select(
            call.actor,
            Scan,
            lambda scan: not statuses or scan.status in statuses,
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
        return Reply(200, api.ScanPage(items=tuple(map(views.scan, found)), next_cursor=cursor))

    async def incident(self, call: Call) -> Reply:
        return Reply(200, views.incident(await self._service.incident(call.actor, call.path["id"])))

    async def incidents(self, call: Call) -> Reply:
        statuses = chosen(call.query, "status", get_args(IncidentStatus))
        severities = chosen(call.query, "severity", get_args(Urgency))
        found, cursor = await self._service.select(
            call.actor,
            Incident,
            lambda incident: (
                (not statuses or incident.status in statuses)
                and (not severities or incident.severity in severities)
            ),
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
        return Reply(200, api.IncidentPage(items=tuple(map(views.incident, found)), next_cursor=cursor))

    async def platforms(self, call: Call) -> Reply:
        return Reply(200, await self._service.platforms(call.actor))

    def steering(self, deed: str) -> Handler:
        async def steer(call: Call) -> Answer:
            command = SteerScan(
                actor=call.actor,
                request=call.again,
                scan_id=call.path["id"],
                deed=deed,  # type: ignore[arg-type]
            )
            return await self._service.steer(command)

        return steer

    def deciding(self, deed: Deed) -> Handler:
        async def decide(call: Call) -> Answer:
            command = Decide(
                actor=call.actor,
                request=call.again,
                incident_id=call.path["id"],
                deed=deed,
                note=call.body.note,
            )
            return await self._service.decide(command)

        return decide


def operations(service: SocialMedia) -> tuple[Operation, ...]:
    """All of them, bound to `service`."""
    on = _Handlers(service)
    watch, scan, incident = "/v1/watches/{id}", "/v1/scans/{id}", "/v1/incidents/{id}"
    key, wrong, page = (IDEMPOTENCY_KEY,), (404, 409, 503, 504), (LIMIT, CURSOR)
    statuses = choices("status", get_args(SocialScanStatus))
    about = (choices("status", get_args(IncidentStatus)), choices("severity", get_args(Urgency)))
    steers = [
        Operation(f"{deed}_scan", "POST", f"{scan}/{deed}", words, on.steering(deed), EmptyBody, 200,
                  api.ScanView, key, wrong)
        for deed, words in (
            ("pause", "Stop a scan for a while"), ("resume", "Let a paused scan go on"),
            ("cancel", "End a scan"),
        )
    ]  # fmt: skip
    deeds: tuple[tuple[Deed, str, str], ...] = (
        ("report", "report", "Report the account to its platform"),
        ("false_positive", "false-positive", "Say that this is no impersonator"),
        ("escalate", "escalate", "Report it again, after a review that changed nothing"),
        ("resolve", "resolve", "Close it"),
    )
    decisions = [
        Operation(f"{deed}_incident", "POST", f"{incident}/{path}", words, on.deciding(deed), api.NoteBody,
                  200, api.IncidentView, key, wrong)
        for deed, path, words in deeds
    ]  # fmt: skip
    return (
        Operation("match", "POST", "/v1/match", "Compare an account with a person; stores nothing", on.match,
                  api.MatchBody, 200, api.MatchView),
        Operation("put_watch", "PUT", watch, "Have a profile watched", on.put_watch, api.WatchBody, 200,
                  api.WatchView, key, (409, 503, 504)),
        Operation("read_watch", "GET", watch, "Read a watch", on.watch, None, 200, api.WatchView, (),
                  (404, 503)),
        Operation("stop_watch", "DELETE", watch, "Watch a profile no more; its incidents stay", on.stop_watch,
                  None, 204, None, key, wrong),
        Operation("list_watches", "GET", "/v1/watches", "List watches, newest first", on.watches, None, 200,
                  api.WatchPage, page, (503,)),
        Operation("start_scan", "POST", "/v1/scans", "Scan now, where no scan is going on",
                  on.start_scan, api.ScanBody, 202, EmptyBody, key, wrong),
        Operation("read_scan", "GET", scan, "Read a scan", on.scan, None, 200, api.ScanView, (), (404, 503)),
        Operation("list_scans", "GET", "/v1/scans", "List scans, newest first", on.scans, None, 200,
                  api.ScanPage, (*page, statuses), (503,)),
        *steers,
        Operation("read_incident", "GET", incident, "Read an incident", on.incident, None, 200,
                  api.IncidentView, (), (404, 503)),
        Operation("list_incidents", "GET", "/v1/incidents", "List incidents, newest first", on.incidents,
                  None, 200, api.IncidentPage, (*page, *about), (503,)),
        *decisions,
        Operation("list_platforms", "GET", "/v1/platforms", "How each platform answers", on.platforms, None,
                  200, list[api.PlatformView], (), (503,)),
    )  # fmt: skip


def _profile(call: Call) -> int:
    text = call.path["id"]
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 15 and int(text) > 0):
        raise invalid("id", "the number of a profile")
    return int(text)
