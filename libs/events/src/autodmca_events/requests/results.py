"""What the outcome of an input brings to whoever sent it, beside that it was done: `Outcome.result`."""

from msgspec import Struct

from autodmca_events.templates import NoticeElement


class _Result(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="result"):
    pass


class RequestMade(_Result, frozen=True, kw_only=True, tag="request_made"):
    """A request to an engine. `urls`: how many it is about; `dropped`: how many of those that were sent are
    no URL, or are another one again."""

    request_id: str
    urls: int
    dropped: int = 0


class Rendered(_Result, frozen=True, kw_only=True, tag="rendered"):
    """The text for a submission."""

    template_id: str
    version: int
    submission_id: str
    text: str


class Examined(_Result, frozen=True, kw_only=True, tag="examined"):
    """The report on a template's version, in short; it can be read in full from the service."""

    template_id: str
    version: int
    valid: bool
    score: float
    missing_elements: tuple[NoticeElement, ...] = ()


Result = RequestMade | Rendered | Examined
