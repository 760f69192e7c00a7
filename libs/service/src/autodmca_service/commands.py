"""What the commands of all services have in common: who asks, how a model refuses, and what is answered.

These structs stand in input and outcome records, so a new field is optional. Owns no I/O and no HTTP:
`http.problems` turns a refusal into an answer.
"""

from __future__ import annotations

from typing import Literal

from autodmca_events.requests import Actor as Actor
from autodmca_events.requests import Command as Command
from autodmca_events.requests import Result
from msgspec import Struct

from autodmca_service.receipts import Answer

Refused = Literal["not_found", "forbidden", "conflict", "precondition", "key_reused", "invalid"]


class FieldError(Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field; `line` counts from 1 where the field is a text of several lines."""

    field: str
    reason: str
    line: int | None = None


class Refusal(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why a command changed nothing. `code` is stable, `detail` is for people."""

    refused: Refused
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()


class Outcome(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer to a command: the refusal, or the `revision` of what it changed.

    `replayed` says that the same request had been applied before and nothing was done now. `answer` is what
    a request with an Idempotency-Key is answered with, then and now; absent when it is too large to be kept.
    `result` is what an input brings to another service that sent it.
    """

    revision: int = 0
    replayed: bool = False
    refusal: Refusal | None = None
    answer: Answer | None = None
    result: Result | None = None
