"""The wiring of the service: a replica of its model, the workers, the fetcher, the work, its operations."""

from __future__ import annotations

from typing import Final

from autodmca_service.app import serve_service
from autodmca_service.outside import Fetcher
from autodmca_service.replica import Replica
from autodmca_service.work import Work
from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.pool import WorkerPool
from prometheus_client import CollectorRegistry

from autodmca_ai_detection.answers import answered
from autodmca_ai_detection.config import AiDetectionSettings
from autodmca_ai_detection.judges import Judges
from autodmca_ai_detection.looking import Looker
from autodmca_ai_detection.metrics import Metrics
from autodmca_ai_detection.model.commands import AnyCommand
from autodmca_ai_detection.model.model import model
from autodmca_ai_detection.model.state import Entity
from autodmca_ai_detection.noted import Notes, due
from autodmca_ai_detection.operations import operations
from autodmca_ai_detection.outcomes import Outcome
from autodmca_ai_detection.service import AiDetection
from autodmca_ai_detection.shelves import Shelves
from autodmca_ai_detection.trainer import Trainer
from autodmca_ai_detection.work import Worker

SERVICE: Final = "ai_detection"
WORKER: Final = "autodmca_ai_detection.worker"
FITTER: Final = "autodmca_ai_detection.fitter"
DESCRIPTION: Final = (
    "Copies of a creator's pictures, found whatever was done to them: references, detections, batches."
)


async def run(settings: AiDetectionSettings) -> None:
    """Serve until told to stop. Raises what `serve_service` raises."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    worker_metrics = WorkerMetrics(registry)
    pool = WorkerPool(SERVICE, WORKER, settings.workers, worker_metrics)
    fitters = WorkerPool("training", FITTER, settings.fitters, worker_metrics)
    replica: Replica[Entity, AnyCommand, Outcome] = Replica(
        SERVICE,
        settings,
        model=model(settings.rules()),
        answer=answered,
        state=Entity,
        command=AnyCommand,
        outcome=Outcome,
        registry=registry,
    )
    shelves = Shelves(replica.table, metrics)
    fetcher = Fetcher(settings.fetch_limits(), allowed=settings.networks())
    judges = Judges(replica.table)
    looker = Looker(fetcher, pool, shelves, judges, metrics)
    notes = Notes(fetcher, looker)
    worker = Worker(replica.table, looker, Trainer(fitters, judges))
    try:
        await serve_service(
            replica,
            settings,
            operations=operations(AiDetection(replica, looker)),
            description=DESCRIPTION,
            work=[
                Work(replica, worker.due, worker.detections, at_once=settings.at_once),
                Work(replica, worker.batch_due, worker.batches, at_once=settings.batch_at_once),
                Work(replica, due, notes.perform, name="references", at_once=settings.at_once),
                Work(replica, worker.model_due, worker.models, at_once=2),
            ],
            background={"workers": pool.run, "fitters": fitters.run},
            checks={"workers": lambda: None if pool.alive else "no worker is alive"},
        )
    finally:
        shelves.close()
