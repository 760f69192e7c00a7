"""Every operation of the HTTP interface: its route, its words for the OpenAPI document, and what it calls.

Handlers translate and nothing else: rules are in `model`, pictures in `pictures`.
"""

from __future__ import annotations

from typing import Final, get_args

from autodmca_events.ai_detection import BatchJobStatus, TrainingStatus, Verdict
from autodmca_service.http.operations import (
    CURSOR,
    IDEMPOTENCY_KEY,
    LIMIT,
    MIB,
    Call,
    FileField,
    Limits,
    Operation,
    Parameter,
    Reply,
    choices,
)
from autodmca_service.http.problems import invalid
from autodmca_service.http.queries import chosen, last, limit
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer

from autodmca_ai_detection import api, views
from autodmca_ai_detection.model.state import Batch, Detection, MatchModel, Reference
from autodmca_ai_detection.service import AiDetection

UPLOAD: Final = Limits(body_bytes=26 * MIB, body_s=60.0, work_s=150.0)
URLS: Final = Limits(body_bytes=24 * MIB, body_s=30.0)
UPLOADS: Final = Limits(body_bytes=128 * MIB, body_s=120.0, work_s=300.0)
PAIRS: Final = Limits(body_bytes=4 * MIB, body_s=30.0)
_PROFILE: Final = Parameter("profileId", "query", "Only of this profile.", {"type": "integer", "minimum": 1})
_AFTER: Final = Parameter(
    "after", "query", "The `nextAfter` of the page before.", {"type": "integer", "minimum": 0}
)


class _Handlers:
    """The operations' translations, on one service."""

    def __init__(self, service: AiDetection) -> None:
        self._service = service

    async def add_reference(self, call: Call) -> Answer:
        return await self._service.add_reference(
            call.actor, _profile(call), call.body, call.files["file"][0], call.again
        )

    async def drop_reference(self, call: Call) -> Answer:
        return await self._service.drop_reference(
            call.actor, _profile(call), call.path["reference"], call.again
        )

    async def reference(self, call: Call) -> Reply:
        found = await self._service.reference(call.actor, _profile(call), call.path["reference"])
        return Reply(200, views.reference(found))

    async def references(self, call: Call) -> Reply:
        profile_id = _profile(call)
        found, cursor = await self._service.select(
            call.actor,
            Reference,
            lambda each: each.profile_id == profile_id,
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
        return Reply(200, api.ReferencePage(items=tuple(map(views.reference, found)), next_cursor=cursor))

    async def detect(self, call: Call) -> Answer:
        uploads = call.files.get("file", ())
        return await self._service.detect(call.actor, call.body, uploads[0] if uploads else None, call.again)

    async def detection(self, call: Call) -> Reply:
        return Reply(200, views.detection(await self._service.detection(call.actor, call.path["id"])))

    async def detections(self, call: Call) -> Reply:
        verdicts = chosen(call.query, "verdict", get_args(Verdict))
        profile_id, batch_id = _number(call, "profileId"), last(call.query, "batchId")
        found, cursor = await self._service.select(
            call.actor,
            Detection,
            lambda each: (
                profile_id in (None, each.profile_id)
                and batch_id in (None, each.batch)
                and (not verdicts or (each.finding is not None and each.finding.verdict in verdicts))
            ),
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
        return Reply(200, api.DetectionPage(items=tuple(map(views.detection, found)), next_cursor=cursor))

    async def judge(self, call: Call) -> Answer:
        return await self._service.judge(call.actor, call.path["id"], call.body, call.again)

    async def start_batch(self, call: Call) -> Answer:
        return await self._service.start_batch(call.actor, call.body, call.again)

    async def upload_batch(self, call: Call) -> Answer:
        return await self._service.upload_batch(call.actor, call.body, call.files["files"], call.again)

    async def batch(self, call: Call) -> Reply:
        return Reply(200, await self._service.batch(call.actor, call.path["id"]))

    async def batches(self, call: Call) -> Reply:
        statuses = chosen(call.query, "status", get_args(BatchJobStatus))
        found, cursor = await self._service.select(
            call.actor,
            Batch,
            lambda each: each.status != "draft" and (not statuses or each.status in statuses),
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
        return Reply(200, api.BatchPage(items=tuple(self._service.shown(found)), next_cursor=cursor))

    async def failures(self, call: Call) -> Reply:
        after = _number(call, "after")
        found, following = await self._service.failures(
            call.actor, call.path["id"], -1 if after is None else after, limit(call.query)
        )
        return Reply(200, api.FailurePage(items=tuple(map(views.failure, found)), next_after=following))

    async def cancel_batch(self, call: Call) -> Answer:
        return await self._service.cancel_batch(call.actor, call.path["id"], call.again)

    async def train(self, call: Call) -> Answer:
        return await self._service.train(call.actor, call.body, call.again)

    async def model(self, call: Call) -> Reply:
        return Reply(200, await self._service.model(call.actor, call.path["id"]))

    async def models(self, call: Call) -> Reply:
        statuses = chosen(call.query, "status", get_args(TrainingStatus))
        found, cursor = await self._service.select(
            call.actor,
            MatchModel,
            lambda each: each.status != "draft" and (not statuses or each.status in statuses),
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
        active = self._service.active(call.actor)
        return Reply(
            200, api.ModelPage(items=tuple(views.model(each, active) for each in found), next_cursor=cursor)
        )

    async def activate(self, call: Call) -> Answer:
        return await self._service.activate(call.actor, call.path["id"], call.body, call.again)

    async def cancel_model(self, call: Call) -> Answer:
        return await self._service.cancel_model(call.actor, call.path["id"], call.again)


def operations(service: AiDetection) -> tuple[Operation, ...]:
    """All of them, bound to `service`."""
    on = _Handlers(service)
    references, detection, batch = "/v1/profiles/{id}/references", "/v1/detections/{id}", "/v1/batches/{id}"
    key, page = (IDEMPOTENCY_KEY,), (LIMIT, CURSOR)
    makes, changes = (409, 413, 415, 422, 429, 503, 504), (404, 409, 422, 503, 504)
    verdicts = choices("verdict", get_args(Verdict))
    statuses = choices("status", get_args(BatchJobStatus))
    trainings, model = choices("status", get_args(TrainingStatus)), "/v1/models/{id}"
    of_batch = Parameter("batchId", "query", "Only items of this batch.", {"type": "string"})
    reference_file = FileField("file", "A picture, a video or a text; 25 MiB at most.")
    suspect_file = reference_file._replace(required=False)
    return (
        Operation("add_reference", "POST", references, "Have copies of content found", on.add_reference,
                  api.ReferenceForm, 201, api.ReferenceView, key, makes, (reference_file,), UPLOAD),
        Operation("list_references", "GET", references, "List a profile's references, newest first",
                  on.references, None, 200, api.ReferencePage, page, (503,)),
        Operation("read_reference", "GET", references + "/{reference}", "Read a reference", on.reference,
                  None, 200, api.ReferenceView, (), (404, 503)),
        Operation("drop_reference", "DELETE", references + "/{reference}", "Forget a reference",
                  on.drop_reference, None, 200, EmptyBody, key, changes),
        Operation("detect", "POST", "/v1/detections", "Compare content, uploaded or at a URL, with a "
                  "profile's references", on.detect, api.DetectionForm, 201, api.DetectionView, key, makes,
                  (suspect_file,), UPLOAD),
        Operation("read_detection", "GET", detection, "Read a detection", on.detection, None, 200,
                  api.DetectionView, (), (404, 503)),
        Operation("list_detections", "GET", "/v1/detections", "List detections, newest first",
                  on.detections, None, 200, api.DetectionPage, (*page, _PROFILE, of_batch, verdicts),
                  (503,)),
        Operation("judge_detection", "POST", f"{detection}/feedback", "Say whether a verdict is right",
                  on.judge, api.FeedbackBody, 200, api.DetectionView, key, changes),
        Operation("start_batch", "POST", "/v1/batches", "Compare pictures at up to 10,000 URLs",
                  on.start_batch, api.NewBatch, 202, api.BatchView, key, makes, (), URLS),
        Operation("upload_batch", "POST", "/v1/batches/uploads", f"Compare {api.MAX_UPLOADS} uploaded files "
                  "at most, 128 MiB in all", on.upload_batch, api.UploadsForm, 202, api.BatchView, key, makes,
                  (FileField("files", "Pictures and videos, or texts; 25 MiB each at most.",
                             many=api.MAX_UPLOADS),), UPLOADS),
        Operation("read_batch", "GET", batch, "Read how far a batch is", on.batch, None, 200, api.BatchView,
                  (), (404, 503)),
        Operation("list_batches", "GET", "/v1/batches", "List batches, newest first", on.batches, None, 200,
                  api.BatchPage, (*page, statuses), (503,)),
        Operation("list_failures", "GET", f"{batch}/failures", "List the items of a batch that gave nothing "
                  "usable, and why", on.failures, None, 200, api.FailurePage, (LIMIT, _AFTER), (404, 503)),
        Operation("cancel_batch", "POST", f"{batch}/cancel", "Look at no more of a batch's items",
                  on.cancel_batch, EmptyBody, 200, api.BatchView, key, changes),
        Operation("train", "POST", "/v1/models", "Fit a model that judges evidence", on.train, api.NewModel,
                  202, api.ModelView, key, makes, (), PAIRS),
        Operation("read_model", "GET", model, "Read a model and its epochs", on.model, None, 200,
                  api.ModelView, (), (404, 503)),
        Operation("list_models", "GET", "/v1/models", "List models, newest first", on.models, None, 200,
                  api.ModelPage, (*page, trainings), (503,)),
        Operation("activate_model", "POST", f"{model}/activate", "Have a model judge; `built-in` is what "
                  "judges without one", on.activate, api.ActivateBody, 200,
                  api.JudgeView, key, changes),
        Operation("cancel_model", "POST", f"{model}/cancel", "Fit a model no further", on.cancel_model,
                  EmptyBody, 200, api.ModelView, key, changes),
    )  # fmt: skip


def _profile(call: Call) -> int:
    text = call.path["id"]
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 15 and int(text) > 0):
        raise invalid("id", "the number of a profile")
    return int(text)


def _number(call: Call, name: str) -> int | None:
    text = last(call.query, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise invalid(name, "a number")
    return int(text)
