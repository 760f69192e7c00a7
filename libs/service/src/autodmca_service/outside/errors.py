"""Why a URL of a caller's was not fetched."""

from __future__ import annotations

from typing import Literal

FetchCode = Literal[
    "bad_url",
    "scheme_refused",
    "credentials_refused",
    "port_refused",
    "address_refused",
    "unresolved",
    "unreachable",
    "too_slow",
    "too_many_redirects",
    "bad_answer",
    "status",
    "encoded",
    "too_large",
    "empty",
]


class NotFetched(Exception):
    """A URL that may not be asked, or that gave nothing usable. `code` is stable, `reason` is for people and
    never holds anything that the other side sent."""

    def __init__(self, code: FetchCode, reason: str) -> None:
        super().__init__(reason)
        self.code: FetchCode = code
        self.reason = reason
