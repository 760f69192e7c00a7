"""What other services are asked, and what their answers are about. Owns no rule.

Each question leaves an entity under the name that its outcome will bear; the answer takes it away.
"""

from __future__ import annotations

from autodmca_events.requests import Result
from autodmca_service.commands import Command

from autodmca_accounts.entity import Kept


class Asked(Kept, frozen=True, kw_only=True, tag="asked"):
    """A question that is not answered yet: what it is about, in the words of the room that asked."""

    profile_id: int | None = None
    submission_id: str | None = None
    step: str


class AnswerHeard(Command, frozen=True, kw_only=True, tag="answer_heard"):
    """What came of the question of this `name`. `refused`: why nothing was done, where nothing was."""

    name: str
    refused: str | None = None
    result: Result | None = None


def asked_id(name: str) -> str:
    """The entity of a question."""
    return f"asked_{name}"
