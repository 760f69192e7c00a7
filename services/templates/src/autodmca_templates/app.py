"""The wiring of the service: a replica of its model, the workers, and its operations over HTTP."""

from __future__ import annotations

from typing import Final

from autodmca_service.app import serve_service
from autodmca_service.commands import Outcome
from autodmca_service.replica import Replica
from autodmca_service.work import Work
from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.pool import WorkerPool
from prometheus_client import CollectorRegistry

from autodmca_templates.answers import answered, is_final
from autodmca_templates.commands import AnyCommand
from autodmca_templates.config import TemplatesSettings
from autodmca_templates.model import apply
from autodmca_templates.operations import operations
from autodmca_templates.problems import problem_of
from autodmca_templates.rendering import WORKER, Renderer
from autodmca_templates.service import Templates
from autodmca_templates.state import Entity
from autodmca_templates.work import Orders, due

SERVICE: Final = "templates"
DESCRIPTION: Final = "Templates of copyright notices: validated against 17 U.S.C. 512, reviewed, used."


async def run(settings: TemplatesSettings) -> None:
    """Serve until told to stop. Raises what `serve_service` raises."""
    registry = CollectorRegistry()
    pool = WorkerPool(SERVICE, WORKER, settings.workers, WorkerMetrics(registry))
    replica: Replica[Entity, AnyCommand, Outcome] = Replica(
        SERVICE,
        settings,
        model=apply,
        answer=answered,
        is_final=is_final,
        state=Entity,
        command=AnyCommand,
        registry=registry,
    )
    renderer = Renderer(pool, settings.max_characters)
    orders = Orders(replica.table, renderer)
    await serve_service(
        replica,
        settings,
        operations=operations(Templates(replica, renderer)),
        work=[Work(replica, due, orders.perform, name="orders", at_once=settings.workers.workers)],
        description=DESCRIPTION,
        problems=problem_of,
        background={"workers": pool.run},
        checks={"workers": lambda: None if pool.alive else "no worker is alive"},
    )
