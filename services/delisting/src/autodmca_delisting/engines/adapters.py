"""The adapters by the words of `DELISTING_ENGINES`. A new kind of engine is a class and a row here.

Owns no I/O. An engine by hand without an address is there for requests, and not for searches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from autodmca_delisting.engines.gate import Gate
from autodmca_delisting.engines.http import HttpEngine
from autodmca_delisting.engines.interface import Engine, Manners, Repeats
from autodmca_delisting.metrics import Metrics


class Site(NamedTuple):
    """Where an engine is, and how it is reached."""

    base: str
    key: str
    gate: Gate
    metrics: Metrics


class Adapter(NamedTuple):
    """`repeats` and `by_hand` as in `Manners`; `make`: the engine at a site."""

    make: Callable[[Site, Manners], Engine]
    repeats: Repeats = "key"
    by_hand: bool = False

    def manners(self, most_urls: int) -> Manners:
        """Of an engine that takes so many URLs at a time."""
        return Manners(most_urls, self.repeats, self.by_hand)


def _http(site: Site, manners: Manners) -> Engine:
    return HttpEngine(site.base, site.key, site.gate, site.metrics, manners)


ADAPTERS: Final[Mapping[str, Adapter]] = {
    "key": Adapter(_http, "key"),
    "lookup": Adapter(_http, "lookup"),
    "never": Adapter(_http, "never"),
    "packet": Adapter(_http, by_hand=True),
}
