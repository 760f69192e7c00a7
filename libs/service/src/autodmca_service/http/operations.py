"""The words in which a service lists its operations; routes and OpenAPI document are made from the list.

Owns what an operation is given (`Call`) and gives back (`Reply`), its bounds, and the parameters that
operations of every service share. Decides nothing and does no I/O.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, BinaryIO, Final, NamedTuple

from autodmca_service.commands import Actor
from autodmca_service.receipts import Answer, Request

KIB: Final = 1024
MIB: Final = 1024 * KIB
DEFAULT_PAGE: Final = 50
MAX_PAGE: Final = 200


class Parameter(NamedTuple):
    """A query parameter (`place` is `query`) or a header (`header`)."""

    name: str
    place: str
    description: str
    schema: dict[str, Any]


class Limits(NamedTuple):
    """What a request's body may be: bytes in all, and seconds from the end of its head to its last byte.
    `work_s`: seconds that may go by until the log is asked, where what came is worked on before that; a
    replica that has forwarded the request waits so much longer for the answer."""

    body_bytes: int = MIB
    body_s: float = 10.0
    work_s: float = 0.0


class FileField(NamedTuple):
    """A file in a multipart form. `media_types`: what its part's Content-Type may say; empty allows any."""

    name: str
    description: str
    media_types: tuple[str, ...] = ()
    required: bool = True
    many: int = 1
    """How many files may come under the name."""


class Upload(NamedTuple):
    """A file that came: `file` stands at its beginning and is closed when the operation has answered."""

    filename: str
    media_type: str
    size: int
    file: BinaryIO


class Call(NamedTuple):
    """What an operation is given. `body` has the operation's own type, None where it takes no body."""

    actor: Actor
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    again: Request | None
    """Names a request that may be sent again, by its Idempotency-Key; None where it has none."""
    body: Any
    files: Mapping[str, tuple[Upload, ...]] = {}


class Reply(NamedTuple):
    """What an operation answers with; `body` is encoded as JSON, bytes are sent as they are.

    An operation that may be asked again answers with an `Answer`, which is kept as it was given.
    """

    status: int
    body: object = None
    headers: Mapping[str, str] = {}


Handler = Callable[[Call], Awaitable[Reply | Answer]]


class Operation(NamedTuple):
    """One operation. `problems` are the statuses it answers with beside those that all may give.

    With `files` the body is a multipart form: these files and the fields of `request`. `response` None is
    an answer without a body, or (`media_type`) one that is not JSON.
    """

    name: str
    method: str
    path: str
    summary: str
    handler: Handler
    request: type[Any] | None
    status: int
    response: type[Any] | None
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    files: tuple[FileField, ...] = ()
    limits: Limits = Limits()
    media_type: str = "application/json"


IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key",
    "header",
    "Names the request: sent again with the same key, it gets the first answer and is not done twice; 422 "
    "with another method, path or body.",
    {"type": "string", "minLength": 1, "maxLength": 255},
)
IF_MATCH: Final = Parameter(
    "If-Match", "header", "The ETag that was read; 412 when it has changed since.", {"type": "string"}
)
IF_NONE_MATCH: Final = Parameter(
    "If-None-Match", "header", "The ETag at hand; 304 when it is current.", {"type": "string"}
)
LIMIT: Final = Parameter(
    "limit",
    "query",
    f"Items a page; {DEFAULT_PAGE} when not given.",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE},
)
CURSOR: Final = Parameter("cursor", "query", "The `nextCursor` of the page before.", {"type": "string"})


def choices(
    name: str, known: tuple[str, ...], description: str = "Only these; may be repeated."
) -> Parameter:
    """A query parameter that selects by one or more of `known`."""
    return Parameter(
        name, "query", description, {"type": "array", "items": {"type": "string", "enum": list(known)}}
    )
