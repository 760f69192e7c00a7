"""Batches of URLs: told as they go, each item once, whoever dies. A log in memory, real pictures outside."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from autodmca_ai_detection.model.state import Entity, Finding, Rules, Sent
from autodmca_events.ai_detection import AiBatchJobStatus, AiDetectionResult
from autodmca_events.partitions import user_key
from autodmca_kafka.partition_work import RUN
from autodmca_service.testing import perform_due
from autodmca_service.work import Checkpoint, Job

from services.ai_detection.tests.site import GALLERY, PROFILE, USER, At, detection_site

ITEMS = 20
SOME = [GALLERY.item(n) for n in range(433, 433 + ITEMS)]
"""Of each kind, and more than one that is broken."""
DYING = 0.15


@pytest.fixture
async def at() -> AsyncIterator[At]:
    async with detection_site(rules=Rules(told_ms=0, most_batches=2)) as found:
        yield found


class Died(BaseException):
    """The owner's process is gone."""


async def started(at: At, urls: list[str], *, user: int = USER, **headers: str) -> Any:
    body = {"profileId": PROFILE, "urls": urls}
    answer = await at.site(user, "POST", "/v1/batches", body, **headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def worked(at: At) -> None:
    await perform_due(at.log, at.worker.batch_due, at.worker.batches)


def told(at: At, kind: type[Any]) -> list[Any]:
    return [each for each in at.log.events if isinstance(each, kind)]


async def test_a_batch_is_told_to_its_end_and_its_failures_are_listed_with_reasons(at: At) -> None:
    await at.register(0, 0)
    items = SOME
    batch = await started(at, [at.url(item) for item in items])
    assert (batch["status"], batch["itemsTotal"], batch["progress"]) == ("queued", ITEMS, 0)
    await worked(at)
    shown = (await at.site(USER, "GET", f"/v1/batches/{batch['id']}")).json()
    broken = [n for n, item in enumerate(items) if item.kind == "broken"]
    copies = [item for item in items if (item.kind, item.owner, item.work) == ("copy", 0, 0)]
    assert len(broken) > 1
    assert copies
    assert (shown["status"], shown["itemsProcessed"]) == ("completed_with_errors", ITEMS)
    assert (shown["itemsFailed"], shown["matchesFound"]) == (len(broken), len(copies))
    assert shown["progress"] == 100
    assert shown["throughputPerSecond"] > 0
    failures = (await at.site(USER, "GET", f"/v1/batches/{batch['id']}/failures")).json()["items"]
    assert [each["item"] for each in failures] == broken
    assert all(each["reason"] and each["reasonCode"] for each in failures)
    first = (await at.site(USER, "GET", f"/v1/batches/{batch['id']}/failures?limit=1")).json()
    after = f"/v1/batches/{batch['id']}/failures?limit=50&after={first['nextAfter']}"
    assert first["items"] + (await at.site(USER, "GET", after)).json()["items"] == failures
    listed = (await at.site(USER, "GET", f"/v1/detections?batchId={batch['id']}&limit=200")).json()["items"]
    assert {each["contentUrl"] for each in listed} == {at.url(item) for item in items}
    progress = told(at, AiBatchJobStatus)
    assert [progress[0].status, progress[1].status, progress[-1].status] == [
        "queued", "running", "completed_with_errors",
    ]  # fmt: skip
    assert [each.items_processed for each in progress] == sorted(each.items_processed for each in progress)
    assert progress[-1].error is not None
    assert progress[5].eta_seconds is not None


async def test_whoever_dies_each_item_is_done_once_and_the_end_is_the_same(at: At) -> None:
    """The owner dies, by chance, before or after each fetch and each checkpoint."""
    chosen = random.Random(14)
    deaths: Counter[str] = Counter()
    reference = await at.register(0, 0)
    items = SOME
    batch = await started(at, [at.url(item) for item in items])

    def fate(moment: str) -> None:
        if chosen.random() < DYING:
            deaths[moment] += 1
            raise Died(moment)

    async def perform(job: Job[Entity], checkpoint: Checkpoint) -> None:
        async def mortal(command: msgspec.Struct) -> None:
            fate("before a checkpoint")
            await checkpoint(command)
            fate("after a checkpoint")

        await at.worker.batches(job, mortal)

    while True:
        try:
            await perform_due(at.log, at.worker.batch_due, perform)
            break
        except Died:
            continue
    results = {each.content_url: each for each in told(at, AiDetectionResult)}
    assert len(told(at, AiDetectionResult)) == len(results) == ITEMS
    for item in items:
        found = results[at.url(item)]
        mine = (item.kind, item.owner, item.work) == ("copy", 0, 0)
        assert found.matched_reference_id == (reference if mine else None)
        assert (found.verdict == "unusable") is (item.kind == "broken")
    shown = (await at.site(USER, "GET", f"/v1/batches/{batch['id']}")).json()
    assert (shown["status"], shown["itemsProcessed"]) == ("completed_with_errors", ITEMS)
    assert at.log.dead_letters == []
    assert set(deaths) == {"before a checkpoint", "after a checkpoint"}


async def test_a_checkpoint_of_a_replica_that_was_replaced_changes_nothing(at: At) -> None:
    await started(at, ["http://127.0.0.1:9/none"] * 6)
    late: list[tuple[int, msgspec.Struct]] = []

    async def perform(job: Job[Entity], checkpoint: Checkpoint) -> None:
        async def noted(command: msgspec.Struct) -> None:
            late.append((job.run, command))
            await checkpoint(command)

        await at.worker.batches(job, noted)

    await perform_due(at.log, at.worker.batch_due, perform)
    before = len(at.log.events)
    for run, command in late:
        at.log.write(user_key(USER), msgspec.json.encode(command), {RUN: b"%d" % run})
    assert len(late) == len(told(at, AiDetectionResult)) == 6
    assert len(at.log.events) == before
    assert told(at, AiBatchJobStatus)[-1].items_processed == 6


async def test_a_batch_that_is_cancelled_looks_at_no_more(at: At) -> None:
    batch = await started(at, [at.url(item) for item in SOME])
    path = f"/v1/batches/{batch['id']}"
    assert (await at.site(USER + 1, "POST", f"{path}/cancel", {})).status_code == 404
    cancelled = await at.site(USER, "POST", f"{path}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    await worked(at)
    assert told(at, AiDetectionResult) == []
    assert told(at, AiBatchJobStatus)[-1].status == "cancelled"
    assert (await at.site(USER, "POST", f"{path}/cancel", {})).status_code == 409
    assert not [name for name in at.log.table.of_user(USER) if name.endswith(".items")]


async def test_a_batch_asked_for_again_is_the_same_batch(at: At) -> None:
    urls = [at.url(GALLERY.item(n)) for n in range(3)]
    one, two = [await started(at, urls, idempotency_key="k") for _ in range(2)]
    assert one == two
    await worked(at)
    assert len(told(at, AiDetectionResult)) == 3


async def test_the_oldest_batch_that_has_ended_makes_room_and_without_one_a_new_one_is_refused(
    at: At,
) -> None:
    urls = ["http://127.0.0.1:9/none"]
    first = await started(at, urls)
    second = await started(at, urls)
    refused = await at.site(USER, "POST", "/v1/batches", {"profileId": PROFILE, "urls": urls})
    assert refused.status_code == 409
    await worked(at)
    assert (await at.site(USER, "GET", f"/v1/batches/{first['id']}")).json()["status"] == "failed"
    third = await started(at, urls)
    listed = (await at.site(USER, "GET", "/v1/batches")).json()["items"]
    assert [each["id"] for each in listed] == [third["id"], second["id"]]
    failed = (await at.site(USER, "GET", "/v1/batches?status=failed")).json()["items"]
    assert [each["id"] for each in failed] == [second["id"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"profileId": 1, "urls": []}, "urls"),
        ({"profileId": 1, "urls": ["ftp://x.example/"]}, "urls[0]"),
        ({"profileId": 1, "urls": ["https://x.example/"] * 10_001}, "urls"),
        ({"urls": ["https://x.example/"]}, "profileId"),
        ({"profileId": -1, "urls": ["https://x.example/"]}, "profileId"),
    ],
)
async def test_a_bad_field_is_named(at: At, body: Any, field: str) -> None:
    answer = await at.site(USER, "POST", "/v1/batches", body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_ten_thousand_urls_are_one_batch_within_the_limits_of_records() -> None:
    """What is looked at is told by a stand-in: the batch's way through log and state is what counts here."""
    async with detection_site(rules=Rules(told_ms=10_000)) as at:
        urls = [f"https://copies.example.com/{'x' * 60}/{n}" for n in range(10_000)]
        batch = await started(at, urls)

        class Sees:
            async def fetched(
                self, user_id: int, profile_id: int, url: str, *, text: bool = False
            ) -> Finding:
                assert (user_id, profile_id, text) == (USER, PROFILE, False)
                verdict: Any = "match" if url.endswith("7") else "no_match"
                return Finding(verdict=verdict, method="told", model_version="1")

            async def kept(self, user_id: int, profile_id: int, sent: Sent) -> Finding:
                raise AssertionError("nothing was uploaded")

        at.worker._looker = Sees()
        await worked(at)
        shown = (await at.site(USER, "GET", f"/v1/batches/{batch['id']}")).json()
        assert (shown["status"], shown["itemsProcessed"]) == ("completed", 10_000)
        assert shown["matchesFound"] == 1_000
        assert len({each.content_url for each in told(at, AiDetectionResult)}) == 10_000
        assert len(told(at, AiBatchJobStatus)) < 30
        assert at.log.dead_letters == []
