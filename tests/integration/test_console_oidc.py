"""Signing in at a real OpenID Provider, in Chromium, and a script that somebody slips into the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from autodmca_console.config import OidcSettings
from autodmca_kafka.embedded import free_port
from playwright.async_api import Page, Request, Response, Route, WebSocket, expect

from tests.brokers import Broker
from tests.integration.console_site import WAIT_MS, Console, console, faults
from tests.integration.edge_site import until
from tests.integration.test_web_client import node_program
from tests.server_process import ServerProcess
from tests.unit.repository import ROOT

PROVIDER = ROOT / "services" / "console" / "tests" / "oidc-provider.mjs"
RESOURCE = "https://events.example.com/"
LIFETIME_S = 63
"""An edge asks for another token a minute before one ends: here within seconds."""
USER = 8_200_001


@pytest.fixture
def issuer(tmp_path: Path) -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
async def site(embedded_broker: Broker, issuer: str, tmp_path: Path) -> AsyncIterator[Console]:
    port = free_port()
    command = [
        node_program(), str(PROVIDER), issuer.rpartition(":")[2], f"http://127.0.0.1:{port}/console/",
        RESOURCE, str(LIFETIME_S),
    ]  # fmt: skip
    provider = ServerProcess("provider", int(command[2]), command, tmp_path / "provider.log")
    provider.start()
    try:
        async with console(
            embedded_broker,
            {},
            port=port,
            edge_environ={
                "JWT_JWKS_URL": f"{issuer}/jwks",
                "JWT_ISSUER": issuer,
                "JWT_AUDIENCE": RESOURCE,
                "JWT_ALGORITHMS": "RS256",
            },
            people=(),
            oidc=OidcSettings(issuer=issuer, client_id="console", resource=RESOURCE),
        ) as made:
            yield made
    finally:
        provider.close()


class Watched:
    """What a page has asked for, and what was said over its sockets."""

    def __init__(self, page: Page, issuer: str) -> None:
        self.urls: list[str] = []
        self.granted: list[dict[str, Any]] = []
        self.sockets = 0
        self.said: list[str] = []
        self.heard: list[str] = []
        self._token_endpoint = f"{issuer}/token"
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("websocket", self._opened)

    @property
    def tokens(self) -> list[str]:
        names = ("access_token", "refresh_token", "id_token")
        return [each[name] for each in self.granted for name in names if name in each]

    def _asked(self, request: Request) -> None:
        self.urls += [request.url, request.headers.get("referer", "")]

    async def _answered(self, response: Response) -> None:
        if response.url == self._token_endpoint and response.request.method == "POST" and response.ok:
            self.granted.append(await response.json())

    def _opened(self, socket: WebSocket) -> None:
        self.sockets += 1
        self.urls.append(socket.url)
        socket.on("framesent", lambda frame: self.said.append(str(frame)))
        socket.on("framereceived", lambda frame: self.heard.append(str(frame)))

    def count(self, frames: list[str], action: str) -> int:
        return sum(f'"{action}"' in frame for frame in frames)


async def sign_in(page: Page, user_id: int) -> None:
    """At the issuer, from the console's first page on."""
    await page.get_by_role("button", name="Sign in with your account").click()
    await page.get_by_placeholder("Enter any login").fill(str(user_id))
    await page.get_by_placeholder("and password").fill("of no account here")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("button", name="Live")).to_be_visible(timeout=WAIT_MS)


async def test_a_person_signs_in_at_the_issuer_stays_and_signs_out(site: Console, issuer: str) -> None:
    page = await site.blank()
    watched = Watched(page, issuer)
    await page.goto(f"{site.url}activity")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await faults(page) == []
    await sign_in(page, USER)
    assert page.url == f"{site.url}activity"  # where the person wanted to go, and no code
    await expect(page.get_by_text(f"Person {USER}").first).to_be_visible()

    # The edge asks for another token; the page gets one, and the connection stays.
    await until(lambda: watched.count(watched.said, "auth_update") > 0, "another token", WAIT_MS / 1000)
    await until(lambda: watched.count(watched.heard, "authenticated") > 1, "it to be taken", WAIT_MS / 1000)
    renewed = json.loads(next(each for each in watched.said if "auth_update" in each))["payload"]["token"]
    assert renewed in watched.tokens
    assert renewed != watched.granted[0]["access_token"]
    assert watched.sockets == 1

    # No address and no storage has a token.
    kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    for token in watched.tokens:
        assert token not in kept
        assert not [url for url in watched.urls if token in url]

    # A reload asks the issuer, which knows the person: nothing is to be typed.
    await page.reload()
    await expect(page.get_by_role("button", name="Live")).to_be_visible(timeout=WAIT_MS)
    assert page.url == f"{site.url}activity"

    await until(lambda: "refresh_token" in watched.granted[-1], "a token to renew with")
    await page.get_by_role("button", name="Sign out").first.click()
    await page.get_by_role("button", name="Yes, sign me out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    asked = {
        "grant_type": "refresh_token",
        "client_id": "console",
        "refresh_token": watched.granted[-1]["refresh_token"],
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        refused = await http.post(f"{issuer}/token", data=asked)
    assert refused.json()["error"] == "invalid_grant"


async def test_what_the_issuer_refuses_is_said_and_what_nobody_asked_for_is_not_taken(site: Console) -> None:
    page = await site.blank()
    await page.goto(f"{site.url}?code=stolen&state=made-up")
    await expect(page.get_by_role("alert")).to_contain_text("did not ask the issuer")
    assert page.url == site.url
    await page.get_by_role("button", name="Sign in with your account").click()
    await page.get_by_role("link", name="[ Cancel ]").click()
    await expect(page.get_by_role("alert")).to_contain_text("End-User aborted interaction")
    await expect(page.get_by_role("button", name="Sign in with your account")).to_be_enabled()


async def test_a_script_that_is_slipped_into_the_page_does_not_run(site: Console) -> None:
    page = await site.blank()
    elsewhere = "http://127.0.0.1:9/evil.js"

    async def slipped(route: Route) -> None:
        answer = await route.fetch()
        evil = f"<script>window.ran = 'in line'</script><script src='{elsewhere}'></script>"
        body = (await answer.text()).replace(
            "</body>", f"{evil}<img src=x onerror=\"ran = 'handler'\"></body>"
        )
        await route.fulfill(response=answer, body=body)

    async def loaded(route: Route) -> None:
        await route.fulfill(body="window.ran = 'from elsewhere'", content_type="text/javascript")

    await page.route(site.url, slipped)
    await page.route(elsewhere, loaded)
    await page.add_init_script(
        "window.broken = []; addEventListener('securitypolicyviolation',"
        " (each) => broken.push(each.effectiveDirective))"
    )
    await page.goto(site.url)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.wait_for_function("broken.length >= 3")
    assert set(await page.evaluate("broken")) == {"script-src-elem", "script-src-attr"}
    for markup in (
        "root.innerHTML = '<img src=x onerror=ran=1>'",
        "eval('ran = 1')",
        "new Function('ran = 1')()",
    ):
        refused = await page.evaluate(
            "text => { const script = document.createElement('script');"
            " try { script.text = text; document.body.append(script); return false }"
            " catch (error) { return error instanceof TypeError } }",
            markup,
        )
        assert refused
    assert await page.evaluate("typeof window.ran") == "undefined"
    assert site.complaints
    site.complaints.clear()  # the browser's, of what it did not run
