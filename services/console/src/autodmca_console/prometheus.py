"""What Prometheus knows of the system: its course over the last minutes, and each node's newest figures.

Asks the queries below and no other: nothing that comes from a page becomes part of one. Fails with
Unanswered, which says what was wrong and never where Prometheus is.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import msgspec

from autodmca_console.asking import FAULTS, answer_of
from autodmca_console.nodes import Figures

STEP_S: Final = 15
POINTS: Final = 60
LATENCY: Final = "autodmca_edge_delivery_latency_seconds_bucket"
STAGE: Final = "autodmca_edge_delivery_stage_seconds_bucket"
COURSE: Final[Mapping[str, str]] = {
    "connections": "sum(autodmca_edge_connections)",
    "events": "sum(rate(autodmca_edge_events_total[1m]))",
    "deliveries": "sum(rate(autodmca_edge_deliveries_total[1m]))",
    "p50": f"histogram_quantile(0.5, sum by (le) (rate({LATENCY}[1m])))",
    "p99": f"histogram_quantile(0.99, sum by (le) (rate({LATENCY}[1m])))",
    "behind": "max(autodmca_edge_lag_records)",
    "stage": f"histogram_quantile(0.99, sum by (le, stage) (rate({STAGE}[1m])))",
}
"""The lines of the course; of one by stage there is a line for each, `stage polled`."""
SHOWN: Final = (
    "autodmca_ready",
    "autodmca_check_failing",
    "autodmca_edge_(connections|users|connections_blocked|lag_records|revocations|experiment_connections)",
    "autodmca_edge_(events|deliveries|events_dropped|experiment_deliveries|experiment_conflated)_total",
    "autodmca_edge_experiment_held_seconds_(bucket|sum|count)",
    "autodmca_table_lag_records",
    "autodmca_work_ready",
    "autodmca_processor_(inputs|dead_letters)_total",
)
NEWEST: Final = f'{{__name__=~"{"|".join(SHOWN)}"}}'
UP: Final = "up"


class Unanswered(Exception):
    """Prometheus did not answer as it should; `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Series(msgspec.Struct, frozen=True):
    """A series of an answer: `value` of an instant query, `values` of a range; moments in seconds."""

    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct, frozen=True):
    result: list[Series]


class _Answer(msgspec.Struct, frozen=True):
    data: _Data


class Prometheus:
    """Asks the one at `url`, through its HTTP API."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._http = http

    async def course(self, now_s: float) -> dict[str, Any]:
        """The last POINTS moments, STEP_S seconds apart, and a figure of each line at each of them; None
        where there is none. Raises Unanswered."""
        last = math.floor(now_s / STEP_S) * STEP_S
        times = [last - STEP_S * back for back in reversed(range(POINTS))]
        span = {"start": str(times[0]), "end": str(last), "step": str(STEP_S)}
        found = await asyncio.gather(
            *(self._ask("query_range", {"query": query, **span}) for query in COURSE.values())
        )
        lines: dict[str, list[float | None]] = {}
        for name, several in zip(COURSE, found, strict=True):
            for each in several:
                label = " ".join([name, *each.metric.values()])
                lines[label] = _line(each, times)
        return {"times": times, "lines": lines}

    async def figures(self) -> list[Figures]:
        """The newest figures of every node that it scrapes. Raises Unanswered."""
        up, newest = await asyncio.gather(
            self._ask("query", {"query": UP}), self._ask("query", {"query": NEWEST})
        )
        ours = {_node(each.metric) for each in newest}
        nodes = {
            name: Figures(name, None if _number(each) else "Down", [])
            for each in up
            if (name := _node(each.metric)) in ours or not _number(each)
        }
        for each in newest:
            kept = {name: value for name, value in each.metric.items() if name not in _ABOUT}
            value = _number(each)
            if value is not None and (node := nodes.get(_node(each.metric))) is not None:
                node.samples.append((each.metric["__name__"], kept, value))
        return [nodes[name] for name in sorted(nodes)]

    async def _ask(self, kind: str, params: Mapping[str, str]) -> Sequence[Series]:
        try:
            answer = await answer_of(self._http, f"{self._url}/api/v1/{kind}", params=params)
            return msgspec.json.decode(answer, type=_Answer).data.result
        except FAULTS as error:
            raise Unanswered(f"Prometheus does not answer as it should: {type(error).__name__}") from error


_ABOUT: Final = ("__name__", "job", "instance", "namespace", "pod", "container", "endpoint")


def _node(labels: Mapping[str, str]) -> str:
    return labels.get("pod") or f"{labels.get('job', '')} {labels.get('instance', '')}".strip()


def _number(series: Series) -> float | None:
    """Its newest value; None for one that is no number."""
    value = float(series.value[1]) if series.value is not None else math.nan
    return value if math.isfinite(value) else None


def _line(series: Series, times: Sequence[int]) -> list[float | None]:
    values = {round(at): float(text) for at, text in series.values}
    return [value if (value := values.get(at)) is not None and math.isfinite(value) else None for at in times]
