"""Webhooks against a real endpoint: signed, retried, given up, switched off; and what is kept of it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from autodmca_accounts.webhooks import model, retries
from autodmca_accounts.webhooks.model import MOST, due
from autodmca_accounts.webhooks.signing import secret
from autodmca_accounts.webhooks.state import KEPT, Delivery
from autodmca_events import UserNotification
from autodmca_events.timestamps import ms_of
from autodmca_service.testing import perform_due
from msgspec import Struct, structs
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from services.accounts.tests import histories
from services.accounts.tests.hooks import ADA, HOUR_MS, INCIDENT, PATH, SECOND_MS, Life, verified
from services.accounts.tests.site import KEY, tell
from services.accounts.tests.test_notifications import critical, relisted, review

BOB = 12


async def test_an_event_is_posted_and_its_signature_is_good(life: Life) -> None:
    await life.make()
    life.incident("inc_1")
    assert await life.work() == 1
    (received,) = life.at.received
    said = verified(received, await life.secret())
    assert (said["type"], said["data"]["incidentId"]) == (INCIDENT, "inc_1")
    headers, body = received
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"].startswith("msg_")
    with pytest.raises(WebhookVerificationError):
        verified((headers, body.replace(b"inc_1", b"inc_2")), await life.secret())
    with pytest.raises(WebhookVerificationError):
        verified(received, secret(KEY, BOB, "wh_1", 1))
    (kept,) = await life.kept()
    assert (kept["stage"], kept["status"], kept["attempts"]) == ("delivered", 204, 1)
    assert kept["id"] == headers["webhook-id"]
    assert await life.work(86_400) == 0
    assert life.tries("2xx") == 1


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the specification of Standard Webhooks 1.0.0."""
    signer = Verifier("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signer.sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), '{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_webhook_gets_what_it_chose_and_the_notifications_of_its_categories(life: Life) -> None:
    await life.make("user_notification", categories=["incident"])
    tell(life.log, ADA, relisted(1))
    life.incident("inc_1")
    tell(life.log, BOB, critical("inc_2", life.log.now_ms))
    await life.site(ADA, "POST", "/v1/notifications/read", {})
    await life.work()
    (received,) = life.at.received
    said = verified(received, await life.secret())
    assert (said["type"], said["data"]["category"]) == ("user_notification", "incident")
    event = next(
        each
        for each in life.log.envelopes
        if isinstance(each.payload, UserNotification) and each.payload.category == "incident"
    )
    assert life.at.ids == [event.id]


async def test_what_fails_is_tried_again_under_the_same_id_for_a_day(life: Life) -> None:
    await life.make()
    life.at.answers = [500, 302, "cut", "garbage", "slow", 404, 200]
    life.incident("inc_1")
    reasons, stages = [], []
    for _ in range(7):
        assert await life.work() == 1
        (kept,) = await life.kept()
        reasons.append(kept.get("reason"))
        stages.append(kept["stage"])
        if "nextAt" in kept:
            before = ms_of(kept["nextAt"]) - SECOND_MS
            assert await life.work((before - life.log.now_ms) / SECOND_MS) == 0
            life.log.now_ms = before + SECOND_MS
    assert reasons == [
        "it answered with status 500",
        "it answered with status 302",
        "the connection broke, or the answer is no HTTP",
        "the connection broke, or the answer is no HTTP",
        "no answer within 0.5 seconds",
        "it answered with status 404",
        None,
    ]
    assert stages == [*["waiting"] * 6, "delivered"]
    assert len(set(life.at.ids)) == 1


async def test_a_delivery_is_given_up_after_a_day(life: Life) -> None:
    await life.make()
    life.at.answers = [500] * 1_000
    life.incident("inc_1")
    began, tries = life.log.now_ms, 0
    while (await life.kept())[0]["stage"] == "waiting":
        tries += await life.work(60)
    assert 10 <= tries == len(life.at.received) <= 16
    assert 18 * HOUR_MS < life.log.now_ms - began <= 24 * HOUR_MS + 60_000
    assert life.tries("5xx") == tries
    assert (await life.shown())["on"] is True
    life.at.answers = []
    assert (await life.site(ADA, "POST", f"{life.path}/deliveries/1/resend", {})).status_code == 200
    await life.work()
    assert (await life.kept())[0]["stage"] == "delivered"
    assert (await life.site(ADA, "POST", f"{life.path}/deliveries/1/resend", {})).status_code == 409
    assert (await life.site(ADA, "POST", f"{life.path}/deliveries/9/resend", {})).status_code == 404
    assert "failingSince" not in await life.shown()


async def test_an_endpoint_that_asks_to_be_left_alone_is(life: Life) -> None:
    await life.make()
    life.at.answers, life.at.headers = [503], {"retry-after": "3600"}
    life.incident("inc_1")
    await life.work()
    assert await life.work(3_590) == 0
    assert await life.work(20) == 1
    assert (await life.kept())[0]["stage"] == "delivered"


async def test_long_failure_switches_a_webhook_off_and_its_owner_is_told(life: Life) -> None:
    await life.make(description="my tool")
    life.at.answers = [500] * 10_000
    for hour in range(0, 100, 8):
        life.incident(f"inc_{hour}")
        await life.work(8 * 3_600)
        if not (await life.shown())["on"]:
            break
    assert hour == 72
    shown = await life.shown()
    assert shown["off"] == "nothing could be delivered for three days"
    told = [each for each in life.log.events if isinstance(each, UserNotification)]
    assert [each.title for each in told if each.category == "account"] == ["A webhook was switched off"]
    before = len(life.at.received)
    life.incident("inc_later")
    await life.work(86_400)
    assert len(life.at.received) == before
    assert {each["stage"] for each in await life.kept()} == {"failed"}
    life.at.answers = []
    assert (await life.site(ADA, "POST", f"{life.path}/on", {})).json()["on"] is True
    life.incident("inc_last")
    await life.work()
    assert (await life.kept())[0]["stage"] == "delivered"


async def test_an_endpoint_that_is_gone_is_switched_off_at_once(life: Life) -> None:
    await life.make()
    life.at.answers = [410]
    life.incident("inc_1")
    life.incident("inc_2")
    await life.work()
    assert (await life.shown())["off"] == "it answered 410 Gone"
    assert len(life.at.received) == 1
    assert (await life.site(ADA, "POST", f"{life.path}/test", {})).status_code == 409


async def test_a_webhook_is_tried_out_edited_and_deleted(life: Life) -> None:
    made = await life.make()
    assert (await life.site(ADA, "GET", PATH)).json()["items"] == [made]
    await life.site(ADA, "POST", f"{life.path}/test", {})
    await life.work()
    said = verified(life.at.received[0], await life.secret())
    assert (said["type"], said["data"]) == ("webhook.test", {"webhookId": made["id"]})
    body = {"url": life.at.url, "types": ["visibility_change"], "description": "other"}
    assert (await life.site(ADA, "PUT", life.path, body)).json()["types"] == ["visibility_change"]
    life.incident("inc_1")
    assert await life.work() == 0
    tell(life.log, ADA, relisted(1))
    assert await life.work() == 1
    for method, path in (("GET", life.path), ("DELETE", life.path), ("GET", f"{life.path}/secret")):
        assert (await life.site(BOB, method, path)).status_code == 404
    assert (await life.site(ADA, "DELETE", life.path)).status_code == 200
    assert (await life.site(ADA, "GET", PATH)).json() == {"items": []}
    kept = life.log.table.of_user(ADA).values()
    assert not [each for each in kept if isinstance(each, Delivery)]
    tell(life.log, ADA, relisted(2))
    assert await life.work() == 0


async def test_deliveries_are_bounded_and_the_oldest_gives_way(life: Life) -> None:
    await life.make()
    for number in range(KEPT + 30):
        life.incident(f"inc_{number}")
    assert (await life.shown())["droppedDeliveries"] == 30
    kept = [each for each in life.log.table.of_user(ADA).values() if isinstance(each, Delivery)]
    assert len(kept) == KEPT
    numbers, cursor = [], ""
    while True:
        page = (await life.site(ADA, "GET", f"{life.path}/deliveries?limit=70{cursor}")).json()
        numbers += [each["number"] for each in page["items"]]
        if "nextCursor" not in page:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert numbers == list(range(KEPT + 30, 30, -1))
    assert await life.work() == KEPT
    assert len(set(life.at.ids)) == KEPT


async def test_what_is_too_large_is_sent_without_its_data(life: Life) -> None:
    await life.make("template_approval")
    tell(life.log, ADA, review("approved", "x" * model.MOST_BYTES))
    await life.work()
    said = verified(life.at.received[0], await life.secret())
    assert (said["type"], said["data"], said["tooLarge"]) == ("template_approval", {}, True)


async def test_what_makes_no_sense_is_refused_by_name(life: Life) -> None:
    for body, field in (
        ({"url": "ftp://x.example"}, "url"),
        ({"url": life.at.url, "types": ["weather"]}, "types"),
        ({"url": life.at.url, "types": []}, "types"),
        ({"url": life.at.url, "types": ["system_notification"]}, "types"),
        ({"url": life.at.url, "categories": ["weather"]}, "categories"),
    ):
        answer = await life.site(ADA, "POST", PATH, body)
        assert answer.status_code == 422
        assert field in answer.text
    for _ in range(MOST):
        await life.make()
    answer = await life.site(ADA, "POST", PATH, {"url": life.at.url})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:autodmca:problem:too-many-webhooks")


async def test_a_try_that_was_cut_off_is_made_again_under_the_same_id(life: Life) -> None:
    """The process dies between the endpoint's answer and the checkpoint."""
    await life.make()
    life.incident("inc_1")

    async def dies(command: Struct) -> None:
        raise ConnectionError(command)

    async def die(job: Any, _: Any) -> None:
        await life.deliveries.deliver(job, dies)

    with suppress(ConnectionError):
        await perform_due(life.log, due, die)
    assert await life.work() == 1
    assert len(life.at.ids) == 2
    assert len(set(life.at.ids)) == 1


def test_pauses_grow_and_are_not_the_same_for_all() -> None:
    now = 1_000_000

    def pauses(event_id: str) -> list[int]:
        made = Delivery(webhook_id="wh", number=1, event_id=event_id, type="x", begun_at=now)
        found = []
        for attempts in range(1, 9):
            at = retries.next_try(structs.replace(made, attempts=attempts), now, None)
            assert at is not None
            found.append(at - now)
        return found

    one, other = pauses("msg_1"), pauses("msg_2")
    assert one == sorted(one)
    assert one != other
    assert one[0] < 7_000
    assert one[-1] >= 4 * HOUR_MS


async def test_events_of_every_service_reach_a_webhook(life: Life) -> None:
    await life.make("ai_detection_result", "delisting_request_status", INCIDENT)
    tell(life.log, ADA, histories.detection("det_1", "match"))
    tell(life.log, ADA, histories.request("req_1", "queued", life.log.now_ms, (0, 0, 1, 0)))
    life.incident("inc_1")
    await life.work()
    assert [json.loads(body)["type"] for _, body in life.at.received] == [
        "ai_detection_result",
        "delisting_request_status",
        INCIDENT,
    ]
