"""Payloads of the delisting service: requests to search engines and what they bring about."""

from typing import Literal

from autodmca_events.payload import Payload
from autodmca_events.scalars import Count, Engine, HttpStatus, Id, Ordinal, Seconds, Url
from autodmca_events.timestamps import Timestamp

DelistingStatus = Literal[
    "draft",
    "queued",
    "submitted",
    "under_review",
    "approved",
    "partially_approved",
    "denied",
    "expired",
    "appealed",
    "cancelled",
    "failed",
]
Visibility = Literal["visible", "demoted", "hidden", "not_indexed", "unknown"]
ResponseCode = Literal[
    "accepted",
    "rejected",
    "incomplete",
    "duplicate",
    "rate_limited",
    "auth_error",
    "server_error",
]
UrlResult = Literal["removed", "not_in_index", "no_action", "pending", "duplicate"]


class DelistingRequestStatus(Payload, frozen=True, kw_only=True):
    """A delisting request moved from one status to another."""

    request_id: Id
    engine: Engine
    previous_status: DelistingStatus
    status: DelistingStatus
    urls_total: Count
    urls_removed: Count
    urls_not_in_index: Count
    urls_no_action: Count
    urls_pending: Count
    urls_duplicate: Count
    external_reference: str | None = None
    attempt: Ordinal
    next_poll_at: Timestamp | None = None
    updated_at: Timestamp


class VisibilityChange(Payload, frozen=True, kw_only=True):
    """A URL became more or less visible in a search engine's results."""

    request_id: Id | None = None
    url: Url
    normalized_url: Url
    registrable_domain: str
    engine: Engine
    query: str | None = None
    previous_visibility: Visibility
    new_visibility: Visibility
    previous_rank: Ordinal | None = None
    new_rank: Ordinal | None = None
    relisted: bool
    checked_at: Timestamp


class UrlOutcome(Payload, frozen=True, kw_only=True):
    """What an engine decided about one URL of a request."""

    url: Url
    outcome: UrlResult
    reason: str | None = None


class EngineResponse(Payload, frozen=True, kw_only=True):
    """A search engine answered a request."""

    request_id: Id
    engine: Engine
    http_status: HttpStatus
    response_code: ResponseCode
    message: str
    external_reference: str | None = None
    url_outcomes: tuple[UrlOutcome, ...]
    retry_after_seconds: Seconds | None = None
    attempt: Ordinal
    received_at: Timestamp
