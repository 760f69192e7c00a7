"""Two replicas of the delisting service, killed again and again, while everything goes wrong outside.

DELISTING_KILLS sets how many kills there are, DELISTING_SEED what is random about them and about the
faults. Judged by what reached the engines, and by what the log says: the same end as if nothing had
happened, each URL filed once at each engine, no event missing and none twice.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import uuid
from contextlib import suppress
from typing import Any

import pytest
from autodmca_events import Envelope
from autodmca_service.testing import Person, events_of, new_user

from tests.brokers import Broker
from tests.integration.delisting_site import ENDED, Site, site, statuses

KILLS = int(os.environ.get("DELISTING_KILLS", "10"))
SEED = int(os.environ.get("DELISTING_SEED") or random.SystemRandom().randrange(2**32))
URLS = 12
ENGINES = ("google", "bing", "yandex")
OUTCOMES = ("no_action", "removed", "removed", "not_in_index")
FAULTS = [
    {"kind": "drop", "chance": 0.06},
    {"kind": "lost", "chance": 0.06},
    {"kind": "cut", "chance": 0.04},
    {"kind": "garbage", "chance": 0.03},
    {"kind": "slow", "chance": 0.02, "seconds": 3},
    {"kind": "status", "chance": 0.04, "status": 503, "retryAfter": "1"},
    {"kind": "status", "chance": 0.04, "status": 500},
    {"kind": "status", "chance": 0.03, "status": 429, "retryAfter": "date:1"},
]
END = ["draft", "queued", "submitted", "under_review", "partially_approved"]


class Asked:
    """A request that somebody made, and what is to become of each of its URLs."""

    def __init__(self, person: Person, engine: str, number: int) -> None:
        self.person = person
        self.engine = engine
        self.path = ""
        self.wanted = {
            f"https://copies{person.user_id}.example.com/{engine}/{number}/{each}": OUTCOMES[
                each % len(OUTCOMES)
            ]
            for each in range(URLS)
        }


@pytest.mark.kafka
async def test_kills_and_faults_change_nothing_in_the_end(kafka_broker: Broker) -> None:
    print(f"DELISTING_SEED={SEED} DELISTING_KILLS={KILLS}")
    chosen = random.Random(SEED)
    people = [Person(new_user()) for _ in range(3)]
    async with site(kafka_broker, 2) as at:
        await at.told("faults", [{**fault, "times": None} for fault in FAULTS])
        asked: list[Asked] = []
        ending = asyncio.Event()
        asking = asyncio.create_task(_ask(at, people, asked, ending))
        for _ in range(KILLS):
            process = chosen.choice(at.replicas)
            if chosen.random() < 0.8:  # else it may be killed while it starts
                await process.ready()
            await asyncio.sleep(chosen.uniform(0, 4))
            await process.signal(signal.SIGKILL)
            await process.start()
        ending.set()
        await asking
        for process in at.replicas:
            await process.ready()
        met = (await at.world.get("/sandbox/faults")).json()["met"]
        await at.world.delete("/sandbox/faults")
        for each in asked:
            shown = await each.person.until(at.replicas[0], each.path, _ended, timeout_s=180)
            assert shown["status"] == "partially_approved", shown
            assert await _outcomes(at, each) == each.wanted
        assert await _often(at) == {
            engine: {1} for engine in ENGINES if any(e.engine == engine for e in asked)
        }
        for person in people:
            _judge(
                await events_of(kafka_broker.bootstrap_servers, "delisting", person.user_id),
                [a for a in asked if a.person is person],
            )
    print(f"{len(asked)} requests, faults met: {met}")
    assert len(asked) > len(ENGINES)


async def _ask(at: Site, people: list[Person], asked: list[Asked], ending: asyncio.Event) -> None:
    """Somebody always has something to ask, of one replica or the other."""
    number = 0
    while not ending.is_set() or number < 2 * len(ENGINES):
        each = Asked(people[number % len(people)], ENGINES[number % len(ENGINES)], number)
        await at.told(
            "rules",
            [
                {"engine": each.engine, "url": url, "outcome": outcome, "reason": "so it was told"}
                for url, outcome in each.wanted.items()
            ],
        )
        body = {"engine": each.engine, "urls": list(each.wanted), "notice": {"text": "They copy my book."}}
        each.path = await _created(at, each.person, body)
        asked.append(each)
        number += 1
        await asyncio.sleep(0.3)


async def _created(at: Site, person: Person, body: Any) -> str:
    """Where the request is, once a replica has answered; asked again, it is the same request."""
    key = uuid.uuid4().hex
    for process in itertools.cycle(at.replicas):
        with suppress(TimeoutError):
            created = await person.ask(process, "POST", "/v1/requests", body, key=key)
            assert created.status_code == 201, created.text
            return created.headers["location"]
    raise AssertionError("unreachable")


async def _outcomes(at: Site, asked: Asked) -> dict[str, str]:
    page = await asked.person.get(at.replicas[0], "GET", f"{asked.path}/urls?limit=200")
    return {item["normalizedUrl"]: item["outcome"] for item in page["items"]}


async def _often(at: Site) -> dict[str, set[int]]:
    """How often URLs were filed anew, by engine."""
    filed = (await at.world.get("/sandbox/received")).json()["filed"]
    return {place: set(counts.values()) for place, counts in filed.items()}


def _judge(events: list[Envelope], asked: list[Asked]) -> None:
    for each in asked:
        request_id = each.path.rpartition("/")[2]
        assert statuses(events, request_id) == END
        told: dict[str, Any] = {}
        for event in events:
            if event.type == "engine_response" and event.payload.request_id == request_id:  # type: ignore[attr-defined]
                told.update({item.url: item.outcome for item in event.payload.url_outcomes})  # type: ignore[attr-defined]
        assert told == each.wanted


def _ended(request: Any) -> bool:
    return request["status"] in ENDED
