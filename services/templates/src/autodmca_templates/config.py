"""The service's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated

from autodmca_runtime import Env
from autodmca_service.settings import Port, ServiceSettings
from autodmca_service.workers.settings import WorkerSettings
from msgspec import Meta


class TemplatesSettings(ServiceSettings, frozen=True, kw_only=True):
    """Everything the service is told."""

    workers: WorkerSettings
    host: Annotated[str, Env("TEMPLATES_HOST", "Address to listen on.", "0.0.0.0")] = "127.0.0.1"  # noqa: S104
    port: Annotated[Port, Env("TEMPLATES_PORT", "Port to listen on; 0 takes any free one.", "8081")] = 8081
    max_characters: Annotated[
        int,
        Env("TEMPLATES_MAX_RENDERED", "Longest rendered text, in characters.", "1000000"),
        Meta(ge=1, le=10_000_000),
    ] = 1_000_000
