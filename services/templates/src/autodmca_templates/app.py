"""The one place that wires the service: topics, table, processor, ask, workers, routes.

`run` holds everything until the process is told to stop. The HTTP side answers from the moment it
listens; what needs the log answers 503 until the log has been reached, and `/readyz` says which part is
missing.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Final

import msgspec
import structlog
from autodmca_kafka import (
    Ask,
    BrokerUnavailable,
    EventProducer,
    Processor,
    ProcessorMetrics,
    Table,
    ensure_topics,
    event_topics,
    service_topics,
)
from autodmca_runtime import Health, KafkaSettings, TokenVerifier, ops_routes, serve
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autodmca_templates.commands import AnyCommand, Outcome
from autodmca_templates.config import TemplatesSettings
from autodmca_templates.http import Door, unrouted
from autodmca_templates.metrics import Metrics
from autodmca_templates.model import apply
from autodmca_templates.openapi import document
from autodmca_templates.operations import operations
from autodmca_templates.rendering import WorkerPool
from autodmca_templates.service import Templates
from autodmca_templates.state import Entity

SERVICE: Final = "templates"

_log = structlog.get_logger()


def routes(service: Templates, door: Door) -> list[Route]:
    """One route an operation, and the document that describes them."""
    listed = operations(service)
    described = msgspec.json.encode(document(listed, version("autodmca-templates")))

    async def openapi(_request: Request) -> Response:
        return Response(described, media_type="application/json")

    return [
        *(
            Route(
                operation.path,
                door.endpoint(
                    operation.name,
                    operation.handler,
                    operation.request,
                    frozenset(each.name for each in operation.parameters if each.place == "query"),
                ),
                methods=[operation.method],
            )
            for operation in listed
        ),
        Route("/openapi.json", openapi),
    ]


async def run(settings: TemplatesSettings) -> None:
    """Serve until told to stop. Raises what `serve` raises, and TopicMismatch for topics of another shape."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    health = Health()
    brokers = settings.kafka.bootstrap_servers
    pool = WorkerPool(settings.workers, metrics)
    verifier = TokenVerifier(settings.tokens)
    table: Table[Entity] = Table(SERVICE, brokers, Entity)
    producer = EventProducer(brokers, client_id=f"{SERVICE}-producer")
    ask: Ask[AnyCommand, Outcome] = Ask(SERVICE, brokers, Outcome, producer=producer, table=table)
    processor: Processor[Entity, AnyCommand, Outcome] = Processor(
        SERVICE,
        brokers,
        apply,
        table=table,
        input_type=AnyCommand,
        metrics=ProcessorMetrics(registry=registry),
    )
    service = Templates(table, ask, pool, answer_s=settings.answer_s)

    async def work() -> None:
        await _topics(settings.kafka)
        async with producer, asyncio.TaskGroup() as group:
            group.create_task(table.run(), name="table")
            group.create_task(ask.run(), name="ask")
            group.create_task(processor.run(), name="processor")
            await table.caught_up()
            health.recover("log")

    health.fail("log", "the state has not been read yet")
    health.add("workers", lambda: None if pool.alive else "no worker is alive")
    app = Starlette(
        routes=[*routes(service, Door(verifier, metrics)), *ops_routes(health, registry)],
        exception_handlers={HTTPException: unrouted},
    )
    await serve(
        app,
        host=settings.host,
        port=settings.port,
        health=health,
        drain_s=0.0,
        stop_s=settings.drain_s,
        background={"log": work, "workers": pool.run, "keys": verifier.run},
    )


async def _topics(settings: KafkaSettings) -> None:
    """Make sure of the topics, however long the broker is away."""
    specs = [
        *event_topics(settings.partitions),
        *service_topics(SERVICE, settings.partitions),
    ]
    while True:
        try:
            await ensure_topics(
                settings.bootstrap_servers, specs, replication_factor=settings.replication_factor
            )
        except BrokerUnavailable as error:
            _log.warning("no broker yet", reason=str(error))
        else:
            return
