"""What is remembered of submissions: their parts, what they send, their trails; and how long engines take.

What is large and written once (URLs, values, the notice) is an entity by itself, and so is each entry of the
trail. `run` and `next_at` are those of `autodmca_service.work`. Times are ms since the Unix epoch. Decides
nothing.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from autodmca_events.accounts import SubmissionStage, SubmissionStatus
from autodmca_events.delisting import DelistingStatus
from autodmca_events.scalars import Engine
from msgspec import Struct, field

from autodmca_accounts.entity import Kept

MOST_BYTES: Final = 200_000
"""Of a submission's URLs; and of its values, in JSON."""
TRAIL: Final = 500
"""Entries of one submission's trail that are kept: the first `TRAIL_HEAD`, and the newest."""
TRAIL_HEAD: Final = 100
EARLY: Final = 64
"""Words about requests whose names are not known yet; the oldest goes first."""


PartStage = Literal["waiting", "asked", "going", "done", "failed", "cancelled"]
"""`waiting`: to be asked for; `asked`: delisting has not answered yet; `going`: there is a request; `done`:
the engine has decided, or will not any more; `failed`: it may be tried again."""


class Counts(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How many of a part's URLs stand how."""

    total: int = 0
    removed: int = 0
    not_in_index: int = 0
    no_action: int = 0
    pending: int = 0
    duplicate: int = 0


class Part(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What goes to one engine. `attempt`: another one is another request; `reached`: 0-1; `deadline`: when it
    is given up. `asked_at`: when delisting was asked; `sent`: the engine has it."""

    engine: Engine
    stage: PartStage = "waiting"
    attempt: int = 1
    ask: str | None = None
    request_id: str | None = None
    status: DelistingStatus | None = None
    counts: Counts = Counts()
    reached: float = 0.0
    sent: bool = False
    external_reference: str | None = None
    error: str | None = None
    asked_at: int | None = None
    deadline: int | None = None


class Submission(Kept, frozen=True, kw_only=True, tag="submission"):
    """A submission. `ask`: the question to templates that is open, to be answered before `deadline`;
    `entries`: how many its trail has had."""

    id: str
    profile_id: int
    template_id: str
    title: str
    status: SubmissionStatus = "pending"
    stage: SubmissionStage = "validating"
    parts: tuple[Part, ...]
    urls: int
    progress: float = 0.0
    ask: str | None = None
    deadline: int | None = None
    template_version: int | None = None
    reason: str | None = None
    attempt: int = 1
    resolved: Literal["sent", "accepted", "rejected"] | None = None
    entries: int = 0
    revision: int = 1
    created_at: int
    updated_at: int
    next_at: int | None = None
    run: int = 0


class Material(Kept, frozen=True, kw_only=True, tag="material"):
    """What a submission sends. `notice`: the rendered text, from when it is there."""

    urls: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    query: str | None = None
    work: str = ""
    work_urls: tuple[str, ...] = ()
    sender: str = ""
    notice: str | None = None


class Entry(Kept, frozen=True, kw_only=True, tag="audit_entry"):
    """One entry of the trail: `by` a user (`user 7`) or a service."""

    submission_id: str
    number: int
    at: int
    by: str
    said: str
    engine: Engine | None = None
    request_id: str | None = None
    external_reference: str | None = None
    http_status: int | None = None


class Link(Kept, frozen=True, kw_only=True, tag="link"):
    """Whose part a request to an engine is."""

    submission_id: str
    engine: Engine


class Word(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What delisting told of a request."""

    request_id: str
    status: DelistingStatus
    counts: Counts
    external_reference: str | None = None


class Early(Kept, frozen=True, kw_only=True, tag="early"):
    """Words that came before the answer that names their request; newest last."""

    words: tuple[Word, ...] = ()


class Pace(Kept, frozen=True, kw_only=True, tag="pace"):
    """How long each engine has taken of late from the request to the decision, in ms."""

    ms: dict[str, int] = field(default_factory=dict)


SubmissionEntity = Submission | Material | Entry | Link | Early | Pace


class Rules(Struct, frozen=True):
    """How long the saga waits for what: milliseconds. `decision_ms`: for an engine; delisting itself gives up
    before that."""

    answer_ms: int = 600_000
    decision_ms: int = 40 * 86_400_000
