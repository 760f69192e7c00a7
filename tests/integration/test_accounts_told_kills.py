"""Two replicas of the accounts service, killed again and again while other services tell them of their users.

ACCOUNTS_KILLS sets how many kills there are, ACCOUNTS_SEED what is told, and when and whom they hit. What is
told comes late, out of order and twice. Judged by a recount of all that was told: the figures are exact,
every incident is notified once, and every event has reached its user's endpoint.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from autodmca_events import (
    DashboardStatsUpdate,
    Envelope,
    Payload,
    SocialMediaIncident,
    UserNotification,
    encode,
    envelope,
    event_type_of,
    new_id,
    user_key,
)
from autodmca_kafka import EventProducer
from autodmca_service.testing import Person, events_of, new_user, processes
from autodmca_service.testing.processes import Process
from msgspec import structs

from services.accounts.tests import histories
from services.accounts.tests.endpoint import Endpoint, endpoint
from services.accounts.tests.recount import recount
from tests.brokers import Broker

KILLS = int(os.environ.get("ACCOUNTS_KILLS", "4"))
SEED = int(os.environ.get("ACCOUNTS_SEED") or random.SystemRandom().randrange(2**32))
THINGS = 60
"""Things that happen to each user."""
DAY_MS = 86_400_000


@pytest.mark.kafka
async def test_what_users_are_told_is_exact_after_kills(kafka_broker: Broker) -> None:
    print(f"ACCOUNTS_SEED={SEED} ACCOUNTS_KILLS={KILLS}")
    chosen, servers = random.Random(SEED), kafka_broker.bootstrap_servers
    environ = {"ACCOUNTS_WEBHOOK_KEY": "for tests", "ACCOUNTS_ALLOWED_NETWORKS": "127.0.0.1"}
    with endpoint() as at:
        at.answers = [chosen.choice([204, 204, 204, 500, "cut"]) for _ in range(60)]
        async with processes("accounts", servers, 2, **environ) as replicas:
            people = [Person(new_user()) for _ in range(3)]
            for each in people:
                body = {"url": at.url, "types": ["social_media_incident"]}
                await each.get(replicas[0], "POST", "/v1/webhooks", body)
            histories_of = {each.user_id: _history(chosen, each.user_id) for each in people}
            telling = asyncio.create_task(_tell(servers, chosen, histories_of))
            for _ in range(KILLS):
                process = chosen.choice(replicas)
                if chosen.random() < 0.8:  # else it may be killed while it starts
                    await process.ready()
                await asyncio.sleep(chosen.uniform(0, 2))
                await process.signal(signal.SIGKILL)
                await process.start()
            await telling
            for process in replicas:
                await process.ready()
            for each in people:
                await _judge(servers, replicas[0], each, histories_of[each.user_id], at)


def _history(chosen: random.Random, user_id: int) -> list[Envelope]:
    """What happens to a user, in the order in which it happens."""
    now = int(time.time() * 1000)
    told: list[tuple[int, Payload]] = []
    for number in range(THINGS):
        began = now - chosen.randrange(20 * DAY_MS)
        told += _life(chosen, f"{user_id}_{number}", began)
    return [
        envelope(payload, user_id=user_id, timestamp_ms=at, id=new_id())
        for at, payload in sorted(told, key=lambda each: each[0])
    ]


def _life(chosen: random.Random, name: str, began: int) -> Iterator[tuple[int, Payload]]:
    kind = chosen.choice(["incident", "incident", "scan", "request"])
    step = chosen.randrange(1, DAY_MS // 8)
    if kind == "incident":
        reported, end = f"report {name}", chosen.choice(["resolved", "under_review", "false_positive"])
        yield began, histories.incident(name, "detected", began)
        yield began + step, histories.incident(name, "reported", began)
        yield began + 2 * step, histories.incident(name, "reported", began, report_id=reported)
        yield began + 3 * step, histories.incident(name, end, began, report_id=reported)
    elif kind == "scan":
        for nth, status in enumerate(["queued", "running", chosen.choice(["completed", "running"])]):
            yield began + nth * step, histories.scan(name, status, began)
    else:
        for nth, status in enumerate(
            ["queued", "submitted", "under_review", chosen.choice(["approved", "denied"])]
        ):
            counts = tuple(chosen.randrange(5) for _ in range(4))
            yield began + nth * step, histories.request(name, status, began + nth * step, counts)


async def _tell(servers: str, chosen: random.Random, every: dict[int, list[Envelope]]) -> None:
    """Write all of it, shuffled, a third of it twice, over the time of the kills."""
    events = [event for history in every.values() for event in history]
    events += chosen.sample(events, len(events) // 3)
    chosen.shuffle(events)
    async with EventProducer(servers, client_id="test-told") as producer:
        for number, event in enumerate(events):
            topic, headers = event_type_of(event.payload).topic, [("type", event.type.encode())]
            key = user_key(event.user_id or 0)
            await producer.send_record(topic, key=key, value=encode(event), headers=headers)
            if number % 20 == 0:
                await asyncio.sleep(0.2)


async def _judge(servers: str, process: Process, who: Person, told: list[Envelope], at: Endpoint) -> None:
    def exact(shown: Any) -> bool:
        count = recount(told, int(time.time() * 1000))
        found = (
            shown["totalProfiles"],
            shown["activeScans"],
            shown["infringementsFound"],
            shown["takedownsSent"],
        )
        changes = tuple(
            shown[f"{name}Change"] for name in ("profiles", "scans", "infringements", "takedowns")
        )
        return (*found, *changes, shown["successRatePercent"]) == count.numbers

    await who.until(process, "/v1/dashboard", exact, timeout_s=120)
    incidents = [event for event in told if isinstance(event.payload, SocialMediaIncident)]
    detected = {
        event.payload.incident_id for event in incidents if isinstance(event.payload, SocialMediaIncident)
    }
    shown = await who.get(process, "GET", "/v1/notifications?limit=200")
    news = [
        each["relatedId"] for each in shown["items"] if each["category"] == "incident" and "relatedId" in each
    ]
    assert sorted(news) == sorted(detected)
    wanted = {event.id for event in incidents}
    (webhook,) = (await who.get(process, "GET", "/v1/webhooks"))["items"]
    await who.until(
        process,
        f"/v1/webhooks/{webhook['id']}/deliveries?limit=200",
        lambda page: all(each["stage"] == "delivered" for each in page["items"]),
        timeout_s=180,
    )
    assert wanted <= set(at.ids)
    assert webhook["droppedDeliveries"] == 0

    async def last() -> bool:
        events = [each.payload for each in await events_of(servers, "accounts", who.user_id)]
        updates = [each for each in events if isinstance(each, DashboardStatsUpdate)]
        ids = [each.notification_id for each in events if isinstance(each, UserNotification)]
        assert len(ids) == len(set(ids)), "a notification was told twice"
        return structs.astuple(updates[-1])[:9] == recount(told, int(time.time() * 1000)).numbers

    async with asyncio.timeout(60):
        while not await last():
            await asyncio.sleep(0.2)
