"""What the service remembers: requests, their parts, copies for Lumen, groups of watched URLs, a user's
settings.

A request of up to 10,000 URLs is split into parts as its engine takes them; each part is submitted, polled
and decided by itself, and is an entity by itself, so that no record grows with the request. `run` is the
position of the newest input that decided what is to be done (see `Context.is_late`), `next_at` when that is
due, in ms since the Unix epoch; None: nothing is. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from autodmca_events.delisting import DelistingStatus, ResponseCode, UrlResult, Visibility
from autodmca_events.requests.delisting import Notice as Notice
from autodmca_events.scalars import Engine
from autodmca_service.receipts import Receipt, Receipts
from msgspec import Struct

Stage = Literal[
    "draft", "waiting", "sending", "sent", "appealing", "decided", "person", "cancelling", "stopped"
]
"""Of a part. `waiting`: to be submitted; `sending`: may be on its way; `sent`: the engine has it and is asked
how it stands; `person`: it goes on only when somebody says how."""
Progress = Literal["submitted", "under_review", "decided"]
Deed = Literal["begin", "cancel", "appeal", "resubmit", "stop"]
"""What is being done to every part of a request, a few with each input."""


class _Entity(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="entity"):
    pass


class Dropped(Struct, frozen=True, array_like=True):
    """Something in what was pasted that was not taken; `line` counts from 1."""

    line: int
    written: str
    reason: str


class Note(Struct, frozen=True, array_like=True):
    """What a person said about a request, and when."""

    at: int
    user_id: int
    said: str


class Counts(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How many URLs have which outcome."""

    total: int = 0
    removed: int = 0
    not_in_index: int = 0
    no_action: int = 0
    pending: int = 0
    duplicate: int = 0


class Request(_Entity, frozen=True, kw_only=True, tag="request"):
    """A request to one engine. `follows`: the request whose relisted URLs it is about."""

    id: str
    engine: Engine
    status: DelistingStatus
    notice: Notice
    query: str | None = None
    by_hand: bool = False
    attempt: int = 1
    parts: int = 0
    deed: Deed | None = None
    next_part: int = 0
    appeal: str | None = None
    counts: Counts = Counts()
    dropped: tuple[Dropped, ...] = ()
    dropped_total: int = 0
    external_reference: str | None = None
    reason: str | None = None
    needs_person: str | None = None
    notes: tuple[Note, ...] = ()
    follows: str | None = None
    revision: int = 0
    created_at: int
    updated_at: int
    expires_at: int | None = None
    run: int = 0

    @property
    def next_at(self) -> int | None:
        """When its parts are to be gone on with, or when it expires if nothing happens before."""
        return self.updated_at if self.deed is not None else self.expires_at


class Url(Struct, frozen=True, array_like=True):
    """One URL of a part: as it was pasted (refanged), its normal form, and what became of it."""

    url: str
    normal: str
    domain: str
    outcome: UrlResult = "pending"
    reason: str | None = None


class Part(_Entity, frozen=True, kw_only=True, tag="part"):
    """What goes to the engine in one submission. `tries`: failures since the last success."""

    request_id: str
    number: int
    engine: Engine
    stage: Stage
    by_hand: bool = False
    attempt: int = 1
    urls: tuple[Url, ...]
    external_reference: str | None = None
    progress: Progress | None = None
    tries: int = 0
    quiet: int = 0
    """Polls since the last news."""
    appeal: str | None = None
    error: str | None = None
    refused: bool = False
    """The engine answered that it does not take this: another attempt is another request to it."""
    next_at: int | None = None
    run: int = 0


class Copy(_Entity, frozen=True, kw_only=True, tag="copy"):
    """A copy of what was sent, for the Lumen database."""

    request_id: str
    number: int
    stage: Literal["waiting", "sending", "sent", "stopped"]
    location: str | None = None
    tries: int = 0
    next_at: int | None = None
    run: int = 0


class Watched(Struct, frozen=True, array_like=True):
    """One URL that is watched. `removed`: the engine has removed it, so that seeing it again is a
    relisting."""

    url: str
    normal: str
    domain: str
    visibility: Visibility = "unknown"
    rank: int | None = None
    removed: bool = False


class Watch(_Entity, frozen=True, kw_only=True, tag="watch"):
    """A group of URLs that are looked at together, every `interval_ms`, which grows while nothing changes."""

    request_id: str
    number: int
    engine: Engine
    query: str | None = None
    urls: tuple[Watched, ...]
    interval_ms: int
    checked_at: int | None = None
    next_at: int | None = None
    run: int = 0


class Preferences(_Entity, frozen=True, kw_only=True, tag="preferences"):
    """A user's own settings. `resubmit`: a relisted URL opens a new request by itself."""

    resubmit: bool = False


Entity = Request | Part | Copy | Watch | Preferences | Receipt | Receipts


class Filing(Struct, frozen=True):
    """How an engine takes requests: `most_urls` a submission; `by_hand`: a person files them."""

    most_urls: int
    by_hand: bool = False


class Rules(Struct, frozen=True):
    """How long the model waits for what, in milliseconds; and the engines that are set up, by name."""

    engines: Mapping[str, Filing] = {}
    poll_ms: int = 60_000
    longest_poll_ms: int = 6 * 3_600_000
    settle_ms: int = 30_000
    """How long an engine may still be at work on a submission whose connection died."""
    expiry_ms: int = 30 * 86_400_000
    watch_ms: int = 3_600_000
    longest_watch_ms: int = 7 * 86_400_000
    rank_step: int = 10
    most_tries: int = 40


class Reported(Struct, frozen=True, array_like=True):
    """What an engine says about one URL."""

    url: str
    outcome: UrlResult
    reason: str | None = None


class Heard(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An engine's answer, as understood. `progress` and `outcomes` say how the request stands there."""

    http_status: int
    code: ResponseCode
    message: str = ""
    external_reference: str | None = None
    progress: Progress | None = None
    outcomes: tuple[Reported, ...] = ()
    retry_after_s: float | None = None
