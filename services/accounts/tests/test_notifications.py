"""What users are told, when, and what they have read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from autodmca_accounts.notifications import inbox
from autodmca_accounts.notifications.commands import Prefer
from autodmca_accounts.notifications.inbox import MOST_A_MINUTE
from autodmca_accounts.notifications.state import (
    INBOX,
    KEPT,
    Choice,
    Inbox,
    Notification,
    Preferences,
    Quiet,
)
from autodmca_accounts.reactions import react
from autodmca_accounts.work import tell_held
from autodmca_events import (
    AiBatchJobStatus,
    Payload,
    SubmissionStatusChange,
    TemplateApproval,
    UserNotification,
    VisibilityChange,
    rfc3339,
)
from autodmca_events.partitions import user_key
from autodmca_events.topics import CLIENT_ACTIONS
from autodmca_kafka import Context, Decision, Emission, RecordPosition, Told
from autodmca_service.commands import Actor, Outcome
from autodmca_service.testing import Site, perform_due
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.accounts.tests import histories
from services.accounts.tests.site import memory_log, relay, tell

ADA, BOB = 11, 12
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
MIDNIGHT = 1_790_035_200_000
"""In UTC."""


def told(log: Any) -> list[UserNotification]:
    return [each for each in log.events if isinstance(each, UserNotification)]


def critical(name: str, at: int, **more: Any) -> Payload:
    return histories.incident(name, "detected", at, **more)


def relisted(number: int) -> VisibilityChange:
    url = f"https://copies.example/{number}"
    return VisibilityChange(
        request_id="req_1",
        url=url,
        normalized_url=url,
        registrable_domain="copies.example",
        engine="google",
        previous_visibility="not_indexed",
        new_visibility="visible",
        relisted=True,
        checked_at=rfc3339(MIDNIGHT),
    )


def review(status: Any, comment: str | None = None) -> TemplateApproval:
    return TemplateApproval(
        template_id="tpl_1",
        name="Videos",
        template_version=2,
        previous_status="in_review",
        status=status,
        reviewer_id=3,
        comment=comment,
        decided_at=rfc3339(MIDNIGHT),
    )


def batch(status: Any) -> AiBatchJobStatus:
    return AiBatchJobStatus(
        job_id="job_1",
        status=status,
        items_total=9,
        items_processed=9,
        items_failed=2,
        matches_found=0,
        progress=100,
    )


NEWS: Sequence[tuple[Payload, tuple[str, str, str | None] | None]] = [
    (critical("inc_1", MIDNIGHT), ("incident", "critical", "inc_1")),
    (critical("inc_1", MIDNIGHT, severity="high"), None),
    (histories.incident("inc_1", "resolved", MIDNIGHT, report_id="r1"), ("takedown", "medium", "inc_1")),
    (histories.incident("inc_1", "reported", MIDNIGHT, report_id="r1"), None),
    (histories.request("req_1", "approved", MIDNIGHT, (1, 0, 0, 0)), ("delisting", "medium", "req_1")),
    (histories.request("req_1", "denied", MIDNIGHT, (0, 1, 0, 0)), ("delisting", "medium", "req_1")),
    (histories.request("req_1", "failed", MIDNIGHT, (0, 0, 1, 0)), ("delisting", "high", "req_1")),
    (histories.request("req_1", "submitted", MIDNIGHT, (0, 0, 1, 0)), None),
    (histories.scan("scan_1", "failed", MIDNIGHT), ("scan", "high", "scan_1")),
    (histories.scan("scan_1", "completed", MIDNIGHT), None),
    (relisted(1), ("delisting", "high", "req_1")),
    (msgspec.structs.replace(relisted(1), relisted=False), None),
    (review("approved"), ("template", "medium", "tpl_1")),
    (review("rejected", "no"), ("template", "medium", "tpl_1")),
    (review("in_review"), None),
    (batch("completed_with_errors"), ("scan", "high", "job_1")),
    (batch("completed"), None),
]
OWN: Sequence[tuple[Payload, str]] = [
    (
        SubmissionStatusChange(
            id="sub_1",
            previous_status="processing",
            status="failed",
            progress=40,
            reason="no engine took it",
            changed_at=rfc3339(MIDNIGHT),
        ),
        "A submission failed: no engine took it",
    ),
]


@pytest.mark.parametrize(("payload", "expected"), NEWS)
async def test_a_user_is_told_once_of_what_there_is_a_rule_for(
    site: Site, payload: Payload, expected: Any
) -> None:
    tell(site.log, ADA, payload)
    tell(site.log, ADA, payload)
    found = [(each.category, each.priority, each.related_id) for each in told(site.log)]
    assert found == ([] if expected is None else [expected])
    page = (await site(ADA, "GET", "/v1/notifications")).json()
    assert page["unread"] == len(page["items"]) == len(found)
    assert (await site(BOB, "GET", "/v1/notifications")).json() == {"items": [], "unread": 0}


@pytest.mark.parametrize(("payload", "message"), OWN)
def test_what_the_service_itself_emits_is_news_too(payload: Payload, message: str) -> None:
    context = Context(ADA, MIDNIGHT, RecordPosition("inputs", 0, 1))
    decided: Decision[Any, Outcome] = Decision(outcome=Outcome(revision=3), events=[Emission(payload)])
    decision = react({}, decided, context)
    assert decision.outcome.revision == 3
    first, second = (each.payload for each in decision.events)
    assert first == payload
    assert isinstance(second, UserNotification)
    assert second.message == message
    quiet: Decision[Any, Outcome] = Decision(outcome=Outcome())
    assert react({}, quiet, context) is quiet


async def test_a_notification_says_what_and_where(site: Site) -> None:
    tell(site.log, ADA, critical("inc_1", MIDNIGHT))
    (made,) = told(site.log)
    assert made.title == "New incident: impersonation"
    assert "ada_real on Bluesky" in made.message
    assert not made.read


async def test_each_category_is_told_as_its_user_prefers(site: Site) -> None:
    body = {
        "categories": {
            "delisting": {"way": "off"},
            "incident": {"least": "medium"},
            "template": {"way": "digest"},
        },
        "digestAt": "09:00",
        "zone": "Europe/Berlin",
    }
    assert (await site(ADA, "PUT", "/v1/notifications/preferences", body)).status_code == 200
    shown = (await site(ADA, "GET", "/v1/notifications/preferences")).json()
    assert shown["categories"]["delisting"] == {"way": "off", "least": "low"}
    assert shown["categories"]["takedown"] == {"way": "now", "least": "low"}
    assert shown["zone"] == "Europe/Berlin"
    log = site.log
    log.now_ms = MIDNIGHT
    tell(log, ADA, relisted(1))
    tell(log, ADA, critical("inc_1", MIDNIGHT, severity="medium"))
    tell(log, ADA, critical("inc_2", MIDNIGHT, severity="low"))
    tell(log, ADA, review("approved"))
    tell(log, ADA, review("rejected"))
    assert [each.category for each in told(log)] == ["incident"]
    assert (await site(ADA, "GET", "/v1/notifications")).json()["unread"] == 3
    log.now_ms = MIDNIGHT + 7 * HOUR_MS - 10  # 08:59 in Berlin
    assert await perform_due(log, inbox.due, tell_held) == []
    log.now_ms = MIDNIGHT + 7 * HOUR_MS
    assert len(await perform_due(log, inbox.due, tell_held)) == 1
    digest = told(log)[-1]
    assert (digest.title, digest.related_type) == ("2 notifications: 2 template", "digest")
    assert "Your template was approved; Your template was rejected" in digest.message
    assert len(told(log)) == 2


async def test_in_quiet_hours_only_what_is_critical_is_told(site: Site) -> None:
    log = site.log
    body = {"quiet": {"begins": "22:00", "ends": "07:00"}, "zone": "America/New_York"}
    await site(ADA, "PUT", "/v1/notifications/preferences", body)
    log.now_ms = MIDNIGHT + 5 * HOUR_MS  # 01:00 in New York
    tell(log, ADA, relisted(1))
    assert told(log) == []
    tell(log, ADA, critical("inc_1", MIDNIGHT))
    assert [each.category for each in told(log)] == ["incident"]
    log.now_ms = MIDNIGHT + 11 * HOUR_MS
    await perform_due(log, inbox.due, tell_held)
    assert [each.category for each in told(log)] == ["incident", "delisting"]
    tell(log, ADA, relisted(2))
    assert len(told(log)) == 3
    log.now_ms = MIDNIGHT + 27 * HOUR_MS
    tell(log, ADA, relisted(3))
    assert len(told(log)) == 3
    await site(ADA, "PUT", "/v1/notifications/preferences", {})
    await perform_due(log, inbox.due, tell_held)
    assert len(told(log)) == 4


async def test_a_storm_is_told_together(site: Site) -> None:
    log = site.log
    log.now_ms = MIDNIGHT
    for number in range(100):
        tell(log, ADA, relisted(number))
    assert len(told(log)) == MOST_A_MINUTE
    log.now_ms = MIDNIGHT + MINUTE_MS
    await perform_due(log, inbox.due, tell_held)
    assert len(told(log)) == MOST_A_MINUTE + 1
    assert told(log)[-1].title == f"{100 - MOST_A_MINUTE} notifications: {100 - MOST_A_MINUTE} delisting"


async def test_what_a_storm_leaves_for_the_next_minute_waits_for_the_end_of_quiet_hours(site: Site) -> None:
    log = site.log
    await site(ADA, "PUT", "/v1/notifications/preferences", {"quiet": {"begins": "00:01", "ends": "07:00"}})
    log.now_ms = MIDNIGHT
    for number in range(MOST_A_MINUTE + 5):
        tell(log, ADA, relisted(number))
    log.now_ms = MIDNIGHT + MINUTE_MS
    await perform_due(log, inbox.due, tell_held)
    assert len(told(log)) == MOST_A_MINUTE
    log.now_ms = MIDNIGHT + 7 * HOUR_MS
    await perform_due(log, inbox.due, tell_held)
    assert told(log)[MOST_A_MINUTE].title == "5 notifications: 5 delisting"


async def test_notifications_are_bounded_and_listed_by_pages(site: Site) -> None:
    for number in range(KEPT + 50):
        site.log.now_ms += MINUTE_MS
        tell(site.log, ADA, relisted(number))
    ids, cursor = [], ""
    while True:
        page = (await site(ADA, "GET", f"/v1/notifications?limit=60{cursor}")).json()
        ids += [each["notificationId"] for each in page["items"]]
        assert page["unread"] == KEPT
        if (found := page.get("nextCursor")) is None:
            break
        cursor = f"&cursor={found}"
    assert ids == [f"ntf_{ADA}_{number}" for number in range(KEPT + 50, 50, -1)]
    for name in ("cursor", "unread"):
        wrong = await site(ADA, "GET", f"/v1/notifications?{name}=x")
        assert (wrong.status_code, name in wrong.text) == (422, True)


async def test_what_was_read_is_told_to_the_users_other_devices(site: Site) -> None:
    for number in range(3):
        tell(site.log, ADA, relisted(number))
    before = len(site.log.events)
    name = f"ntf_{ADA}_2"
    assert (await site(ADA, "POST", f"/v1/notifications/{name}/read", {})).json() == {"unread": 2}
    assert (await site(ADA, "POST", f"/v1/notifications/{name}/read", {})).json() == {"unread": 2}
    (marked,) = site.log.events[before:]
    assert isinstance(marked, UserNotification)
    assert (marked.notification_id, marked.read) == (name, True)
    assert (await site(ADA, "POST", "/v1/notifications/read", {})).json() == {"unread": 0}
    assert len(site.log.events) == before + 3
    for other in (f"ntf_{ADA}_9", f"ntf_{BOB}_1", "x", f"ntf_{ADA}_"):
        assert (await site(ADA, "POST", f"/v1/notifications/{other}/read", {})).status_code == 404
    assert (await site(BOB, "POST", f"/v1/notifications/{name}/read", {})).status_code == 404


async def test_read_marks_come_from_sockets_too(site: Site) -> None:
    for number in range(4):
        tell(site.log, ADA, relisted(number))
    say(site.log, "notification_read", {"notificationId": f"ntf_{ADA}_1"})
    say(site.log, "notification_read", {"notificationIds": [f"ntf_{ADA}_2", f"ntf_{ADA}_77"]})
    assert (await site(ADA, "GET", "/v1/notifications")).json()["unread"] == 2
    wrong: Any
    for wrong in (None, [], {}, "x", {"notificationId": 7}, {"notificationIds": ["x"] * 1_000}):
        say(site.log, "notification_read", wrong)
    say(site.log, "something_else", {"notificationId": f"ntf_{ADA}_3"})
    relay(site.log, Told(CLIENT_ACTIONS, ADA, 0, b"no json", {"type": b"user_notification"}))
    assert (await site(ADA, "GET", "/v1/notifications?unread=true")).json()["unread"] == 2
    assert site.log.dead_letters == []
    say(site.log, "notifications_read", {})
    page = (await site(ADA, "GET", "/v1/notifications")).json()
    assert (page["unread"], {each["read"] for each in page["items"]}) == (0, {True})


async def test_preferences_that_mean_nothing_are_refused_by_name(site: Site) -> None:
    for body, field in (
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"quiet": {"begins": "07:00", "ends": "07:00"}}, "quiet.ends"),
        ({"digestAt": "25:00"}, "digestAt"),
        ({"categories": {"weather": {}}}, "categories"),
    ):
        answer = await site(ADA, "PUT", "/v1/notifications/preferences", body)
        assert answer.status_code == 422
        assert field in answer.text


def say(log: Any, action: str, data: Any) -> None:
    """A client's message, as an edge writes it."""
    message = {"type": "user_notification", "payload": {"action": action, "data": data}, "userId": ADA}
    headers: dict[str, bytes | None] = {"type": b"user_notification"}
    relay(log, Told(CLIENT_ACTIONS, ADA, log.now_ms, msgspec.json.encode(message), headers))


BRIEF = settings(deadline=None, max_examples=25, stateful_step_count=20)


class Inboxes(RuleBasedStateMachine):
    """Whatever comes, is read and is preferred: counts are right, and nothing is held for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.log = memory_log()
        self.number = 0

    @rule(many=st.integers(1, 60), urgent=st.booleans())
    def news(self, many: int, urgent: bool) -> None:
        for _ in range(many):
            self.number += 1
            payload = critical(f"inc_{self.number}", MIDNIGHT) if urgent else relisted(self.number)
            tell(self.log, ADA, payload)

    @rule(numbers=st.lists(st.integers(1, 300), min_size=1, max_size=5))
    def read(self, numbers: list[int]) -> None:
        say(self.log, "notification_read", {"notificationIds": [f"ntf_{ADA}_{each}" for each in numbers]})

    @rule(minutes=st.integers(0, 2_000))
    def pass_time(self, minutes: int) -> None:
        self.log.now_ms += minutes * MINUTE_MS

    @rule()
    def read_all(self) -> None:
        say(self.log, "notifications_read", {})

    @rule(way=st.sampled_from(["now", "digest", "off"]), quiet=st.booleans())
    def prefer(self, way: Any, quiet: bool) -> None:
        hours = Quiet(begins="20:00", ends="08:00") if quiet else None
        kept = Preferences(choices={"delisting": Choice(way=way)}, quiet=hours, zone="Asia/Tokyo")
        command = Prefer(actor=Actor(ADA), preferences=kept)
        self.log.write(user_key(ADA), msgspec.json.encode(command), {})

    @rule()
    def work(self) -> None:
        asyncio.run(perform_due(self.log, inbox.due, tell_held))

    @invariant()
    def counts_are_right(self) -> None:
        found = self.log.table.of_user(ADA)
        box = found.get(INBOX) or Inbox()
        assert isinstance(box, Inbox)
        kept = inbox.newest_first(box, found.get)
        assert len(kept) == min(box.newest, KEPT)
        assert [each.number for each in kept] == list(range(box.newest, box.newest - len(kept), -1))
        assert box.unread == sum(not each.read for each in kept)
        held = [each.number for each in box.held]
        assert len(set(held)) == len(held) <= KEPT
        assert set(held) <= {each.number for each in kept}
        assert sum(isinstance(each, Notification) for each in found.values()) == len(kept)

    def teardown(self) -> None:
        """In the end nothing is held any more, and what is dead is none of the users'."""
        self.log.now_ms += 2_000 * MINUTE_MS
        self.work()
        box = self.log.table.get(ADA, INBOX)
        assert box is None or not box.held
        assert self.log.dead_letters == []


def test_an_inbox_under_all_that_may_happen() -> None:
    run_state_machine_as_test(Inboxes, settings=BRIEF)
