"""The figures of each node, from its `/metrics`.

A node that does not answer is shown as such and keeps nobody else waiting. Keeps nothing: rates are the
page's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from autodmca_console.asking import FAULTS, answer_of

PREFIX: Final = "autodmca_"

Sample = tuple[str, Mapping[str, str], float]


class Figures(NamedTuple):
    """A node's: name, labels and value of each sample; `error` says why there are none."""

    name: str
    error: str | None
    samples: list[Sample]


class Nodes:
    """Asks the nodes at these addresses, by name."""

    def __init__(self, places: Mapping[str, str], http: httpx.AsyncClient) -> None:
        self._places = places
        self._http = http

    async def figures(self) -> list[Figures]:
        """Of all of them. Raises nothing: what is wrong with a node is said of it."""
        return await asyncio.gather(*(self._of(name, url) for name, url in self._places.items()))

    async def _of(self, name: str, url: str) -> Figures:
        try:
            return Figures(name, None, parsed((await answer_of(self._http, f"{url}/metrics")).decode()))
        except FAULTS as error:
            return Figures(name, type(error).__name__, [])


def parsed(text: str) -> list[Sample]:
    """Our samples of a page of metrics. Raises ValueError for what is no such page."""
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(PREFIX) and sample.value - sample.value == 0
    ]
