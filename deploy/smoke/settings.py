"""What the smoke test can be told through the environment."""

from __future__ import annotations

from typing import Annotated

import msgspec
from autodmca_runtime import Env
from msgspec import Meta

Port = Annotated[int, Meta(ge=1, le=65535)]


class SmokeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stack is, for how long commands are given, and what is killed meanwhile."""

    port: Annotated[Port, Env("AUTODMCA_PORT", "Port of the load balancer on loopback.", "18080")] = 8080
    prometheus_port: Annotated[Port, Env("PROMETHEUS_PORT", "Port of Prometheus on loopback.", "19090")] = (
        9090
    )
    seconds: Annotated[
        float, Env("SMOKE_SECONDS", "How long commands are given.", "120"), Meta(ge=0, le=86_400)
    ] = 3.0
    kill: Annotated[
        tuple[str, ...],
        Env("SMOKE_KILL", "Containers of compose to kill and start again, in turn.", "edge-1,kafka"),
    ] = ()
    down_s: Annotated[
        float, Env("SMOKE_DOWN_SECONDS", "How long each of them stays dead.", "5"), Meta(ge=0, le=600)
    ] = 5.0
    recovery_s: Annotated[
        float,
        Env("SMOKE_RECOVERY_SECONDS", "How long anything may take to come, or to come back.", "120"),
        Meta(gt=0, le=3600),
    ] = 180.0
