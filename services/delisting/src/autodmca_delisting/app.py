"""The wiring of the service: a replica of its model, the engines, the work, and its operations over HTTP."""

from __future__ import annotations

from typing import Final

import httpx
from autodmca_service.app import serve_service
from autodmca_service.commands import Outcome
from autodmca_service.replica import Replica
from autodmca_service.work import Work
from msgspec import structs
from prometheus_client import CollectorRegistry
from stamina.instrumentation import set_on_retry_hooks

from autodmca_delisting.answers import answered
from autodmca_delisting.config import DelistingSettings, EngineAt
from autodmca_delisting.engines.adapters import ADAPTERS, Site
from autodmca_delisting.engines.gate import Gate
from autodmca_delisting.engines.interface import Engine, Manners
from autodmca_delisting.engines.lumen import Lumen
from autodmca_delisting.metrics import Metrics
from autodmca_delisting.model.commands import AnyCommand
from autodmca_delisting.model.model import model
from autodmca_delisting.model.state import Entity, Filing, Rules
from autodmca_delisting.operations import operations
from autodmca_delisting.service import Delisting
from autodmca_delisting.work import Worker

SERVICE: Final = "delisting"
DESCRIPTION: Final = "Requests to search engines to delist URLs, and the watch over what becomes of them."
MOST_URLS: Final = {"google": 1_000, "bing": 250, "yandex": 100, "duckduckgo": 1_000}


async def run(settings: DelistingSettings) -> None:
    """Serve until told to stop. Raises what `serve_service` raises."""
    set_on_retry_hooks(())  # retries are counted by the gates, not logged one by one
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    replica: Replica[Entity, AnyCommand, Outcome] = Replica(
        SERVICE,
        settings,
        model=model(_rules(settings)),
        answer=answered,
        state=Entity,
        command=AnyCommand,
        registry=registry,
    )
    async with httpx.AsyncClient(timeout=settings.timeout_s, follow_redirects=False) as http:
        places = settings.engines_at()
        engines: dict[str, Engine] = {
            at.name: engine for at in places if (engine := _engine(at, settings, http, metrics)) is not None
        }
        archive = None
        if settings.lumen_token is not None:
            gate = Gate("lumen", http, metrics, per_s=settings.per_s, alone_s=settings.alone_s)
            archive = Lumen(settings.lumen_url, settings.lumen_token.reveal(), gate)
        worker = Worker(replica.table, engines, archive)
        work = [
            Work(replica, worker.due, worker.requests, at_once=settings.at_once),
            Work(replica, worker.look_due, worker.look, at_once=settings.at_once),
        ]
        service = Delisting(replica, {at.name: _manners(at) for at in places}, metrics)
        await serve_service(
            replica,
            settings,
            operations=operations(service),
            description=DESCRIPTION,
            work=work,
        )


def _rules(settings: DelistingSettings) -> Rules:
    engines = {at.name: _manners(at) for at in settings.engines_at()}
    filings = {name: Filing(each.most_urls, each.by_hand) for name, each in engines.items()}
    return structs.replace(settings.rules(), engines=filings)


def _manners(at: EngineAt) -> Manners:
    return ADAPTERS[at.adapter].manners(MOST_URLS[at.name])


def _engine(
    at: EngineAt, settings: DelistingSettings, http: httpx.AsyncClient, metrics: Metrics
) -> Engine | None:
    """None for one that has no address: requests to it are filed by hand, and nothing is watched."""
    if at.base is None:
        return None
    gate = Gate(at.name, http, metrics, per_s=settings.per_s, alone_s=settings.alone_s)
    site = Site(at.base, settings.engine_key.reveal(), gate, metrics)
    return ADAPTERS[at.adapter].make(site, _manners(at))
