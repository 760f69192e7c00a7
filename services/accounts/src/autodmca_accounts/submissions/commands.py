"""What can be asked about submissions: by people, by work (checkpoints), and by what delisting told.

A new field is optional.
"""

from __future__ import annotations

from typing import Any

from autodmca_events.scalars import Engine
from autodmca_service.commands import Command
from msgspec import field

from autodmca_accounts.submissions.state import Word


class Submit(Command, frozen=True, kw_only=True, tag="submit"):
    """Begin a submission. `urls`, in any form that people paste, go to each of `engines`."""

    submission_id: str
    profile_id: int
    template_id: str
    title: str
    engines: tuple[Engine, ...]
    urls: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    query: str | None = None
    work: str = ""
    work_urls: tuple[str, ...] = ()
    sender: str = ""


class CancelSubmission(Command, frozen=True, kw_only=True, tag="cancel_submission"):
    submission_id: str


class RetrySubmission(Command, frozen=True, kw_only=True, tag="retry_submission"):
    """Do again what failed."""

    submission_id: str


class Proceed(Command, frozen=True, kw_only=True, tag="proceed"):
    """Checkpoint: the time for what is due `at` has come."""

    submission_id: str
    at: int


class RequestHeard(Command, frozen=True, kw_only=True, tag="request_heard"):
    """delisting told how a request stands."""

    word: Word


class EngineHeard(Command, frozen=True, kw_only=True, tag="engine_heard"):
    """delisting told what an engine answered: an entry of the trail."""

    request_id: str
    http_status: int
    code: str
    message: str = ""
    external_reference: str | None = None


SubmissionCommand = Submit | CancelSubmission | RetrySubmission | Proceed | RequestHeard | EngineHeard
