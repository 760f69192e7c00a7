"""The HTTP interface over a log in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from autodmca_service.testing import Site

from services.social_media.tests.site import social_site

USER = 7
WATCHED = {"handles": ["adalovelace"], "names": ["Ada Lovelace"], "bio": "Analyst of engines. London."}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with social_site() as site:
        yield site


async def test_a_match_says_score_severity_and_what_each_signal_weighs_and_stores_nothing(site: Site) -> None:
    candidate = {
        "handle": "ada.lоvelace_support",
        "displayName": "Ada Lovelace ✅",
        "bio": "DM me on Telegram",
    }
    answer = await site(USER, "POST", "/v1/match", {"watched": WATCHED, "candidate": candidate})
    assert answer.status_code == 200, answer.text
    match = answer.json()
    assert match["verdict"] == "match"
    assert match["severity"] in ("high", "critical")
    assert {"homoglyph", "affix", "display_name"} <= set(match["signals"])
    assert all(set(part) == {"name", "value", "weight", "contribution"} for part in match["parts"])
    assert not site.log.table.of_user(USER)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"watched": {}, "candidate": {"handle": "x"}}, "watched"),
        ({"watched": WATCHED, "candidate": {}}, "handle"),
        ({"watched": WATCHED, "candidate": {"handle": ""}}, "handle"),
        ({"watched": WATCHED, "candidate": {"handle": "x", "avatarHash": "zz"}}, "avatarHash"),
        ({"watched": WATCHED, "candidate": {"handle": "x", "followers": -1}}, "followers"),
        ({"watched": WATCHED, "candidate": {"handle": "x", "contentMatches": 2}}, "contentMatches"),
        ({"watched": WATCHED, "candidate": {"handle": "x", "createdAt": 2, "seenAt": 1}}, "createdAt"),
        ({"watched": {**WATCHED, "handels": []}, "candidate": {"handle": "x"}}, "handels"),
    ],
)
async def test_a_bad_field_is_named(site: Site, body: object, field: str) -> None:
    answer = await site(USER, "POST", "/v1/match", body)
    assert answer.status_code == 422
    assert field in answer.text


async def test_a_watch_is_kept_listed_and_changed_by_its_owner_alone(site: Site) -> None:
    path = "/v1/watches/42"
    made = await site(USER, "PUT", path, WATCHED)
    assert made.status_code == 201, made.text
    assert made.json()["platforms"] == ["mastodon", "bluesky"]
    changed = await site(USER, "PUT", path, {**WATCHED, "platforms": ["bluesky"], "intervalSeconds": 60})
    assert (changed.status_code, changed.json()["intervalSeconds"]) == (200, 60)
    assert (await site(USER, "GET", path)).json() == changed.json()
    assert len((await site(USER, "GET", "/v1/watches")).json()["items"]) == 1
    assert (await site(USER + 1, "GET", path)).status_code == 404


async def test_an_unknown_platform_and_a_profile_that_is_no_number_are_refused(site: Site) -> None:
    wrong = await site(USER, "PUT", "/v1/watches/42", {**WATCHED, "platforms": ["orkut"]})
    assert (wrong.status_code, "platforms" in wrong.text) == (422, True)
    assert (await site(USER, "PUT", "/v1/watches/x", WATCHED)).status_code == 422


async def test_a_scan_begins_on_each_platform_once_and_is_paused_resumed_and_cancelled(site: Site) -> None:
    await site(USER, "PUT", "/v1/watches/42", WATCHED)
    assert (await site(USER, "POST", "/v1/scans", {"profileId": 43})).status_code == 404
    for _ in range(2):
        assert (await site(USER, "POST", "/v1/scans", {"profileId": 42})).status_code == 202
    scans = (await site(USER, "GET", "/v1/scans")).json()["items"]
    assert sorted(scan["platform"] for scan in scans) == ["bluesky", "mastodon"]
    one = f"/v1/scans/{scans[0]['id']}"
    assert (await site(USER, "POST", f"{one}/resume", {})).status_code == 409
    assert (await site(USER, "POST", f"{one}/pause", {})).json()["paused"] is True
    assert (await site(USER, "POST", f"{one}/resume", {})).status_code == 200
    assert (await site(USER, "POST", f"{one}/cancel", {})).json()["status"] == "cancelled"
    assert (await site(USER, "POST", f"{one}/pause", {})).status_code == 409
    assert (await site(USER + 1, "GET", one)).status_code == 404


async def test_a_watch_that_is_stopped_takes_its_scans_with_it_and_no_other_watch(site: Site) -> None:
    for profile in (42, 43):
        await site(USER, "PUT", f"/v1/watches/{profile}", {**WATCHED, "intervalSeconds": 60})
        await site(USER, "POST", "/v1/scans", {"profileId": profile})
    path = "/v1/watches/42"
    assert (await site(USER + 1, "DELETE", path)).status_code == 404
    stopped = await site(USER, "DELETE", path, idempotency_key="k")
    assert (stopped.status_code, stopped.content) == (204, b"")
    assert (await site(USER, "DELETE", path, idempotency_key="k")).status_code == 204
    assert (await site(USER, "DELETE", path)).status_code == 404
    assert (await site(USER, "GET", path)).status_code == 404
    scans = (await site(USER, "GET", "/v1/scans")).json()["items"]
    assert {(scan["profileId"], scan["status"]) for scan in scans} == {(42, "cancelled"), (43, "queued")}


async def test_an_incident_that_is_not_there_is_not_found(site: Site) -> None:
    for deed in ("report", "false-positive", "escalate", "resolve"):
        assert (await site(USER, "POST", f"/v1/incidents/inc_7_x/{deed}", {})).status_code == 404


async def test_platforms_are_said_to_work_until_calls_say_otherwise(site: Site) -> None:
    shown = (await site(USER, "GET", "/v1/platforms")).json()
    assert [(each["platform"], each["status"]) for each in shown] == [
        ("mastodon", "operational"),
        ("bluesky", "operational"),
    ]
