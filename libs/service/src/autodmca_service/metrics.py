"""What a service's replica shows to Prometheus beside its HTTP side: receipts, full states, and how far it is
behind.

Base units; no user, key or id in a label. Takes its registry, so that tests and services never share one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from autodmca_service import receipts
from autodmca_service.bounds import Tell

log = structlog.get_logger(__name__)

LOGGED_KEPT: Final = 10_000
"""So many lines that are logged once are remembered."""


class ReceiptMetrics:
    """Requests with an Idempotency-Key that `service` has answered."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._receipts = Counter(
            f"autodmca_{service}_receipts_total",
            "Requests with an Idempotency-Key: answers kept, not kept because too large, dropped for newer "
            "ones or as too old, repeated; keys reused for another request",
            ["what"],
            registry=registry,
        )

    def repeated(self) -> None:
        """A request was given its first answer again."""
        self._receipts.labels("repeated").inc()

    def reused(self) -> None:
        """A key came with another request."""
        self._receipts.labels("reused").inc()

    def changed(self, changes: Mapping[str, object]) -> None:
        """Count what the changes of one command do to receipts."""
        for what, count in receipts.changed(changes).items():
            self._receipts.labels(what).inc(count)


def state_full(service: str, registry: CollectorRegistry) -> Tell:
    """Counts what would add to the state of a user who has as much as one may have. What nobody asked for is
    logged too, once for each user and fate, as far as that is remembered."""
    full = Counter(
        "autodmca_state_full_total",
        "Inputs that would add to the state of a user with as many entities, or bytes, as one may have.",
        ["service", "what", "fate"],
        registry=registry,
    )
    logged: dict[tuple[int, str], None] = {}

    def tell(what: str, fate: str, user_id: int) -> None:
        full.labels(service, what, fate).inc()
        if fate == "refused" or (user_id, fate) in logged:
            return
        logged[user_id, fate] = None
        if len(logged) > LOGGED_KEPT:
            del logged[next(iter(logged))]
        log.warning("a user's state is full", service=service, user_id=user_id, what=what, fate=fate)

    return tell


def show_replica(
    service: str, registry: CollectorRegistry, *, lag: Callable[[], int | None], waiting: Callable[[], int]
) -> None:
    """Show how far the table of `service` is behind the log (NaN while that is not known), and how many
    requests wait for their outcome."""
    behind = Gauge(
        "autodmca_table_lag_records",
        "Records of the state topic that this replica has not read yet.",
        ["service"],
        registry=registry,
    )
    asking = Gauge(
        "autodmca_ask_waiting", "Requests that wait for their outcome.", ["service"], registry=registry
    )

    def known_lag() -> float:
        records = lag()
        return math.nan if records is None else records

    behind.labels(service).set_function(known_lag)
    asking.labels(service).set_function(waiting)
