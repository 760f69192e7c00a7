"""Every operation of the HTTP interface: its route, its words for the OpenAPI document, and what it calls.

The table `operations` is the one place that lists them; routes and document are both made from it, so
neither can lack one. Handlers translate and nothing else: rules are in `model`, work in `service`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast, get_args

import msgspec
from autodmca_events.templates import TemplateKind, TemplateStatus

from autodmca_templates import api, views
from autodmca_templates.commands import Transition
from autodmca_templates.http import Call, Handler, Reply
from autodmca_templates.notices import Analysis
from autodmca_templates.pages import BadCursor, Owned
from autodmca_templates.problems import ProblemError, invalid
from autodmca_templates.service import Rendered, Selection, Templates

MAX_BODY_BYTES_OF_TEMPLATE: Final = 256 * 1024
MAX_PAGE: Final = 200
DEFAULT_PAGE: Final = 50


class Parameter(NamedTuple):
    """A query parameter or a header."""

    name: str
    place: str
    description: str
    schema: dict[str, Any]


class Operation(NamedTuple):
    """One operation. `problems` are the statuses it answers with beside those that all may give."""

    name: str
    method: str
    path: str
    summary: str
    handler: Handler
    request: type[Any] | None
    status: int
    response: type[Any]
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()


_KEY: Final = Parameter(
    "Idempotency-Key",
    "header",
    "Names the request: sent again with the same key, it is answered and not done twice.",
    {"type": "string", "minLength": 1, "maxLength": 255},
)
_IF_MATCH: Final = Parameter(
    "If-Match",
    "header",
    "The ETag that was read; 412 when the template has changed since.",
    {"type": "string"},
)
_IF_NONE_MATCH: Final = Parameter(
    "If-None-Match", "header", "The ETag at hand; 304 when it is current.", {"type": "string"}
)
_LIST: Final = (
    Parameter("limit", "query", "Items a page.", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}),
    Parameter("cursor", "query", "The `nextCursor` of the page before.", {"type": "string"}),
    Parameter(
        "status",
        "query",
        "Only these; may be repeated.",
        {"type": "array", "items": {"type": "string", "enum": list(get_args(TemplateStatus))}},
    ),
    Parameter(
        "kind",
        "query",
        "Only these; may be repeated.",
        {"type": "array", "items": {"type": "string", "enum": list(get_args(TemplateKind))}},
    ),
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

    async def create(self, call: Call) -> Reply:
        body: api.TemplateContent = _checked(call.body)
        owned = await self._service.create(call.actor, views.content(body), call.key)
        reply = _whole(owned, 201)
        return reply._replace(headers={**reply.headers, "location": f"/v1/templates/{owned.template.id}"})

    async def edit(self, call: Call) -> Reply:
        body: api.TemplateContent = _checked(call.body)
        revision = _revision(call.headers.get("if-match"))
        content = views.content(body)
        return _whole(await self._service.edit(call.actor, call.path["id"], content, revision, call.key))

    async def read(self, call: Call) -> Reply:
        reply = _whole(await self._service.find(call.actor, call.path["id"]))
        if call.headers.get("if-none-match") == reply.headers["etag"]:
            return Reply(304, None, reply.headers)
        return reply

    async def select(self, call: Call) -> Reply:
        try:
            found, cursor = await self._service.select(_selection(call))
        except BadCursor as error:
            raise invalid("cursor", str(error)) from error
        return Reply(200, api.TemplatePage(items=tuple(map(views.summary, found)), next_cursor=cursor))

    async def validate(self, call: Call) -> Reply:
        version = await self._service.validate(call.actor, call.path["id"], call.key)
        return Reply(200, views.validation(version))

    def move(self, transition: Transition) -> Handler:
        async def step(call: Call) -> Reply:
            body: api.MoveRequest = call.body
            return _whole(
                await self._service.move(
                    call.actor, call.path["id"], transition, body.comment, body.version, call.key
                )
            )

        return step

    async def render(self, call: Call) -> Reply:
        body: api.RenderRequest = call.body
        if body.preview:
            if body.submission_id is not None:
                raise invalid("submissionId", "a preview is for no submission")
            return _rendering(await self._service.preview(call.actor, call.path["id"], body.values))
        return _rendering(
            await self._service.render(call.actor, call.path["id"], body.values, body.submission_id, call.key)
        )

    async def resolve(self, call: Call) -> Reply:
        body: api.OutcomeRequest = call.body
        return _whole(
            await self._service.resolve(
                call.actor, call.path["id"], body.submission_id, body.outcome, call.key
            )
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
            api.MoveRequest, 200, whole, (_KEY,), (404, 409, 413, 503, 504),
        )
        for transition, summary in _MOVES.items()
    )  # fmt: skip
    return (
        Operation("create", "POST", "/v1/templates", "Start a template, in draft", on.create,
                  content, 201, whole, (_KEY,), (409, 413, 503, 504)),
        Operation("list", "GET", "/v1/templates", "List templates, newest first", on.select,
                  None, 200, api.TemplatePage, _LIST, (503,)),
        Operation("read", "GET", one, "Read a template", on.read,
                  None, 200, whole, (_IF_NONE_MATCH,), (404, 503)),
        Operation("edit", "PUT", one, "Replace the content; once it has been reviewed, in a new version",
                  on.edit, content, 200, whole, (_KEY, _IF_MATCH), (404, 409, 412, 413, 503, 504)),
        Operation("validate", "POST", f"{one}/validate", "Examine the current version and record the report",
                  on.validate, api.EmptyRequest, 200, api.Validation, (_KEY,),
                  (404, 409, 413, 429, 503, 504)),
        *steps,
        Operation("render", "POST", f"{one}/render", "Render the usable version for a submission, or preview",
                  on.render, api.RenderRequest, 200, api.Rendering, (_KEY,), (404, 409, 413, 429, 503, 504)),
        Operation("outcome", "POST", f"{one}/outcome", "Say what became of a submission", on.resolve,
                  api.OutcomeRequest, 200, whole, (_KEY,), (404, 409, 413, 503, 504)),
        Operation("analyse", "POST", "/v1/notices/analyse", "Say what a notice is and holds; stores nothing",
                  on.analyse, api.AnalyseRequest, 200, Analysis, (), (413, 429, 503)),
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
    wanted = query.get("userId", [str(call.actor.user_id)])[-1]
    if wanted != str(call.actor.user_id) and not call.actor.is_reviewer:
        raise ProblemError(403, "not-a-reviewer", "only a reviewer sees other people's templates")
    if wanted != "*" and not (wanted.isascii() and wanted.isdecimal() and len(wanted) <= 16):
        raise invalid("userId", "a number, or *")
    return Selection(
        owner=None if wanted == "*" else int(wanted),
        statuses=cast("tuple[TemplateStatus, ...]", _choices(query, "status", get_args(TemplateStatus))),
        kinds=cast("tuple[TemplateKind, ...]", _choices(query, "kind", get_args(TemplateKind))),
        limit=_limit(query.get("limit", [str(DEFAULT_PAGE)])[-1]),
        cursor=query.get("cursor", [None])[-1],
    )


def _choices(query: Any, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    chosen = tuple(query.get(name, ()))
    for choice in chosen:
        if choice not in known:
            raise invalid(name, f"one of {', '.join(known)}")
    return chosen


def _limit(text: str) -> int:
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    if not 1 <= limit <= MAX_PAGE:
        raise invalid("limit", f"a number from 1 to {MAX_PAGE}")
    return limit


def _revision(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise invalid("If-Match", "an ETag of this template, or *")
    return int(text)


def _whole(owned: Owned, status: int = 200) -> Reply:
    return Reply(status, views.whole(owned), {"etag": f'"{owned.template.revision}"'})


def _rendering(rendered: Rendered) -> Reply:
    return Reply(
        200,
        api.Rendering(
            template_id=rendered.template_id,
            version=rendered.version,
            text=rendered.text,
            length=len(rendered.text),
            preview=rendered.submission_id is None,
            submission_id=rendered.submission_id,
        ),
    )
