"""`python -m autodmca_sandbox`: the outside world and the people of the story, until SIGTERM or SIGINT."""

from __future__ import annotations

import sys

import httpx
from autodmca_runtime import Health, ops_routes, run, serve, show_process
from prometheus_client import CollectorRegistry

from autodmca_sandbox import (
    accounts_story,
    delisting_story,
    detection_story,
    operator_story,
    outage_story,
    social_story,
    story,
)
from autodmca_sandbox.accounts_api import AccountsApi
from autodmca_sandbox.config import SandboxSettings
from autodmca_sandbox.delisting_api import DelistingApi
from autodmca_sandbox.detection_api import DetectionApi
from autodmca_sandbox.engines.engine import Pace
from autodmca_sandbox.social_api import SocialApi
from autodmca_sandbox.templates_api import TemplatesApi
from autodmca_sandbox.world.app import world_app
from autodmca_sandbox.world.server import DyingProtocol, World
from autodmca_sandbox.world_api import WorldApi

ANSWER_S = 30.0


async def main(settings: SandboxSettings) -> None:
    pace = Pace(settings.review_s / 5, settings.review_s, settings.relist_s)
    world = World(settings.seed)
    app = world_app(
        world,
        token=settings.api_key.reveal(),
        pace=pace,
        network_rate=settings.network_rate,
        network_window_s=settings.network_window_s,
    )
    health, registry = Health(), CollectorRegistry()
    show_process(registry)
    app.router.routes.extend(ops_routes(health, registry))
    secret = settings.secret.reveal()
    async with (
        _client(settings.templates_url) as templates,
        _client(settings.delisting_url) as delisting,
        _client(settings.social_media_url) as social_media,
        _client(settings.accounts_url) as accounts,
        _client(settings.ai_detection_url) as ai_detection,
        _client(settings.reached_at) as host,
    ):

        async def writing() -> None:
            await story.tell(TemplatesApi(templates, secret), settings.seed, settings.pace_s)

        async def enforcing() -> None:
            await delisting_story.tell(DelistingApi(delisting, secret), settings.seed, settings.pace_s)

        async def guarding() -> None:
            await social_story.tell(SocialApi(social_media, secret), settings.pace_s)

        async def failing() -> None:
            await outage_story.tell(world, SocialApi(social_media, secret))

        async def seeking() -> None:
            await detection_story.tell(
                DetectionApi(ai_detection, secret), host, settings.seed, settings.pace_s
            )

        async def submitting() -> None:
            apis = accounts_story.Apis(
                AccountsApi(accounts, secret), TemplatesApi(templates, secret), WorldApi(host)
            )
            await accounts_story.tell(apis, settings.seed, settings.pace_s)

        async def announcing() -> None:
            await operator_story.tell(AccountsApi(accounts, secret), settings.seed, settings.pace_s)

        stories = {
            "writing": writing,
            "enforcing": enforcing,
            "guarding": guarding,
            "failing": failing,
            "submitting": submitting,
            "seeking": seeking,
            "announcing": announcing,
        }
        await serve(
            app,
            host=settings.host,
            port=settings.port,
            health=health,
            drain_s=0.0,
            stop_s=1.0,
            http=DyingProtocol,
            background=stories if settings.people else {},
        )


def _client(base_url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=base_url, timeout=ANSWER_S, trust_env=False)


if __name__ == "__main__":
    sys.exit(run("sandbox", SandboxSettings, main))
