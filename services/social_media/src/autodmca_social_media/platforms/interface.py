"""What the service needs of a social platform; adding one is implementing `Platform` and a line in `app.py`.

Owns no I/O. A platform that cannot be asked just now is `PlatformAway`, whatever its own library raises;
`called` is what the last answer said of rate limits and time.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from autodmca_social_media.matching.profiles import Account
from autodmca_social_media.model.commands import Called, Ending, Trouble


class PlatformAway(Exception):
    """No usable answer. `lost`: what was asked for may have been done all the same. `resume_at`: not before,
    in ms since the Unix epoch. `called`: for everybody to know."""

    def __init__(
        self, reason: str, trouble: Trouble, called: Called, *, lost: bool, resume_at: int | None
    ) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.called = called
        self.lost = lost
        self.resume_at = resume_at


class Hit(NamedTuple):
    """An account in a search: `account` as far as the search tells, `avatar` its address."""

    id: str
    url: str
    account: Account
    avatar: str | None


class Post(NamedTuple):
    """A post of an account, as text."""

    text: str
    url: str


class Results(NamedTuple):
    """A page of a search; `cursor` None: it was the last."""

    hits: list[Hit]
    cursor: str | None


class Standing(NamedTuple):
    """How a report stands, and what the account is called by now."""

    ending: Ending
    handle: str | None = None


class CannotTell(Exception):
    """The platform does not tell us which reports it has."""


class Platform(Protocol):
    """One platform. Every method may raise PlatformAway."""

    @property
    def name(self) -> str: ...

    def called(self) -> Called:
        """What the last call returned."""
        ...

    async def search(self, query: str, cursor: str | None) -> Results:
        """One page of the accounts that its own search finds."""
        ...

    async def details(self, hit: Hit) -> Account:
        """All that it shows of an account, its avatar's hash too."""
        ...

    async def posts(self, hit: Hit) -> list[Post]:
        """The newest of its own posts, one page of them; none where they are not shown to us."""
        ...

    async def report(self, account_id: str, reference: str, comment: str) -> str | None:
        """Report an account; the report's id there. `reference` stands in what moderators read."""
        ...

    async def find_report(self, account_id: str, reference: str) -> str | None:
        """The id of the report that bears our reference; None: there is none. Raises CannotTell."""
        ...

    async def standing(self, account_id: str, report_id: str | None) -> Standing:
        """How a report stands: by the report where we may read it, else by whether the account is gone."""
        ...

    async def close(self) -> None:
        """Let its connections go."""
        ...
