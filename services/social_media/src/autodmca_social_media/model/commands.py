"""What can be asked of the model: the input records.

Those that other services send, too, are `autodmca_events.requests.social_media`'s. Of the others, those with
an actor's words come from HTTP; those called checkpoints come from work, and are refused when it
has gone on without them. A new field is optional.
"""

from __future__ import annotations

from typing import Literal

from autodmca_events import requests
from autodmca_events.requests.social_media import PutWatch as PutWatch
from autodmca_events.requests.social_media import StopWatch as StopWatch
from autodmca_events.scalars import Platform, Urgency
from autodmca_events.social_media import IncidentType, Signal
from msgspec import Struct

from autodmca_social_media.matching.scoring import Part

Command = requests.Command
Deed = Literal["report", "false_positive", "escalate", "resolve"]
Ending = Literal["open", "under_review", "removed", "dismissed"]
"""How a report stands: nothing has been done; it is being looked at; the account is gone; it was closed and
the account stays."""
Trouble = Literal["rate_limited", "auth_required", "down"]


class Called(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the last call to a platform returned. `trouble`: None where it went well."""

    platform: Platform
    at: int
    trouble: Trouble | None = None
    latency_ms: int | None = None
    rate_limit: int | None = None
    rate_limit_remaining: int | None = None
    rate_limit_reset_at: int | None = None
    message: str | None = None


class Found(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An account that a scan takes for an impersonator."""

    account_id: str
    handle: str
    url: str
    post_url: str | None = None
    display_name: str = ""
    incident_type: IncidentType
    severity: Urgency
    score: float
    signals: tuple[Signal, ...]
    parts: tuple[Part, ...]


class StartScan(Command, frozen=True, kw_only=True, tag="start_scan"):
    """`platforms` empty: all that the profile is watched on."""

    profile_id: int
    platforms: tuple[Platform, ...] = ()


class SteerScan(Command, frozen=True, kw_only=True, tag="steer_scan"):
    scan_id: str
    deed: Literal["pause", "resume", "cancel"]


class Decide(Command, frozen=True, kw_only=True, tag="decide"):
    incident_id: str
    deed: Deed
    note: str | None = None


class Scheduled(Command, frozen=True, kw_only=True, tag="scheduled"):
    """Checkpoint: the time for a profile's next scan has come."""

    profile_id: int


class Paged(Command, frozen=True, kw_only=True, tag="paged"):
    """Checkpoint: a page of a search was read. `position` and `cursor` say where to go on; `done`: that was
    all."""

    scan_id: str
    position: int
    total: int
    done: bool
    cursor: str | None = None
    accounts: int = 0
    posts: int = 0
    found: tuple[Found, ...] = ()
    called: Called | None = None


class Held(Command, frozen=True, kw_only=True, tag="held"):
    """Checkpoint: a scan cannot go on before `resume_at`."""

    scan_id: str
    resume_at: int | None
    reason: str
    called: Called


class Filing(Command, frozen=True, kw_only=True, tag="filing"):
    """Checkpoint: a report is about to go out."""

    incident_id: str


class Filed(Command, frozen=True, kw_only=True, tag="filed"):
    """Checkpoint: the platform has the report."""

    incident_id: str
    report_id: str | None
    called: Called | None = None


class NotFiled(Command, frozen=True, kw_only=True, tag="not_filed"):
    """Checkpoint: the platform does not have the report: it is to be filed (again)."""

    incident_id: str


class Unclear(Command, frozen=True, kw_only=True, tag="unclear"):
    """Checkpoint: whether the platform has the report cannot be known; a person has to look."""

    incident_id: str
    reason: str


class Followed(Command, frozen=True, kw_only=True, tag="followed"):
    """Checkpoint: how a report stands, and what the account is called by now."""

    incident_id: str
    ending: Ending
    handle: str | None = None
    called: Called | None = None


class Deferred(Command, frozen=True, kw_only=True, tag="deferred"):
    """Checkpoint: the platform could not be asked about a report; again at `resume_at`. `lost`: the report
    may have been filed all the same."""

    incident_id: str
    resume_at: int | None
    reason: str
    called: Called
    lost: bool = False


class Observed(Command, frozen=True, kw_only=True, tag="observed"):
    """Sent to user 0: what a call returned, on whichever replica."""

    called: Called


PersonCommand = PutWatch | StopWatch | StartScan | SteerScan | Decide
WorkCommand = Scheduled | Paged | Held | Filing | Filed | NotFiled | Unclear | Followed | Deferred
AnyCommand = PersonCommand | WorkCommand | Observed
