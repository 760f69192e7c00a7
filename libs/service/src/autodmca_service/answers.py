"""The answer to a command over HTTP, from what the model decided. Pure.

Owns the form of an answer that may be kept, and the answers that every service gives: a refusal, a key that
was used for another request, an answer that was too large to be kept. What a service's own command is
answered with is the service's to say, in one function (`AnswerOf`) from which both the answer that is sent
and the one that is kept are made, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from autodmca_service.commands import Command, Outcome, Refusal
from autodmca_service.errors import CommandRefused
from autodmca_service.http.problems import MEDIA_TYPE, ProblemError, encoded, problem_of
from autodmca_service.receipts import Answer, answer_of

S = TypeVar("S")
C = TypeVar("C", bound=Command)
R = TypeVar("R", bound=Outcome)

AnswerOf = Callable[[C, Callable[[str], S | None], int, R], Answer | None]
"""`(command, find, owner, outcome)`: the answer to a command that was applied. `find` gives the owner's
entity of an id as it is just after the command. None where it does not hold what the answer is made of.
Raises ProblemError where the answer is a problem."""

KEY_REUSED: Final = Refusal(
    refused="key_reused",
    code="idempotency-key-reused",
    detail="this Idempotency-Key came before with another method, path or body; use a new key",
)


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer with this value as its body, in JSON."""
    return answer_of(
        status, msgspec.json.encode(value), {"content-type": "application/json", **(headers or {})}
    )


def etag(revision: int) -> str:
    """The ETag of a resource at this revision."""
    return f'"{revision}"'


def revised(value: object, revision: int, *, made_at: str | None = None) -> Answer:
    """The answer to what changed a resource, or made it at this path, with how it is now as its body."""
    headers = {"etag": etag(revision)}
    if made_at is None:
        return json_answer(value, 200, headers)
    return json_answer(value, 201, {**headers, "location": made_at})


def failed(problem: ProblemError, path: str) -> Answer:
    """To a request for `path` that ended in this problem."""
    headers = {"content-type": MEDIA_TYPE, **problem.headers}
    return answer_of(problem.status, encoded(problem, path), headers, problem.code)


def refused(refusal: Refusal, path: str) -> Answer:
    """To a command that the model refused."""
    problem = problem_of(CommandRefused(refusal))
    assert problem is not None
    return failed(problem, path)


def not_kept(path: str) -> Answer:
    """To a request that was carried out before with an answer too large to be given again."""
    detail = "the request was carried out; its answer was too large to be kept and is not given again"
    return failed(ProblemError(409, "answer-not-kept", detail), path)
