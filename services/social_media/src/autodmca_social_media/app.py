"""The wiring of the service: a replica of its model, the platforms, the work, its operations over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from autodmca_service.app import serve_service
from autodmca_service.commands import Outcome
from autodmca_service.replica import Replica
from autodmca_service.work import Work
from prometheus_client import CollectorRegistry

from autodmca_social_media.answers import answered
from autodmca_social_media.config import SocialMediaSettings
from autodmca_social_media.matching.scoring import scorer
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.model.commands import AnyCommand
from autodmca_social_media.model.model import model
from autodmca_social_media.model.state import Entity
from autodmca_social_media.operations import operations
from autodmca_social_media.platforms.avatars import fetcher
from autodmca_social_media.platforms.bluesky import BlueskyPlatform
from autodmca_social_media.platforms.gate import Ways
from autodmca_social_media.platforms.interface import Platform
from autodmca_social_media.platforms.mastodon import MastodonPlatform
from autodmca_social_media.service import SocialMedia
from autodmca_social_media.work import Worker

SERVICE: Final = "social_media"
DESCRIPTION: Final = (
    "Accounts that pass themselves off as a watched person: found, reported, followed to the end."
)


async def run(settings: SocialMediaSettings) -> None:
    """Serve until told to stop. Raises what `serve_service` raises."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    replica: Replica[Entity, AnyCommand, Outcome] = Replica(
        SERVICE,
        settings,
        model=metrics.counting(model(settings.rules())),
        answer=answered,
        state=Entity,
        command=AnyCommand,
        registry=registry,
    )
    platforms = {each.name: each for each in _platforms(settings, metrics)}
    worker = Worker(replica.table, platforms, scorer(), metrics)
    service = SocialMedia(replica, scorer(), tuple(platforms))
    try:
        await serve_service(
            replica,
            settings,
            operations=operations(service),
            description=DESCRIPTION,
            work=[Work(replica, worker.due, worker.perform, at_once=settings.at_once)],
        )
    finally:
        for platform in platforms.values():
            await platform.close()


def _platforms(settings: SocialMediaSettings, metrics: Metrics) -> Iterator[Platform]:
    """Those that have an address; another platform is another line here, and its adapter."""
    pictures = fetcher(settings.networks())
    ways = Ways(settings.timeout_s, settings.alone_s)
    if settings.mastodon_url is not None:
        yield MastodonPlatform(
            settings.mastodon_url, settings.mastodon_token.reveal(), pictures, metrics, ways
        )
    if settings.bluesky_url is not None:
        password = settings.bluesky_password.reveal()
        yield BlueskyPlatform(
            settings.bluesky_url, settings.bluesky_handle, password, pictures, metrics, ways
        )
