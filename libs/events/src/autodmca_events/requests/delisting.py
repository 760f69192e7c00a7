"""What delisting may be asked by other services. Its outcome for `MakeRequest` has `results.RequestMade`."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from autodmca_events.requests.command import Command
from autodmca_events.scalars import Engine

MOST_URLS_SENT: Final = 1_000
"""Of one `MakeRequest`; over HTTP a request may have more."""
ShortText = Annotated[str, Meta(max_length=2_000)]
RequestId = Annotated[str, Meta(min_length=1, max_length=200, description="A request's id.")]
Query = Annotated[str, Meta(min_length=1, max_length=500, description="The search that is watched.")]
AppealText = Annotated[str, Meta(min_length=1, max_length=20_000)]


class Notice(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a request rests on. `work`: what is copied; `work_urls`: where it is to be seen."""

    text: Annotated[str, Meta(max_length=100_000)] = ""
    work: ShortText = ""
    work_urls: Annotated[tuple[ShortText, ...], Meta(max_length=100)] = ()
    sender: ShortText = ""


class MakeRequest(Command, frozen=True, kw_only=True, tag="make_request"):
    """Ask an engine to delist URLs, in any form that people paste; queued at once.

    `reference`: the sender's name for it. The same reference is the same request: asked again for what
    is there already, the outcome is that of the first time. Refused where no URL is left, where the engine is
    not set up, or where the notice says nothing.
    """

    reference: Annotated[str, Meta(min_length=1, max_length=200)]
    engine: Engine
    urls: Annotated[tuple[ShortText, ...], Meta(min_length=1, max_length=MOST_URLS_SENT)]
    notice: Notice
    query: Query | None = None


class Cancel(Command, frozen=True, kw_only=True, tag="cancel"):
    """Take the request back."""

    request_id: RequestId


class Appeal(Command, frozen=True, kw_only=True, tag="appeal"):
    """Have what was not removed reviewed again."""

    request_id: RequestId
    text: AppealText


class Resubmit(Command, frozen=True, kw_only=True, tag="resubmit"):
    """Queue a failed request again: the parts that no engine has taken."""

    request_id: RequestId
