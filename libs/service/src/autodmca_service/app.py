"""The process of a service: a replica, its operations over HTTP, and whatever runs beside.

The HTTP side answers from the moment it listens; what needs the log answers 503 until the log has been
reached, and `/readyz` says which part is missing. Fails as `autodmca_runtime.serve` does: what runs beside
and ends by itself stops the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from autodmca_kafka import Relay
from autodmca_runtime import Background, Health, TokenVerifier, ops_routes, serve, show_process
from autodmca_runtime.health import Check

from autodmca_service.control.cut_off import CutOff
from autodmca_service.control.revocations import Unrevoked
from autodmca_service.dead_letters import DeadLetters
from autodmca_service.http.app import http_app
from autodmca_service.http.endpoint import Peers
from autodmca_service.http.forwarding import Forwarder
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.http.operations import MIB, Operation
from autodmca_service.http.problems import ProblemError, ProblemOf
from autodmca_service.http.spool import Spool
from autodmca_service.ownership import PATIENCE_S
from autodmca_service.replica import Replica
from autodmca_service.settings import ServiceSettings
from autodmca_service.work import Work


def no_problem(_error: Exception) -> ProblemError | None:
    """The mapping of a service that has no exceptions of its own."""
    return None


async def serve_service(
    replica: Replica[Any, Any, Any],
    settings: ServiceSettings,
    *,
    operations: Sequence[Operation],
    description: str,
    problems: ProblemOf = no_problem,
    work: Sequence[Work[Any]] = (),
    relays: Sequence[Relay] = (),
    background: Mapping[str, Background] | None = None,
    checks: Mapping[str, Check] | None = None,
) -> None:
    """Serve `operations`, and those of the service's dead letters, until told to stop. Raises what `serve`
    raises.

    `problems` maps the service's own exceptions. `work` and `relays` run beside the replica; `background`
    runs beside the replica, by name; `checks` are readiness checks beside the replica's. `description` opens
    the OpenAPI document.
    """
    health = Health()
    relaying = {each.name: each.trouble for each in relays}
    for name, check in {**replica.checks(), **relaying, **(checks or {})}.items():
        health.add(name, check)
    verifier = TokenVerifier(settings.tokens)
    forwarder = Forwarder(replica.ownership.address, settings.answer_s + PATIENCE_S)
    cut_off = CutOff(settings.kafka, client_id=f"{replica.name}-control", registry=replica.registry)
    health.add("revocations", cut_off.trouble)
    show_process(replica.registry)
    letters = DeadLetters(replica.name, settings.kafka, replica.producer, answer_s=settings.answer_s)
    app = http_app(
        [*operations, *letters.operations()],
        Unrevoked(verifier, cut_off.revocations),
        HttpMetrics(replica.name, replica.registry),
        problem_of=problems,
        title=f"AutoDMCA {replica.name}",
        description=description,
        version=version(f"autodmca-{replica.name}".replace("_", "-")),
        origins=settings.allowed_origins,
        routes=ops_routes(health, replica.registry),
        peers=Peers(replica.ownership, forwarder),
        spool=Spool(settings.uploads_mb * MIB),
    )
    try:
        await serve(
            app,
            host=settings.host,
            port=settings.port,
            health=health,
            drain_s=0.0,
            stop_s=settings.drain_s,
            background={
                "replica": replica.run,
                "keys": verifier.run,
                "revocations": cut_off.run,
                **{f"work {each.name}": each.run for each in work},
                **{each.name: each.run for each in relays},
                **(background or {}),
            },
        )
    finally:
        await forwarder.close()
