"""Two replicas of AI detection, killed again and again in the middle of batches and a training.

AI_DETECTION_KILLS sets how many kills there are, AI_DETECTION_SEED what is random about them and the faults.
Judged by the log and by the truth of the host of pictures: each item is told once with the right verdict, no
item is missing, and the model has the bytes that it has without a kill. Both replicas say the same.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple

import httpx
import pytest
from autodmca_ai_detection import ids
from autodmca_events import Envelope
from autodmca_events.ai_detection import AiBatchJobStatus, AiDetectionResult, AiModelTrainingUpdate
from autodmca_sandbox.engines.engine import Pace
from autodmca_sandbox.images.gallery import WORKS, Gallery, Item
from autodmca_sandbox.people import AUTHORS
from autodmca_sandbox.world.app import world_app
from autodmca_sandbox.world.server import World
from autodmca_service.testing import Person, Process, events_of, new_user, processes, token

from services.sandbox.tests.world import TOKEN, served
from tests.brokers import Broker

KILLS = int(os.environ.get("AI_DETECTION_KILLS", "4"))
SEED = int(os.environ.get("AI_DETECTION_SEED") or random.SystemRandom().randrange(2**32))
WORLD_SEED = 7
GALLERY = Gallery(WORLD_SEED, len(AUTHORS))
PROFILE = 5
ITEMS = 30
UPLOADS = 10
"""Of the items, once more as files."""
EPOCHS = 40
KEPT = 10
"""Models of a user that are there in the end: the service keeps a few more."""
ENDED = {"completed", "completed_with_errors", "failed", "cancelled"}


class Site(NamedTuple):
    """The replicas, the host of pictures, and where it is."""

    replicas: list[Process]
    world: httpx.AsyncClient
    base: str

    def url(self, item: Item) -> str:
        return f"{self.base}/images/{item.name}"


@asynccontextmanager
async def site(broker: Broker, count: int) -> AsyncIterator[Site]:
    """The world runs in the test's own loop, so that it outlives every process that is killed."""
    world = World(WORLD_SEED, lambda: time.time_ns() // 1_000_000)
    async with (
        served(world_app(world, token=TOKEN, pace=Pace(0.3, 1.2, 5))) as base,
        httpx.AsyncClient(base_url=base, trust_env=False, timeout=60) as hand,
        processes(
            "ai_detection",
            broker.bootstrap_servers,
            count,
            AI_DETECTION_ALLOWED_NETWORKS="127.0.0.1",
            AI_DETECTION_TOLD_SECONDS="0",
            AI_DETECTION_FETCH_SECONDS="60",
            WORKER_COUNT="1",
            WORKER_CPU_SECONDS="60",
            WORKER_STALL_SECONDS="120",
            WORKER_WAIT_SECONDS="120",
            WORKER_START_SECONDS="120",
        ) as running,
    ):
        yield Site(running, hand, base)


async def register(at: Site, person: Person, owner: int, examples: int) -> dict[int, str]:
    """A person's references, by the number of the work."""
    made = {}
    for work in range(WORKS):
        answer = await at.replicas[0].http.post(
            f"/v1/profiles/{PROFILE}/references",
            files={
                "examples": (None, str(examples)),
                "file": ("w.jpg", await asyncio.to_thread(GALLERY.original, owner, work)),
            },
            headers={"authorization": f"Bearer {token(person.user_id)}"},
            timeout=120,
        )
        assert answer.status_code == 201, answer.text
        made[work] = answer.json()["id"]
    return made


def uploaded(items: list[Item]) -> list[tuple[Item, bytes]]:
    """Some of the items, as files; those that the host has no file of are left out."""
    return [(item, data) for item in items if len(data := GALLERY.file(item).data) > 1_000][:UPLOADS]


async def upload(process: Process, person: Person, items: list[Item]) -> str:
    """A batch of uploads; its id."""
    files: list[tuple[str, Any]] = [("files", ("f", data)) for _, data in uploaded(items)]
    assert len(files) == UPLOADS
    answer = await process.http.post(
        "/v1/batches/uploads",
        files=[*files, ("profileId", (None, str(PROFILE)))],
        headers={"authorization": f"Bearer {token(person.user_id)}"},
        timeout=300,
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@pytest.mark.kafka
async def test_kills_change_no_verdict_and_no_byte_of_a_model(kafka_broker: Broker) -> None:
    print(f"AI_DETECTION_SEED={SEED} AI_DETECTION_KILLS={KILLS}")
    chosen = random.Random(SEED)
    people = [Person(new_user()) for _ in range(2)]
    async with site(kafka_broker, 2) as at:
        first, second = at.replicas
        references = [await register(at, person, n, 4 if n == 0 else 0) for n, person in enumerate(people)]
        asked = {"epochs": EPOCHS, "patience": EPOCHS}
        model = await people[0].get(first, "POST", "/v1/models", asked)
        calm = await people[0].until(first, f"/v1/models/{model['id']}", _ended, timeout_s=120)
        assert (calm["status"], len(calm["epochs"])) == ("completed", EPOCHS), calm
        items = [GALLERY.item(n) for n in range(ITEMS)]
        body = {"profileId": PROFILE, "urls": [at.url(item) for item in items]}
        batches = [await person.get(second, "POST", "/v1/batches", body) for person in people]
        uploads = [await upload(second, person, items) for person in people]
        killed: list[str] = []
        for _ in range(KILLS):
            process = chosen.choice(at.replicas)
            if chosen.random() < 0.8:  # else it may be killed while it starts
                await process.ready()
            await asyncio.sleep(chosen.uniform(0, 2))
            killed.append((await people[0].get(process, "POST", "/v1/models", asked))["id"])
            await asyncio.sleep(chosen.uniform(0, 1.5))
            await process.signal(signal.SIGKILL)
            await process.start()
        for process in at.replicas:
            await process.ready()
        for person, batch in zip(people, batches, strict=True):
            shown = await person.until(first, f"/v1/batches/{batch['id']}", _ended, timeout_s=240)
            assert shown["itemsProcessed"] == ITEMS
        for person, batch_id in zip(people, uploads, strict=True):
            shown = await person.until(first, f"/v1/batches/{batch_id}", _ended, timeout_s=240)
            assert shown["itemsProcessed"] == UPLOADS
        for number, (person, mine) in enumerate(zip(people, references, strict=True)):
            asked_for = {batches[number]["id"]: ITEMS, uploads[number]: UPLOADS}
            await _judge(kafka_broker, at, person, number, mine, items, asked_for)
        for model_id in killed[-KEPT:]:
            again = await people[0].until(second, f"/v1/models/{model_id}", _ended, timeout_s=120)
            assert again["status"] == "completed", again
            assert again["epochs"] == calm["epochs"]
            assert again["comparison"] == calm["comparison"]
        events = await events_of(kafka_broker.bootstrap_servers, "ai_detection", people[0].user_id)
        for model_id in killed:
            assert _epochs(events, model_id) == [0, *range(1, EPOCHS + 1), EPOCHS]


async def _judge(
    broker: Broker,
    at: Site,
    person: Person,
    owner: int,
    references: dict[int, str],
    items: list[Item],
    batches: dict[str, int],
) -> None:
    """The log tells each item once, in the words of the truth; both replicas show the same. `batches`: how
    many of the items each has."""
    events = await events_of(broker.bootstrap_servers, "ai_detection", person.user_id)
    told = [each.payload for each in events if isinstance(each.payload, AiDetectionResult)]
    asked = [(at.url(item), item) for item in items]
    asked += [(f"urn:sha256:{sha256(data).hexdigest()}", item) for item, data in uploaded(items)]
    assert Counter(each.content_url for each in told) == Counter(url for url, _ in asked)
    found = {each.content_url: each for each in told}
    for url, item in asked:
        mine = item.kind == "copy" and item.owner == owner
        each = found[url]
        assert each.matched_reference_id == (references[item.work] if mine else None), (item, each)
        assert (each.verdict == "unusable") is (item.kind == "broken")
    assert [each.detection_id for each in told] == [
        ids.detection_id(person.user_id, number) for number in range(ITEMS + UPLOADS)
    ]
    for batch, total in batches.items():
        progress = [
            each.payload
            for each in events
            if isinstance(each.payload, AiBatchJobStatus) and each.payload.job_id == batch
        ]
        assert [each.items_processed for each in progress] == [0, *range(1, total + 1)]
        shown: list[Any] = [
            await person.get(process, "GET", f"/v1/detections?batchId={batch}&limit=200")
            for process in at.replicas
        ]
        assert shown[0] == shown[1]
        assert len(shown[0]["items"]) == total


def _epochs(events: list[Envelope], model_id: str) -> list[int]:
    return [
        each.payload.epoch
        for each in events
        if isinstance(each.payload, AiModelTrainingUpdate) and each.payload.job_id == model_id
    ]


def _ended(shown: Any) -> bool:
    return shown["status"] in ENDED
