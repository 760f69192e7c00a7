"""What the service needs of a search engine; adding one is implementing `Engine`.

Owns no I/O. Every method may raise `EngineAway` (nobody was reached, or the answer is lost); what an engine
answers, refusals too, is a `Heard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from autodmca_delisting.model.state import Heard, Notice

Repeats = Literal["key", "lookup", "never"]
"""How a second submission of the same thing is avoided: the engine knows our reference as an idempotency
key; it can be asked what it has under our reference; or it cannot be known, and a person has to look."""


class EngineAway(Exception):
    """No answer. `lost`: what was asked for may have been done all the same. `wait_s`: not before.

    `asked` is False where no request was made, because the engine had asked us to wait.
    """

    def __init__(self, reason: str, *, lost: bool, wait_s: float = 0.0, asked: bool = True) -> None:
        super().__init__(reason)
        self.lost = lost
        self.wait_s = wait_s
        self.asked = asked


class Manners(NamedTuple):
    """`most_urls` a submission. `by_hand`: it has no interface for requests; a person files them."""

    most_urls: int
    repeats: Repeats = "key"
    by_hand: bool = False


class Hit(NamedTuple):
    """A search result; `rank` counts from 1."""

    rank: int
    url: str


class Engine(Protocol):
    """One search engine. `reference` is our own name for a submission, the same for every repetition."""

    @property
    def manners(self) -> Manners: ...

    async def submit(self, reference: str, urls: Sequence[str], notice: Notice) -> Heard:
        """Ask for the removal of URLs in their normal form."""
        ...

    async def find(self, reference: str) -> Heard | None:
        """What it has under our reference; None: nothing. Only where `repeats` is `lookup` or it can."""
        ...

    async def poll(self, external_reference: str) -> Heard:
        """How a request stands."""
        ...

    async def appeal(self, external_reference: str, reference: str, text: str) -> Heard:
        """Have it reviewed again; the same text again changes nothing."""
        ...

    async def cancel(self, external_reference: str) -> Heard:
        """Take it back."""
        ...

    async def search(self, query: str) -> list[Hit]:
        """The first results for a query."""
        ...

    async def shows(self, url: str) -> bool:
        """Whether a URL is in its index and shown at all."""
        ...


class Archive(Protocol):
    """A public database of notices. Knows no idempotency keys: it is asked first."""

    async def find(self, reference: str) -> str | None:
        """Where the notice with our reference is; None: nowhere."""
        ...

    async def file(self, reference: str, engine: str, urls: Sequence[str], notice: Notice) -> str | None:
        """File it; where it is then, None where it is refused for good. Raises EngineAway."""
        ...
