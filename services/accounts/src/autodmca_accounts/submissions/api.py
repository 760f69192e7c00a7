"""The shapes of submissions over HTTP. Owns no rule."""

from __future__ import annotations

from typing import Annotated, Any

from autodmca_events.accounts import SubmissionStage, SubmissionStatus
from autodmca_events.delisting import DelistingStatus
from autodmca_events.requests.delisting import MOST_URLS_SENT, Query, ShortText
from autodmca_events.requests.social_media import ProfileId
from autodmca_events.requests.templates import TemplateId, Values
from autodmca_events.scalars import Engine
from autodmca_service.http.shapes import Body, View
from msgspec import Meta, field


class NewSubmission(Body, frozen=True, kw_only=True):
    """`values`: of the template's variables; `urls`: in any form that people paste; `engines`: those that the
    notice goes to, without it those that are usual here. `query`: the search in which ranks are watched."""

    profile_id: ProfileId
    template_id: TemplateId
    values: Values = field(default_factory=dict)
    urls: Annotated[tuple[ShortText, ...], Meta(min_length=1, max_length=MOST_URLS_SENT)]
    title: Annotated[str, Meta(max_length=200)] = ""
    engines: Annotated[tuple[Engine, ...], Meta(max_length=4)] = ()
    query: Query | None = None
    work: ShortText = ""
    work_urls: Annotated[tuple[ShortText, ...], Meta(max_length=100)] = ()
    sender: ShortText = ""


class PartView(View, frozen=True, kw_only=True):
    """`stage`: waiting, asked, going, done, failed, cancelled; `status`: of the request at delisting."""

    engine: Engine
    stage: str
    status: DelistingStatus | None = None
    request_id: str | None = None
    external_reference: str | None = None
    urls_total: int
    urls_removed: int = 0
    urls_not_in_index: int = 0
    urls_no_action: int = 0
    urls_pending: int = 0
    urls_duplicate: int = 0
    error: str | None = None


class SubmissionView(View, frozen=True, kw_only=True):
    """URLs are counted once for each engine that they go to."""

    id: str
    profile_id: int
    template_id: str
    template_version: int | None = None
    title: str
    status: SubmissionStatus
    stage: SubmissionStage
    progress: float
    urls_total: int
    urls_processed: int
    urls_failed: int
    eta_seconds: int | None = None
    attempt: int
    reason: str | None = None
    parts: tuple[PartView, ...]
    created_at: str
    updated_at: str


class SubmissionPage(View, frozen=True, kw_only=True):
    items: tuple[SubmissionView, ...]
    next_cursor: str | None = None


class EntryView(View, frozen=True, kw_only=True):
    """`by`: a user (`user 7`), a service, or an engine."""

    number: int
    at: str
    by: str
    said: str
    engine: Engine | None = None
    request_id: str | None = None
    external_reference: str | None = None
    http_status: int | None = None


class TrailView(View, frozen=True, kw_only=True):
    """Everything that was sent, and who did what when. `entriesLeftOut`: those of the middle of a very long
    trail."""

    submission: SubmissionView
    notice: str | None = None
    values: dict[str, Any]
    urls: tuple[str, ...]
    entries: tuple[EntryView, ...]
    entries_left_out: int = 0
