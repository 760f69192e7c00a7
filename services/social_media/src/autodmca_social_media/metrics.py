"""The service's own figures for Prometheus: what platforms were asked and what scans found.

Base units, no user and no account in a label. Takes its registry, so that tests and services never share one.
"""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_kafka import Context, Decision, Model
from autodmca_service.commands import Outcome
from prometheus_client import CollectorRegistry, Counter

from autodmca_social_media.model.commands import AnyCommand
from autodmca_social_media.model.state import Entity, Scan


class Metrics:
    """Every metric of the service beside those of its library, registered on `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "autodmca_social_media_platform_calls_total",
            "Calls to platforms by operation and result: ok, a trouble, held back, breaker open",
            ["platform", "operation", "result"],
            registry=registry,
        )
        self._avatars = Counter(
            "autodmca_social_media_avatars_total",
            "Avatars that were to be compared: hashed, absent, too large, refused, unreachable, unreadable",
            ["result"],
            registry=registry,
        )
        self._compared = Counter(
            "autodmca_social_media_accounts_compared_total",
            "Accounts that scans compared, by severity (none: no incident)",
            ["platform", "severity"],
            registry=registry,
        )

        self._left_out = Counter(
            "autodmca_social_media_incidents_left_out_total",
            "Incidents that were found and not kept, for their user has as many as one may have",
            ["platform"],
            registry=registry,
        )

    def counting(self, decide: Model[Entity, AnyCommand, Outcome]) -> Model[Entity, AnyCommand, Outcome]:
        """The model, and what is to be counted of its decisions."""

        def apply(
            entities: Mapping[str, Entity], command: AnyCommand, context: Context
        ) -> Decision[Entity, Outcome]:
            decision = decide(entities, command, context)
            for name, after in decision.changes.items():
                if isinstance(after, Scan) and after.incidents_left_out:
                    before = entities.get(name)
                    known = before.incidents_left_out if isinstance(before, Scan) else 0
                    self._left_out.labels(after.platform).inc(after.incidents_left_out - known)
            return decision

        return apply

    def call(self, platform: str, operation: str, result: str) -> None:
        """One call was answered, or was not made."""
        self._calls.labels(platform, operation, result).inc()

    def avatar(self, result: str) -> None:
        """One avatar was asked for."""
        self._avatars.labels(result).inc()

    def compared(self, platform: str, severity: str | None) -> None:
        """One account was compared with a person."""
        self._compared.labels(platform, severity or "none").inc()
