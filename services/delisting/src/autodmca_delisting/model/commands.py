"""What can be asked of the model: the input records.

Those that other services send, too, are `autodmca_events.requests.delisting`'s. Of the others, those with an
actor's words come from HTTP; those called checkpoints come from work, and are refused when it
has gone on without them. What takes time or luck has happened before a command is written. A new field is
optional.
"""

from __future__ import annotations

from typing import Literal

from autodmca_events import requests
from autodmca_events.delisting import Visibility
from autodmca_events.requests.delisting import Appeal as Appeal
from autodmca_events.requests.delisting import Cancel as Cancel
from autodmca_events.requests.delisting import MakeRequest as MakeRequest
from autodmca_events.requests.delisting import Notice
from autodmca_events.requests.delisting import Resubmit as Resubmit
from autodmca_events.scalars import Engine
from msgspec import Struct

from autodmca_delisting.model.state import Dropped, Heard, Progress, Reported, Url

Deed = Literal["submit", "poll", "appeal", "cancel"]


class Command(requests.Command, frozen=True, kw_only=True):
    """What every command about a request has."""

    request_id: str


class Create(Command, frozen=True, kw_only=True, tag="create"):
    """Begin a request, in draft."""

    engine: Engine
    notice: Notice
    query: str | None = None
    dropped: tuple[Dropped, ...] = ()
    dropped_total: int = 0


class Add(Command, frozen=True, kw_only=True, tag="add"):
    """Add a part to a draft; the same part again changes nothing."""

    number: int
    urls: tuple[Url, ...]


class Queue(Command, frozen=True, kw_only=True, tag="queue"):
    """The draft is whole: it has this many parts. `packet`: they go out by hand."""

    parts: int
    packet: bool = False


class Report(Command, frozen=True, kw_only=True, tag="report"):
    """A person says how a part stands that goes out by hand, or of which it is not known whether it went out.

    `progress` None: the engine does not have it.
    """

    number: int
    progress: Progress | None
    external_reference: str | None = None
    outcomes: tuple[Reported, ...] = ()


class Prefer(Command, frozen=True, kw_only=True, tag="prefer"):
    """A user's own settings; `request_id` is empty."""

    resubmit: bool


class Sending(Command, frozen=True, kw_only=True, tag="sending"):
    """Checkpoint: a part, or a copy, is about to go out to where repetitions are not recognised."""

    number: int
    copy: bool = False


class Answered(Command, frozen=True, kw_only=True, tag="answered"):
    """Checkpoint: an engine answered about a part. `copy`: what is accepted is to be filed with Lumen."""

    number: int
    deed: Deed
    heard: Heard
    copy: bool = False


class Postponed(Command, frozen=True, kw_only=True, tag="postponed"):
    """Checkpoint: nobody was asked, or nobody answered; to be tried again after `wait_ms`.

    `lost`: the engine may have it all the same. `asked`: a request was made, so this was a try.
    """

    number: int
    wait_ms: int
    reason: str
    copy: bool = False
    lost: bool = False
    asked: bool = True


class Unclear(Command, frozen=True, kw_only=True, tag="unclear"):
    """Checkpoint: it cannot be known whether the engine has a part."""

    number: int
    reason: str


class Filed(Command, frozen=True, kw_only=True, tag="filed"):
    """Checkpoint: Lumen has a copy, or (None) refuses it."""

    number: int
    location: str | None


class Sight(Struct, frozen=True, array_like=True):
    """How one URL of a group was seen; `at` is its place in the group."""

    at: int
    visibility: Visibility
    rank: int | None = None


class Seen(Command, frozen=True, kw_only=True, tag="seen"):
    """Checkpoint: a group of URLs was looked at; `sights` holds those that could be.

    `wait_ms`: the engine was away before all were seen; not to be asked before. `packet`: what follows goes
    out by hand.
    """

    number: int
    sights: tuple[Sight, ...]
    wait_ms: int | None = None
    packet: bool = False


class Proceed(Command, frozen=True, kw_only=True, tag="proceed"):
    """Checkpoint: do to the next parts what is being done to all."""


class Expire(Command, frozen=True, kw_only=True, tag="expire"):
    """Checkpoint: the time for a decision is over."""


PersonCommand = MakeRequest | Create | Add | Queue | Cancel | Appeal | Resubmit | Report | Prefer
WorkCommand = Sending | Answered | Postponed | Unclear | Filed | Seen | Proceed | Expire
AnyCommand = PersonCommand | WorkCommand
