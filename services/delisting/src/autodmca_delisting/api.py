"""The shapes of requests and answers over HTTP. Owns no rule."""

from __future__ import annotations

from typing import Annotated, Literal

from autodmca_events.delisting import DelistingStatus, UrlResult, Visibility
from autodmca_events.requests.delisting import AppealText, Notice, Query, ShortText
from autodmca_events.scalars import Engine
from autodmca_service.http.shapes import Body, View
from msgspec import Meta

MAX_URLS = 10_000


class NoticeBody(Notice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the request rests on; without `text`, the notice that the URLs were taken from is it."""


class NewRequest(Body, frozen=True, kw_only=True):
    """`urls` in any form that people paste; `text`: a notice from which they are taken. `query`: the search
    in which their ranks are watched. `except_domains`: registrable domains that are left out."""

    engine: Engine
    urls: Annotated[tuple[str, ...], Meta(max_length=20_000)] = ()
    text: Annotated[str, Meta(max_length=2_000_000)] = ""
    notice: NoticeBody = NoticeBody()
    query: Query | None = None
    except_domains: Annotated[tuple[str, ...], Meta(max_length=1_000)] = ()


class AppealBody(Body, frozen=True, kw_only=True):
    text: AppealText


class ReportedUrl(Body, frozen=True, kw_only=True):
    url: str
    outcome: UrlResult
    reason: ShortText | None = None


class ReportBody(Body, frozen=True, kw_only=True):
    """How a part stands that a person looks after; `not_submitted`: the engine does not have it."""

    part: Annotated[int, Meta(ge=1, le=200)] = 1
    progress: Literal["not_submitted", "submitted", "under_review", "decided"]
    external_reference: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    outcomes: Annotated[tuple[ReportedUrl, ...], Meta(max_length=10_000)] = ()


class PreferencesBody(Body, frozen=True, kw_only=True):
    """`resubmit_relisted`: a relisted URL opens a new request by itself."""

    resubmit_relisted: bool


class NormaliseBody(Body, frozen=True, kw_only=True):
    text: Annotated[str, Meta(max_length=4_000_000)]


class FoundUrl(View, frozen=True, kw_only=True):
    """A URL in a text: `start` and `end` in characters, `line` from 1; `url` as a browser takes it."""

    url: str
    normalized_url: str
    registrable_domain: str
    text: str
    start: int
    end: int
    line: int


class DroppedUrl(View, frozen=True, kw_only=True):
    """What was not taken, and why."""

    text: str
    reason: str
    line: int
    start: int | None = None
    end: int | None = None
    duplicate_of: str | None = None


class Normalised(View, frozen=True, kw_only=True):
    """In the order of the text."""

    urls: tuple[FoundUrl, ...]
    dropped: tuple[DroppedUrl, ...]


class NoteView(View, frozen=True, kw_only=True):
    at: str
    user_id: int
    said: str


class PartView(View, frozen=True, kw_only=True):
    """`stage`: waiting, sending, sent, appealing, decided, person, cancelling, stopped."""

    number: int
    stage: str
    reference: str
    urls_total: int
    external_reference: str | None = None
    progress: str | None = None
    error: str | None = None
    next_at: str | None = None
    lumen: str | None = None


class RequestSummary(View, frozen=True, kw_only=True):
    """A request as a list shows it."""

    id: str
    engine: Engine
    status: DelistingStatus
    attempt: int
    urls_total: int
    urls_removed: int
    urls_not_in_index: int
    urls_no_action: int
    urls_pending: int
    urls_duplicate: int
    created_at: str
    updated_at: str
    external_reference: str | None = None
    needs_person: str | None = None
    reason: str | None = None
    follows: str | None = None


class RequestView(RequestSummary, frozen=True, kw_only=True):
    """A whole request but for its URLs. `dropped` has the first hundred of `dropped_total`."""

    query: str | None = None
    expires_at: str | None = None
    parts: tuple[PartView, ...] = ()
    dropped: tuple[DroppedUrl, ...] = ()
    dropped_total: int = 0
    notes: tuple[NoteView, ...] = ()


class UrlView(View, frozen=True, kw_only=True):
    """One URL of a request and how it stands."""

    url: str
    normalized_url: str
    registrable_domain: str
    part: int
    outcome: UrlResult
    reason: str | None = None
    visibility: Visibility | None = None
    rank: int | None = None
    checked_at: str | None = None


class RequestPage(View, frozen=True, kw_only=True):
    items: tuple[RequestSummary, ...]
    next_cursor: str | None = None


class UrlPage(View, frozen=True, kw_only=True):
    items: tuple[UrlView, ...]
    next_cursor: str | None = None
