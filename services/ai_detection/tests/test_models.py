"""Models over the HTTP interface: fitted epoch by epoch in real workers, compared, activated, left again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from autodmca_ai_detection.judges import BUILT_IN
from autodmca_ai_detection.model.state import Entity, MatchModel
from autodmca_ai_detection.training import measures
from autodmca_ai_detection.training.measures import Pair
from autodmca_events.ai_detection import AiDetectionResult, AiModelTrainingUpdate
from autodmca_service.testing import perform_due
from autodmca_service.work import Checkpoint, Job

from services.ai_detection.tests.pairs import known
from services.ai_detection.tests.site import USER, At, copy_of, detection_site, other

EPOCHS = 8


@pytest.fixture
async def at() -> AsyncIterator[At]:
    async with detection_site(fits=True) as found:
        yield found


async def asked(at: At, pairs: list[Pair] | None = None, **more: Any) -> str:
    """A model that is to be fitted; its path."""
    body = {"epochs": EPOCHS, "patience": EPOCHS, **more, "pairs": pairs or []}
    raw = msgspec.json.decode(msgspec.json.encode(body))
    answer = await at.site(USER, "POST", "/v1/models", raw)
    assert (answer.status_code, answer.json()["status"]) == (202, "queued"), answer.text
    return str(answer.headers["location"])


async def fitted(at: At) -> None:
    await perform_due(at.log, at.worker.model_due, at.worker.models)


def told(at: At) -> list[AiModelTrainingUpdate]:
    return [each for each in at.log.events if isinstance(each, AiModelTrainingUpdate)]


def weights(at: At, path: str) -> bytes:
    model = at.log.table.get(USER, path.rpartition("/")[2])
    assert isinstance(model, MatchModel)
    return model.weights


async def test_each_epoch_is_told_and_the_model_is_compared_and_judges_once_it_is_active(at: At) -> None:
    path = await asked(at, known())
    await fitted(at)
    shown = (await at.site(USER, "GET", path)).json()
    assert (shown["status"], shown["version"], shown["active"]) == ("completed", "image-match-1", False)
    assert [each["number"] for each in shown["epochs"]] == list(range(1, EPOCHS + 1))
    assert all(each["loss"] < 0.69 for each in shown["epochs"])  # of a coin: log 2
    assert shown["comparison"]["against"] == BUILT_IN
    events = told(at)
    assert [each.status for each in events] == ["queued", *["running"] * EPOCHS, "completed"]
    assert [each.epoch for each in events] == [0, *range(1, EPOCHS + 1), EPOCHS]
    assert events[-1].sample_count == len(known())
    assert events[3].recall == shown["epochs"][2]["recall"]
    reference = await at.register(0, 1)
    before = await at.detected(at.url(copy_of(0, 1)))
    assert before["modelVersion"] == BUILT_IN
    active = await at.site(USER, "POST", f"{path}/activate", {"evenIfWorse": True})
    assert (active.status_code, active.json()["model"]["active"]) == (200, True), active.text
    after = await at.detected(at.url(copy_of(0, 1)))
    assert (after["modelVersion"], after["matchedReferenceId"]) == ("image-match-1", reference)
    assert after["evidence"] == before["evidence"]
    assert after["confidence"] != before["confidence"]
    back = await at.site(USER, "POST", "/v1/models/built-in/activate", {})
    assert back.json() == {"version": BUILT_IN}
    assert (await at.detected(at.url(copy_of(0, 1))))["modelVersion"] == BUILT_IN
    versions = [each.model_version for each in at.log.events if isinstance(each, AiDetectionResult)]
    assert versions == [BUILT_IN, "image-match-1", BUILT_IN]


async def test_whoever_dies_the_model_has_the_same_bytes_and_each_epoch_is_told_once(at: At) -> None:
    first = await asked(at, known())
    await fitted(at)
    second = await asked(at, known())
    chosen = random.Random(2)
    deaths: Counter[str] = Counter()

    class Died(BaseException):
        pass

    def fate(moment: str) -> None:
        if chosen.random() < 0.25:
            deaths[moment] += 1
            raise Died

    async def perform(job: Job[Entity], checkpoint: Checkpoint) -> None:
        async def mortal(command: msgspec.Struct) -> None:
            fate("before")
            await checkpoint(command)
            fate("after")

        await at.worker.models(job, mortal)

    while True:
        try:
            await perform_due(at.log, at.worker.model_due, perform)
            break
        except Died:
            continue
    assert set(deaths) == {"before", "after"}
    assert weights(at, first) == weights(at, second) != b""
    epochs = [each.epoch for each in told(at) if each.job_id == second.rpartition("/")[2]]
    assert epochs == [0, *range(1, EPOCHS + 1), EPOCHS]
    assert at.log.dead_letters == []


async def test_a_model_that_is_worse_says_so_before_it_is_activated(at: At) -> None:
    good = await asked(at, known())
    await fitted(at)
    assert (await at.site(USER, "POST", f"{good}/activate", {"evenIfWorse": True})).status_code == 200
    noise = random.Random(1)
    bad = [msgspec.structs.replace(pair, copy=noise.random() < 0.5) for pair in known()]
    worse = await asked(at, bad)
    await fitted(at)
    comparison = (await at.site(USER, "GET", worse)).json()["comparison"]
    assert comparison["against"] == "image-match-1"
    if not comparison["worse"]:  # on labels by chance neither is good; then there is nothing to say
        pytest.fail(f"labels by chance make no worse model: {comparison}")
    refused = await at.site(USER, "POST", f"{worse}/activate", {})
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("worse-model")
    assert comparison["reasons"][0] in refused.json()["detail"]
    assert (await at.site(USER, "POST", f"{worse}/activate", {"evenIfWorse": True})).status_code == 200


async def test_what_was_made_of_references_and_said_of_verdicts_is_learned_from(at: At) -> None:
    for work in (1, 2):
        await at.register(0, work, examples=4)
    for item in (copy_of(0, 1), other()):
        shown = await at.detected(at.url(item))
        if shown.get("evidence"):
            await at.site(USER, "POST", f"/v1/detections/{shown['id']}/feedback",
                          {"copy": item.kind == "copy"})  # fmt: skip
    path = await asked(at, known())
    name = path.rpartition("/")[2]
    held = at.log.table.of_user(USER)
    stored = [pair for key in sorted(held) if key.startswith(f"{name}.")
              for pair in measures.load_pairs(held[key].pairs)]  # type: ignore[union-attr]  # fmt: skip
    kinds = Counter(pair.kind for pair in stored)
    assert kinds["given"] == len(known())
    assert kinds["feedback"] >= 1
    assert kinds["seen from beside"] >= 1
    assert kinds["another picture"] >= 1
    assert sum(pair.copy for pair in stored if pair.kind not in ("given", "feedback")) >= 6
    await fitted(at)
    assert (await at.site(USER, "GET", path)).json()["status"] == "completed"
    assert not [key for key in at.log.table.of_user(USER) if key.startswith(f"{name}.")]


async def test_what_nothing_can_be_learned_from_fails_with_its_reason(at: At) -> None:
    path = await asked(at, known()[:10])
    await fitted(at)
    shown = (await at.site(USER, "GET", path)).json()
    assert (shown["status"], "30 are needed" in shown["error"]) == ("failed", True)
    assert told(at)[-1].error == shown["error"]
    assert (await at.site(USER, "POST", f"{path}/activate", {})).status_code == 409


async def test_a_training_is_cancelled_listed_and_its_owner_s_alone(at: At) -> None:
    path = await asked(at, known())
    assert (await at.site(USER + 1, "POST", f"{path}/cancel", {})).status_code == 404
    assert (await at.site(USER + 1, "GET", path)).status_code == 404
    assert (await at.site(USER, "POST", f"{path}/cancel", {})).json()["status"] == "cancelled"
    await fitted(at)
    assert told(at)[-1].status == "cancelled"
    assert (await at.site(USER, "POST", f"{path}/cancel", {})).status_code == 409
    assert [each["status"] for each in (await at.site(USER, "GET", "/v1/models")).json()["items"]] == [
        "cancelled"
    ]
    assert (await at.site(USER, "GET", "/v1/models?status=completed")).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"epochs": 0}, "epochs"),
        ({"precision": 2}, "precision"),
        ({"name": "A model"}, "name"),
        ({"pairs": [{"reference": "a"}]}, "pairs[0].source"),
        ({"epoch": 3}, "epoch"),
    ],
)
async def test_a_bad_field_is_named(at: At, body: Any, field: str) -> None:
    answer = await at.site(USER, "POST", "/v1/models", body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
