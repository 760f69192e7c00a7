"""Profiles over HTTP, and what social media's events make of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from autodmca_accounts.profiles import telling
from autodmca_accounts.profiles.state import FEED, Activity
from autodmca_accounts.work import tell_scan
from autodmca_events import ProfileActivity, ProfileScanUpdate, SocialMediaIncident, SocialMediaScanStatus
from autodmca_events.requests.ai_detection import NoteReferences
from autodmca_events.topics import inputs_topic, outcomes_topic
from autodmca_kafka.relayed import Told
from autodmca_service.commands import Outcome, Refusal
from autodmca_service.testing import Site, perform_due
from autodmca_service.work import Due

from services.accounts.tests.site import relay, tell

USER = 7
ADA = {
    "name": "Ada Lovelace",
    "handles": [{"platform": "mastodon", "handle": "ada"}],
    "references": [{"url": "https://ada.example/1.jpg", "label": "Portrait"}],
}
AT = "2026-03-07T10:30:00Z"


async def profile(site: Site, body: dict[str, Any] = ADA) -> int:
    made = await site(USER, "POST", "/v1/profiles", body)
    assert made.status_code == 201, made.text
    number: int = made.json()["id"]
    return number


def scan(site: Site, number: int, platform: str, status: str, name: str = "s", **about: Any) -> None:
    payload = SocialMediaScanStatus(
        scan_id=f"{name}_{platform}",
        profile_id=number,
        platform=platform,
        status=status,  # type: ignore[arg-type]
        progress=about.pop("progress", 0),
        accounts_checked=about.pop("accounts", 0),
        posts_checked=0,
        incidents_found=about.pop("found", 0),
        started_at=AT,
        **about,
    )
    tell(site.log, USER, payload)


def updates(site: Site) -> list[ProfileScanUpdate]:
    return [each for each in site.log.events if isinstance(each, ProfileScanUpdate)]


def lines(site: Site) -> list[str]:
    return [each.type for each in site.log.events if isinstance(each, ProfileActivity)]


def dues(site: Site) -> list[Due]:
    """What is to be told of scans later."""
    jobs = (telling.due(USER, name, each) for name, each in site.log.table.of_user(USER).items())
    return [job for job in jobs if job is not None]


async def pause(site: Site) -> None:
    """Until what waits has been told."""
    while waiting := dues(site):
        site.log.now_ms = max(site.log.now_ms, waiting[0].at_ms)
        await perform_due(site.log, telling.due, tell_scan)
    site.log.now_ms += telling.PAUSE_MS


async def test_a_profile_is_created_read_and_listed_by_its_owner_alone(site: Site) -> None:
    number = await profile(site)
    assert lines(site) == ["created", "handle_added", "reference_image_added"]
    read = await site(USER, "GET", f"/v1/profiles/{number}")
    assert (read.json()["name"], read.json()["handles"]) == ("Ada Lovelace", ADA["handles"])
    assert [each["id"] for each in (await site(USER, "GET", "/v1/profiles")).json()["items"]] == [number]
    assert (await site(USER + 1, "GET", f"/v1/profiles/{number}")).status_code == 404
    assert (await site(USER, "GET", "/v1/profiles/ada")).status_code == 422


async def test_an_edit_notes_what_is_new_and_needs_the_revision_that_was_read(site: Site) -> None:
    number = await profile(site)
    path, more = f"/v1/profiles/{number}", {"platform": "bluesky", "handle": "ada.example"}
    body = {**ADA, "handles": [*ADA["handles"], more]}
    assert (await site(USER, "PUT", path, body, if_match='"9"')).status_code == 412
    assert (await site(USER, "PUT", path, body, if_match='"1"')).headers["etag"] == '"2"'
    assert lines(site)[3:] == ["updated", "handle_added"]
    await site(USER, "PUT", path, body)
    assert len(lines(site)) == 5, "nothing is new"


async def test_where_its_pictures_are_is_told_once_for_each_change_and_a_refusal_stands_in_it(
    site: Site,
) -> None:
    number = await profile(site)
    path, other = f"/v1/profiles/{number}", {"url": "https://ada.example/2.jpg"}
    await site(USER, "PUT", path, {**ADA, "bio": "Analyst"})
    await site(USER, "PUT", path, {**ADA, "references": [*ADA["references"], other]})
    sent = site.log.sends[inputs_topic("ai_detection")]
    told = [msgspec.json.decode(value or b"", type=NoteReferences) for _, value, _ in sent]
    assert [[each.url for each in command.references] for command in told] == [
        ["https://ada.example/1.jpg"],
        ["https://ada.example/1.jpg", "https://ada.example/2.jpg"],
    ]
    assert {command.profile_id for command in told} == {number}
    about = {name: value or b"" for name, value in sent[-1][2]}
    refusal = Outcome(refusal=Refusal(refused="conflict", code="no", detail="too many"))
    answer = msgspec.json.encode(refusal)
    relay(site.log, Told(outcomes_topic("ai_detection"), USER, site.log.now_ms, answer, about))
    read = (await site(USER, "GET", path)).json()
    assert (read["referencesError"], "watchError" in read) == ("too many", False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({**ADA, "handels": []}, "handels"),
        ({**ADA, "references": [{"url": "ftp://x"}]}, "url"),
        ({**ADA, "intervalSeconds": 1}, "intervalSeconds"),
    ],
)
async def test_a_bad_field_is_named(site: Site, body: object, field: str) -> None:
    answer = await site(USER, "POST", "/v1/profiles", body)
    assert (answer.status_code, field in answer.text) == (422, True)


async def test_scans_of_platforms_are_one_scan_that_ends_with_the_last(site: Site) -> None:
    number = await profile(site)
    for platform in ("mastodon", "bluesky"):
        scan(site, number, platform, "queued")
        await pause(site)
    for platform, status, about in (
        ("mastodon", "running", {"progress": 50, "accounts": 3, "found": 1}),
        ("mastodon", "completed", {"progress": 100, "accounts": 4, "found": 1}),
        ("bluesky", "rate_limited", {"progress": 20}),
        ("bluesky", "failed", {"accounts": 2, "error": "is down"}),
    ):
        scan(site, number, platform, status, **about)
        await pause(site)
    told = updates(site)
    assert len({each.scan_id for each in told}) == 1
    assert [each.status for each in told] == ["queued", "queued", "running", "running", "paused", "completed"]
    last = told[-1]
    assert (last.sources_total, last.sources_scanned, last.candidates_checked, last.matches_found) == (
        2,
        2,
        6,
        1,
    )
    assert (last.progress, last.error) == (100, "bluesky: is down")
    assert lines(site)[3:] == ["scan_started", "scan_completed"]
    scan(site, number, "bluesky", "failed", accounts=2, error="is down")
    scan(site, number, "mastodon", "running", progress=50)
    await pause(site)
    assert lines(site)[5:] == [], "it has ended once"
    assert updates(site) == told


async def test_a_storm_of_progress_is_told_a_few_times_a_second_and_the_last_step_always(site: Site) -> None:
    numbers = [await profile(site, {**ADA, "name": name}) for name in ("Ada", "Grace", "Emmy")]
    began = site.log.now_ms
    for step in range(1_000):
        site.log.now_ms += 7
        await perform_due(site.log, telling.due, tell_scan)
        scan(site, numbers[step % 3], "mastodon", "running", progress=step / 10)
    for number in numbers:
        scan(site, number, "mastodon", "completed", progress=100)
    await pause(site)
    assert len(updates(site)) <= (site.log.now_ms - began) / telling.PAUSE_MS + 1
    assert len(updates(site)) >= 20, "each of them is told while they go on"
    last = {each.profile_id: each.status for each in updates(site)}
    assert last == dict.fromkeys(numbers, "completed")


async def test_the_end_of_a_scan_is_told_before_the_next_begins(site: Site) -> None:
    number = await profile(site)
    scan(site, number, "mastodon", "running", "first")
    scan(site, number, "mastodon", "completed", "first")
    scan(site, number, "mastodon", "running", "second")
    await pause(site)
    ends = [(each.scan_id, each.status) for each in updates(site)]
    assert ends == [
        ("ps_first_mastodon", "running"),
        ("ps_first_mastodon", "completed"),
        ("ps_second_mastodon", "running"),
    ]
    assert dues(site) == []


async def test_a_platform_that_is_scanned_again_and_again_while_another_waits_is_one_source(
    site: Site,
) -> None:
    number = await profile(site)
    scan(site, number, "bluesky", "rate_limited", "stuck")
    for turn in range(50):
        scan(site, number, "mastodon", "completed", f"{turn}", found=turn)
    scan(site, number, "mastodon", "running", "40", progress=10)
    shown = (await site(USER, "GET", f"/v1/profiles/{number}")).json()["scan"]
    found = [(each["scanId"], each.get("matchesFound")) for each in shown["sources"]]
    assert found == [("stuck_bluesky", None), ("49_mastodon", 49)]


async def test_a_late_word_about_an_ended_scan_changes_nothing_and_a_new_scan_is_another(site: Site) -> None:
    number = await profile(site)
    scan(site, number, "mastodon", "completed", "first")
    scan(site, number, "mastodon", "running", "second", progress=10)
    scan(site, number, "mastodon", "running", "first", progress=90)
    await pause(site)
    assert len({each.scan_id for each in updates(site)}) == 2
    assert updates(site)[-1].status == "running"
    shown = (await site(USER, "GET", f"/v1/profiles/{number}")).json()["scan"]
    assert [(each["scanId"], each["progress"]) for each in shown["sources"]] == [("second_mastodon", 10)]


async def test_an_incident_is_a_line_of_the_feed_and_one_of_an_unknown_profile_is_not(site: Site) -> None:
    number = await profile(site)
    for profile_id, status in ((number, "detected"), (number, "reported"), (number + 1, "detected")):
        incident = SocialMediaIncident(
            incident_id="inc_1",
            profile_id=profile_id,
            platform="mastodon",
            incident_type="impersonation",
            severity="high",
            status=status,  # type: ignore[arg-type]
            account_handle="ada_",
            account_url="https://m.example/@ada_",
            similarity_score=0.9,
            signals=(),
            detected_at=AT,
        )
        tell(site.log, USER, incident)
    assert lines(site)[3:] == ["infringement_detected", "takedown_sent"]
    items = (await site(USER, "GET", f"/v1/profiles/{number}/activity")).json()["items"]
    assert [each["number"] for each in items] == [5, 4, 3, 2, 1]
    assert items[0]["infringement"]["status"] == "reported"


async def test_the_feed_is_paged_and_keeps_the_newest_lines_alone(site: Site) -> None:
    number = await profile(site)
    for turn in range(FEED):
        await site(USER, "PUT", f"/v1/profiles/{number}", {**ADA, "bio": str(turn)})
    kept = [each for each in site.log.table.of_user(USER).values() if isinstance(each, Activity)]
    assert (len(kept), min(each.number for each in kept)) == (FEED, 4)
    seen: list[int] = []
    cursor = ""
    while len(seen) < FEED:
        answer = await site(USER, "GET", f"/v1/profiles/{number}/activity?limit=200{cursor}")
        seen += [each["number"] for each in answer.json()["items"]]
        cursor = f"&cursor={answer.json().get('nextCursor')}"
    assert seen == list(range(FEED + 3, 3, -1))
