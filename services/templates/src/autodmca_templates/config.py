"""The service's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated

from autodmca_runtime import Env, KafkaSettings, TokenSettings
from msgspec import Meta, Struct


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """The processes in which templates run, and the queue before them."""

    workers: Annotated[
        int, Env("TEMPLATES_WORKERS", "Processes that render and examine.", "3"), Meta(ge=1, le=64)
    ] = 3
    queue: Annotated[
        int,
        Env("TEMPLATES_WORKER_QUEUE", "Jobs that may wait for one; more get 503.", "64"),
        Meta(ge=1, le=10_000),
    ] = 64
    per_user: Annotated[
        int,
        Env("TEMPLATES_JOBS_PER_USER", "Jobs one user may have waiting or running; more get 429.", "8"),
        Meta(ge=1, le=10_000),
    ] = 8
    timeout_s: Annotated[
        float,
        Env("TEMPLATES_RENDER_SECONDS", "A job that takes longer costs its worker's life.", "2"),
        Meta(gt=0, le=60),
    ] = 2.0
    patience_s: Annotated[
        float,
        Env("TEMPLATES_QUEUE_SECONDS", "How long a request waits for a worker and its answer.", "10"),
        Meta(gt=0, le=120),
    ] = 10.0
    memory_mb: Annotated[
        int, Env("TEMPLATES_WORKER_MEMORY_MB", "Address space of a worker.", "512"), Meta(ge=128, le=65_536)
    ] = 512
    max_characters: Annotated[
        int,
        Env("TEMPLATES_MAX_RENDERED", "Longest rendered text, in characters.", "1000000"),
        Meta(ge=1, le=10_000_000),
    ] = 1_000_000


class TemplatesSettings(Struct, frozen=True, kw_only=True):
    """Everything the service is told."""

    kafka: KafkaSettings
    tokens: TokenSettings
    workers: WorkerSettings
    host: Annotated[str, Env("TEMPLATES_HOST", "Address to listen on.", "0.0.0.0")] = "127.0.0.1"  # noqa: S104
    port: Annotated[
        int, Env("TEMPLATES_PORT", "Port to listen on; 0 takes any free one.", "8081"), Meta(ge=0, le=65_535)
    ] = 8081
    drain_s: Annotated[
        float, Env("TEMPLATES_DRAIN_SECONDS", "Time for open requests at a stop.", "5"), Meta(ge=0, le=300)
    ] = 5.0
    answer_s: Annotated[
        float,
        Env("TEMPLATES_ANSWER_SECONDS", "How long a request waits for the log; then it gets 504.", "10"),
        Meta(gt=0, le=120),
    ] = 10.0
