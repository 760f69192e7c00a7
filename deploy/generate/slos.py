"""Service level objectives as rules of Prometheus: what is promised, and alerts on how fast its budget burns.

Owns the table of objectives. Each becomes recording rules, the ratio of what failed over several windows,
and two alerts as the SRE Workbook has them (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"): one pages
when a month's budget would be gone within days, the other is a ticket when it would not last the month. A
short window beside the long one ends an alert soon after its cause. `make generate` writes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import yaml

FILE: Final = "deploy/prometheus/rules/slo.yml"
HEAD: Final = "# Generated from deploy/generate/slos.py: make generate.\n"
RUNBOOKS: Final = "docs/operations.md#alert-"
FAST: Final = (("1h", "5m", 14.4), ("6h", "30m", 6.0))
"""Long window, short window, and how many times as fast as allowed a month's budget burns: 2 % of it in one
hour, 5 % in six."""
SLOW: Final = (("3d", "6h", 1.0),)


class Objective(NamedTuple):
    """`target` of `total`, of each `label`, is not among `errors`; both are counters' rates over $window.

    With fewer than `floor` a second there is no ratio: one failure of a quiet night wakes nobody.
    """

    name: str
    target: float
    errors: str
    total: str
    floor: float
    summary: str
    ticket: str
    page: str | None = None
    label: str = "job"

    def ratio(self, window: str) -> str:
        """The recorded ratio over a window."""
        return f"slo:{self.name}:error_ratio_{window}"

    def burns(self, long: str, short: str, factor: float) -> str:
        """Whether the budget burns that many times too fast, over both windows."""
        bound = f"{factor * (1 - self.target):.6g}"
        return f"{self.ratio(long)} > {bound} and {self.ratio(short)} > {bound}"


def rate(metric: str, labels: str = "") -> str:
    """A counter's rate over $window, by job."""
    return f"sum by (job) (rate({metric}{{{labels}}}[$window]))"


def outside(result: str) -> str:
    """Calls to engines and networks with such a result, by the name of the one that was called."""
    calls = {
        "autodmca_delisting_engine_requests_total": "engine",
        "autodmca_social_media_platform_calls_total": "platform",
    }
    renamed = (
        f'label_replace(rate({metric}{{result{result}}}[$window]), "outside", "$1", "{label}", "(.+)")'
        for metric, label in calls.items()
    )
    return f"sum by (outside) ({' or '.join(renamed)})"


DELIVERED: Final = rate("autodmca_edge_delivery_latency_seconds_count")
ANSWERS: Final = '__name__=~"autodmca_.+_requests_total", status'
OBJECTIVES: Final = (
    Objective(
        name="delivery",
        target=0.999,
        errors=DELIVERED + " - " + rate("autodmca_edge_delivery_latency_seconds_bucket", 'le="0.5"'),
        total=DELIVERED,
        floor=0.1,
        summary="of events take more than half a second from Kafka to their clients.",
        page="DeliverySlow",
        ticket="DeliveryBudget",
    ),
    Objective(
        name="handshakes",
        target=0.999,
        errors=rate("autodmca_edge_handshakes_total", 'outcome=~"full|left"'),
        total=rate("autodmca_edge_handshakes_total"),
        floor=0.1,
        summary="of handshakes found the line full, or left it.",
        page="HandshakesFail",
        ticket="HandshakesBudget",
    ),
    Objective(
        name="requests",
        target=0.995,
        errors=rate("", f'{ANSWERS}=~"5.."'),
        total=rate("", f'{ANSWERS}!=""'),
        floor=0.02,
        summary="of requests are answered with an error of the service's own.",
        page="RequestsFail",
        ticket="RequestsBudget",
    ),
    Objective(
        name="outside",
        target=0.95,
        errors=outside('=~"down|breaker open|5..|.+Error|.+Timeout"'),
        total=outside('!="held back"'),
        floor=0.005,
        summary="of calls to an engine or a network fail.",
        ticket="OutsideBudget",
        label="outside",
    ),
)


def files() -> Mapping[str, str]:
    """The file of rules, relative to the root, and what it holds."""
    groups = [{"name": each.name, "rules": [*_recorded(each), *_alerts(each)]} for each in OBJECTIVES]
    return {FILE: HEAD + yaml.safe_dump({"groups": groups}, sort_keys=False, width=110)}


def _recorded(objective: Objective) -> list[dict[str, Any]]:
    total = objective.total
    ratio = f"({objective.errors} or 0 * {total}) / ({total} > {objective.floor})"
    burns = SLOW if objective.page is None else (*FAST, *SLOW)
    windows = dict.fromkeys(window for long, short, _ in burns for window in (short, long))
    return [{"record": objective.ratio(each), "expr": ratio.replace("$window", each)} for each in windows]


def _alerts(objective: Objective) -> list[dict[str, Any]]:
    share = "{{ $labels.LABEL }}: {{ $value | humanizePercentage }}".replace("LABEL", objective.label)

    def alert(name: str, severity: str, expression: str) -> dict[str, Any]:
        return {
            "alert": name,
            "expr": expression,
            "labels": {"severity": severity},
            "annotations": {
                "summary": f"{share} {objective.summary}",
                "runbook": f"{RUNBOOKS}{name.lower()}",
            },
        }

    made = []
    if objective.page is not None:
        fast = " or ".join(f"({objective.burns(*each)})" for each in FAST)
        made.append(alert(objective.page, "page", fast))
    made.append(alert(objective.ticket, "ticket", " or ".join(objective.burns(*each) for each in SLOW)))
    return made
