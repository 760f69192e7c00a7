"""How the four engines differ. Data only."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple


class Manners(NamedTuple):
    """`keys`: knows Idempotency-Key. `lookup`: lists requests by the sender's reference. `most_urls` a
    request; `rate` requests in a window of `window_s` seconds. `later`: how Retry-After is written."""

    name: str
    keys: bool
    lookup: bool
    most_urls: int
    rate: int
    window_s: float
    later: Literal["seconds", "date"]


WITH_API: Final = (
    Manners("google", keys=True, lookup=True, most_urls=1_000, rate=600, window_s=60, later="seconds"),
    Manners("bing", keys=True, lookup=False, most_urls=250, rate=300, window_s=60, later="date"),
    Manners("yandex", keys=False, lookup=True, most_urls=100, rate=300, window_s=60, later="seconds"),
)
FORM_ONLY: Final = ("duckduckgo",)
"""Requests go there by a form that a person fills in; searching is as on the others."""
