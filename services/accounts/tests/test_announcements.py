"""Announcements to everybody: by administrators, with a scheduled start and end."""

from __future__ import annotations

import time
from typing import Any

from autodmca_accounts.notifications import system
from autodmca_accounts.notifications.system import MOST
from autodmca_accounts.work import turn_announcement
from autodmca_events import SystemNotification, rfc3339
from autodmca_service.testing import Site, perform_due

ADA, ROOT = 11, 1
HOUR_MS = 3_600_000
PATH = "/v1/system-notifications"


def body(**more: Any) -> dict[str, Any]:
    return {
        "level": "maintenance",
        "code": "db-upgrade",
        "title": "Upgrade",
        "message": "We are away.",
        **more,
    }


def told(site: Site) -> list[tuple[str, str | None]]:
    found = [each for each in site.log.events if isinstance(each, SystemNotification)]
    assert all(each.user_id is None for each in site.log.envelopes if each.type == "system_notification")
    return [(each.title, each.ends_at) for each in found]


async def work(site: Site) -> None:
    await perform_due(site.log, system.due, turn_announcement)


async def test_only_administrators_speak_to_everybody(site: Site) -> None:
    for roles in ((), ("reviewer",)):
        answer = await site(ADA, "POST", PATH, body(), *roles)
        assert (answer.status_code, answer.json()["type"]) == (
            403,
            "urn:autodmca:problem:not-an-administrator",
        )
        assert (await site(ADA, "POST", f"{PATH}/x/withdraw", {}, *roles)).status_code == 403
    assert told(site) == []
    assert (await site(ROOT, "POST", PATH, body(), "admin")).status_code == 201
    assert told(site) == [("Upgrade", None)]


async def test_an_announcement_begins_and_ends_when_it_is_scheduled(site: Site) -> None:
    now = site.log.now_ms = int(time.time() * 1000)
    starts, ends = now + HOUR_MS, now + 3 * HOUR_MS
    sent = body(startsAt=rfc3339(starts), endsAt=rfc3339(ends))
    made = (await site(ROOT, "POST", PATH, sent, "admin")).json()
    assert made["stage"] == "scheduled"
    await work(site)
    assert told(site) == []
    assert (await site(ADA, "GET", PATH)).json() == {"items": []}
    assert len((await site(ROOT, "GET", PATH, None, "admin")).json()["items"]) == 1
    site.log.now_ms = starts
    await work(site)
    assert told(site) == [("Upgrade", rfc3339(ends))]
    (shown,) = (await site(ADA, "GET", PATH)).json()["items"]
    assert (shown["id"], shown["stage"], shown["startsAt"]) == (made["id"], "shown", rfc3339(starts))
    site.log.now_ms = ends
    await work(site)
    assert told(site)[1:] == [("Ended: Upgrade", rfc3339(ends))]
    assert (await site(ADA, "GET", PATH)).json() == {"items": []}


async def test_an_announcement_is_withdrawn_before_and_after_it_has_begun(site: Site) -> None:
    later = (await site(ROOT, "POST", PATH, body(startsAt="2100-01-01T00:00:00Z"), "admin")).json()
    answer = await site(ROOT, "POST", f"{PATH}/{later['id']}/withdraw", {}, "admin")
    assert answer.json()["stage"] == "ended"
    site.log.now_ms = 4_200_000_000_000
    await work(site)
    assert told(site) == []
    shown = (await site(ROOT, "POST", PATH, body(), "admin")).json()
    moment = rfc3339(site.log.now_ms)
    assert (await site(ROOT, "POST", f"{PATH}/{shown['id']}/withdraw", {}, "admin")).status_code == 200
    assert told(site) == [("Upgrade", None), ("Ended: Upgrade", moment)]
    again = await site(ROOT, "POST", f"{PATH}/{shown['id']}/withdraw", {}, "admin")
    assert again.status_code == 409
    assert (await site(ROOT, "POST", f"{PATH}/none/withdraw", {}, "admin")).status_code == 404


async def test_a_request_that_is_sent_again_announces_once(site: Site) -> None:
    first = await site(ROOT, "POST", PATH, body(), "admin", idempotency_key="a")
    again = await site(ROOT, "POST", PATH, body(), "admin", idempotency_key="a")
    assert first.json() == again.json()
    assert len(told(site)) == 1


async def test_what_makes_no_sense_is_refused_by_name(site: Site) -> None:
    for wrong, field in (
        ({"endsAt": "2001-01-01T00:00:00Z"}, "endsAt"),
        ({"startsAt": "2101-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z"}, "endsAt"),
        ({"level": "loud"}, "level"),
        ({"actionUrl": "javascript:x"}, "actionUrl"),
    ):
        answer = await site(ROOT, "POST", PATH, body(**wrong), "admin")
        assert answer.status_code == 422
        assert field in answer.text


async def test_announcements_are_bounded(site: Site) -> None:
    for _ in range(MOST):
        assert (await site(ROOT, "POST", PATH, body(), "admin")).status_code == 201
    assert (await site(ROOT, "POST", PATH, body(), "admin")).status_code == 409
    for each in (await site(ADA, "GET", PATH)).json()["items"]:
        await site(ROOT, "POST", f"{PATH}/{each['id']}/withdraw", {}, "admin")
    for _ in range(3):
        assert (await site(ROOT, "POST", PATH, body(), "admin")).status_code == 201
    items = (await site(ROOT, "GET", PATH, None, "admin")).json()["items"]
    assert len([each for each in items if each["stage"] == "ended"]) <= MOST
