"""The service's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated, Final

from autodmca_runtime import ConfigError, Env, Prefix, Problem
from autodmca_service.outside import FetchLimits, Network, networks
from autodmca_service.settings import Port, ServiceSettings
from autodmca_service.workers.settings import WorkerSettings
from msgspec import Meta

from autodmca_ai_detection.model.state import Rules

_EXAMPLE: Final = "127.0.0.1,10.0.3.0/24"


class AiDetectionSettings(ServiceSettings, frozen=True, kw_only=True):
    """Everything the service is told. Times are seconds."""

    workers: WorkerSettings = WorkerSettings(
        workers=2, per_user=16, cpu_s=40.0, stall_s=90.0, patience_s=120.0, memory_mb=1_536
    )
    fitters: Annotated[WorkerSettings, Prefix("TRAINING_")] = WorkerSettings(
        workers=1,
        per_user=2,
        queue=16,
        cpu_s=60.0,
        stall_s=120.0,
        patience_s=300.0,
        start_s=120.0,
        memory_mb=3_072,
    )
    host: Annotated[str, Env("AI_DETECTION_HOST", "Address to listen on.", "0.0.0.0")] = (  # noqa: S104
        "127.0.0.1"
    )
    port: Annotated[Port, Env("AI_DETECTION_PORT", "Port to listen on; 0 takes any free one.", "8084")] = 8084
    allowed: Annotated[
        tuple[str, ...],
        Env(
            "AI_DETECTION_ALLOWED_NETWORKS",
            "Addresses beside the public Internet's that URLs may lead to.",
            _EXAMPLE,
        ),
    ] = ()
    fetch_s: Annotated[
        float, Env("AI_DETECTION_FETCH_SECONDS", "How long a URL may take.", "15"), Meta(gt=0, le=120)
    ] = 15.0
    at_once: Annotated[
        int,
        Env(
            "AI_DETECTION_AT_ONCE",
            "Single detections looked at at a time, per replica; of one user half of them.",
            "4",
        ),
        Meta(ge=1, le=256),
    ] = 4
    batch_at_once: Annotated[
        int,
        Env("AI_DETECTION_BATCH_AT_ONCE", "Items of batches looked at likewise, beside them.", "8"),
        Meta(ge=1, le=256),
    ] = 8
    most_references: Annotated[
        int,
        Env("AI_DETECTION_REFERENCES", "References of one user, at most.", "2000"),
        Meta(ge=1, le=100_000),
    ] = 2_000
    most_detections: Annotated[
        int,
        Env("AI_DETECTION_KEPT", "Detections of one user that are kept; the oldest go.", "20000"),
        Meta(ge=10_000, le=1_000_000),
    ] = 20_000
    told_s: Annotated[
        float,
        Env("AI_DETECTION_TOLD_SECONDS", "A batch's progress is told no more often.", "1"),
        Meta(ge=0, le=3_600),
    ] = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.networks()
        # Each Work has half of its slots for one user: detections, noted references, batches.
        due = 2 * max(1, self.at_once // 2) + max(1, self.batch_at_once // 2)
        if self.workers.per_user <= due:
            reason = f"{self.workers.per_user} jobs of one user, and what is due may take {due} of them: "
            reason += "nothing is left for uploads"
            raise ConfigError([Problem("WORKER_JOBS_PER_USER", reason, str(2 * due))])

    def networks(self) -> tuple[Network, ...]:
        """What may be reached beside the public Internet. Raises ConfigError."""
        try:
            return networks(self.allowed)
        except ValueError as error:
            raise ConfigError([Problem("AI_DETECTION_ALLOWED_NETWORKS", str(error), _EXAMPLE)]) from error

    def fetch_limits(self) -> FetchLimits:
        """Of one fetch."""
        return FetchLimits(seconds=self.fetch_s)

    def rules(self) -> Rules:
        """What the model is told of amounts and times."""
        return Rules(
            most_references=self.most_references,
            most_detections=self.most_detections,
            told_ms=int(self.told_s * 1000),
        )
