"""What this replica has looked at in one scan, so that nothing is looked at twice, and nothing is left out.

Owns no I/O and decides nothing; all of it may be forgotten, for then accounts are looked at again.
"""

from __future__ import annotations

from typing import NamedTuple

from autodmca_social_media.model.commands import Found
from autodmca_social_media.model.state import Scan
from autodmca_social_media.platforms.interface import Hit


class Compared(NamedTuple):
    """One account that was compared: how many of its posts were read, and what it was found to be."""

    posts: int
    found: Found | None


class Looked:
    """The accounts of one scan. Those of a page whose checkpoint is in the log are done with; those of the
    page that is being read are kept with what they were found to be, so that a rate limit in the middle of it
    costs what is left of it alone."""

    def __init__(self) -> None:
        self._page: tuple[int, int] | None = None
        self._is_told = False
        self._before: set[str] = set()
        self.page: dict[str, Compared] = {}

    def turn_to(self, scan: Scan) -> None:
        """The state says which page is next; the one before is done with if it was this replica's."""
        page = scan.position, scan.pages
        if page != self._page:
            if self._is_told:
                self._before.update(self.page)
            self._page, self._is_told, self.page = page, False, {}

    def new(self, hits: list[Hit]) -> list[Hit]:
        """Those of a page that no page before has shown, each once."""
        return [hit for hit in {hit.id: hit for hit in hits}.values() if hit.id not in self._before]

    def told(self) -> None:
        """The log has the page's checkpoint."""
        self._is_told = True
