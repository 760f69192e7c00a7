"""The application: its routes and the wiring. The one place that sees all rooms."""

from __future__ import annotations

import httpx
from autodmca_runtime import Health, TokenVerifier, ops_routes, serve, show_process
from msgspec import json, to_builtins
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from autodmca_console.config import ConsoleSettings, OidcSettings
from autodmca_console.health import health_routes
from autodmca_console.operators import FRESH
from autodmca_console.page import Guarded, Page
from autodmca_console.sign_in import SignIn

ROOT = "/console"


def console_app(
    settings: ConsoleSettings, page: Page, verifier: TokenVerifier, http: httpx.AsyncClient, *routes: Route
) -> Starlette:
    """The page at `/console/`, what it has to know in `config.json`, and `routes` beside.

    `verifier` knows operators; `http` asks nodes, edges and Prometheus.
    """
    told = json.encode(
        {
            "edge": settings.edge_url,
            "services": settings.services,
            "people": to_builtins(settings.known_people),
            "oidc": oidc_of(settings.oidc),
            "nodes": bool(settings.places or settings.prometheus_url),
            "course": bool(settings.prometheus_url),
            "behind": bool(settings.edges),
        }
    )

    async def config(_request: Request) -> Response:
        return Response(told, media_type="application/json", headers=FRESH)

    async def home(_request: Request) -> Response:
        return RedirectResponse(f"{ROOT}/", 307)

    own = [
        Route("/", home),
        Route(ROOT, home),
        Route(f"{ROOT}/config.json", config),
        *health_routes(ROOT, settings, verifier, http),
    ]
    if settings.people and settings.tokens.secret is not None:
        sign_in = SignIn(settings.known_people, settings.tokens.secret.reveal())
        own.append(Route(f"{ROOT}/token", sign_in.token, methods=["POST"]))
    reached = [*settings.services.values(), *filter(None, (settings.edge_url, settings.oidc.issuer))]
    return Starlette(
        routes=[*own, Route(f"{ROOT}/{{path:path}}", page.serve), *routes],
        middleware=[Middleware(Guarded, reached=reached)],
    )


def oidc_of(settings: OidcSettings) -> dict[str, str] | None:
    """What the page has to know to sign people in at the issuer; None where there is none."""
    if not settings.issuer:
        return None
    return {
        "issuer": settings.issuer,
        "clientId": settings.client_id,
        "scope": " ".join(settings.scopes),
        "resource": settings.resource,
    }


async def main(settings: ConsoleSettings) -> None:
    """Serve until told to stop. Raises what `serve` raises."""
    health, registry = Health(), CollectorRegistry()
    show_process(registry)
    page = Page()
    health.add("page", lambda: None if page.is_built else "the page has not been built")
    verifier = TokenVerifier(settings.tokens)
    async with httpx.AsyncClient(trust_env=False) as http:
        await serve(
            console_app(settings, page, verifier, http, *ops_routes(health, registry)),
            host=settings.host,
            port=settings.port,
            health=health,
            drain_s=0.0,
            stop_s=1.0,
            background={"keys": verifier.run},
        )
