"""Every operation of the HTTP interface: its route, its words for the OpenAPI document, and what it calls.

The table `operations` is the one place that lists them; routes and document are both made from it, so
neither can lack one. Handlers translate and nothing else: rules are in `model`, work in `service`.
"""

from __future__ import annotations

from typing import Final, cast, get_args

import msgspec
from autodmca_events.templates import TemplateKind, TemplateStatus
from autodmca_service.http.operations import (
    CURSOR,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    LIMIT,
    Call,
    Handler,
    Operation,
    Parameter,
    Reply,
    choices,
)
from autodmca_service.http.problems import ProblemError, invalid
from autodmca_service.http.queries import at_revision, chosen, last, limit, revision
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer

from autodmca_templates import api, views
from autodmca_templates.commands import Transition
from autodmca_templates.notices import Analysis
from autodmca_templates.service import Selection, Templates

MAX_BODY_BYTES_OF_TEMPLATE: Final = 256 * 1024

_LIST: Final = (
    LIMIT,
    CURSOR,
    choices("status", get_args(TemplateStatus)),
    choices("kind", get_args(TemplateKind)),
    Parameter(
        "userId",
        "query",
        "Another author's, or `*` for everybody's; for reviewers.",
        {"type": "string", "pattern": r"^(\*|[1-9][0-9]{0,15})$"},
    ),
)
_MOVES: Final[dict[Transition, str]] = {
    "submit": "Hand the current version in for review; it must be valid as it stands",
    "approve": "Approve the version under review; from now on it is the one that renders",
    "request-changes": "Send the version under review back to its author",
    "reject": "Reject the version under review",
    "appeal": "Ask for another decision on a rejected version",
    "deprecate": "Discourage further use of an approved template",
    "archive": "Retire a deprecated template: it renders no more",
}


class _Handlers:
    """The operations' translations, on one service."""

    def __init__(self, service: Templates) -> None:
        self._service = service

    async def create(self, call: Call) -> Answer:
        body: api.TemplateContent = _checked(call.body)
        return await self._service.create(call.actor, views.content(body), call.again)

    async def edit(self, call: Call) -> Answer:
        body: api.TemplateContent = _checked(call.body)
        content = views.content(body)
        return await self._service.edit(call.actor, call.path["id"], content, revision(call), call.again)

    async def read(self, call: Call) -> Reply:
        owned = await self._service.find(call.actor, call.path["id"])
        return at_revision(call, views.whole(owned), owned.template.revision)

    async def select(self, call: Call) -> Reply:
        found, cursor = await self._service.select(_selection(call))
        return Reply(200, api.TemplatePage(items=tuple(map(views.summary, found)), next_cursor=cursor))

    async def validate(self, call: Call) -> Answer:
        return await self._service.validate(call.actor, call.path["id"], call.again)

    def move(self, transition: Transition) -> Handler:
        async def step(call: Call) -> Answer:
            body: api.MoveRequest = call.body
            return await self._service.move(
                call.actor, call.path["id"], transition, body.comment, body.version, call.again
            )

        return step

    async def render(self, call: Call) -> Answer:
        body: api.RenderRequest = call.body
        if body.preview:
            if body.submission_id is not None:
                raise invalid("submissionId", "a preview is for no submission")
            return await self._service.preview(call.actor, call.path["id"], body.values)
        return await self._service.render(
            call.actor, call.path["id"], body.values, body.submission_id, call.again
        )

    async def resolve(self, call: Call) -> Answer:
        body: api.OutcomeRequest = call.body
        return await self._service.resolve(
            call.actor, call.path["id"], body.submission_id, body.outcome, call.again
        )

    async def analyse(self, call: Call) -> Reply:
        body: api.AnalyseRequest = call.body
        return Reply(200, await self._service.analyse(call.actor, body.text))


def operations(service: Templates) -> tuple[Operation, ...]:
    """All of them, bound to `service`."""
    on = _Handlers(service)
    one = "/v1/templates/{id}"
    content, whole = api.TemplateContent, api.Template
    steps = tuple(
        Operation(
            transition.replace("-", "_"), "POST", f"{one}/{transition}", summary, on.move(transition),
            api.MoveRequest, 200, whole, (IDEMPOTENCY_KEY,), (404, 409, 503, 504),
        )
        for transition, summary in _MOVES.items()
    )  # fmt: skip
    return (
        Operation("create", "POST", "/v1/templates", "Start a template, in draft", on.create,
                  content, 201, whole, (IDEMPOTENCY_KEY,), (409, 503, 504)),
        Operation("list", "GET", "/v1/templates", "List templates, newest first", on.select,
                  None, 200, api.TemplatePage, _LIST, (503,)),
        Operation("read", "GET", one, "Read a template", on.read,
                  None, 200, whole, (IF_NONE_MATCH,), (404, 503)),
        Operation("edit", "PUT", one, "Replace the content; once it has been reviewed, in a new version",
                  on.edit, content, 200, whole, (IDEMPOTENCY_KEY, IF_MATCH), (404, 409, 412, 503, 504)),
        Operation("validate", "POST", f"{one}/validate", "Examine the current version and record the report",
                  on.validate, EmptyBody, 200, api.Validation, (IDEMPOTENCY_KEY,),
                  (404, 409, 429, 503, 504)),
        *steps,
        Operation("render", "POST", f"{one}/render", "Render the usable version for a submission, or preview",
                  on.render, api.RenderRequest, 200, api.Rendering, (IDEMPOTENCY_KEY,),
                  (404, 409, 429, 503, 504)),
        Operation("outcome", "POST", f"{one}/outcome", "Say what became of a submission", on.resolve,
                  api.OutcomeRequest, 200, whole, (IDEMPOTENCY_KEY,), (404, 409, 503, 504)),
        Operation("analyse", "POST", "/v1/notices/analyse", "Say what a notice is and holds; stores nothing",
                  on.analyse, api.AnalyseRequest, 200, Analysis, (), (429, 503)),
    )  # fmt: skip


def _checked(content: api.TemplateContent) -> api.TemplateContent:
    """What the struct's own bounds cannot say."""
    if len(msgspec.json.encode(content.body)) > MAX_BODY_BYTES_OF_TEMPLATE:
        raise ProblemError(413, "too-large", f"a template has {MAX_BODY_BYTES_OF_TEMPLATE:,} bytes at most")
    if len(set(content.variables)) != len(content.variables):
        raise invalid("variables", "a name is listed twice")
    return content


def _selection(call: Call) -> Selection:
    query = call.query
    wanted = last(query, "userId") or str(call.actor.user_id)
    if wanted != str(call.actor.user_id) and not call.actor.is_reviewer:
        raise ProblemError(403, "not-a-reviewer", "only a reviewer sees other people's templates")
    if wanted != "*" and not (wanted.isascii() and wanted.isdecimal() and len(wanted) <= 16):
        raise invalid("userId", "a number, or *")
    return Selection(
        owner=None if wanted == "*" else int(wanted),
        statuses=cast("tuple[TemplateStatus, ...]", chosen(query, "status", get_args(TemplateStatus))),
        kinds=cast("tuple[TemplateKind, ...]", chosen(query, "kind", get_args(TemplateKind))),
        limit=limit(query),
        cursor=last(query, "cursor"),
    )
