"""Development tokens: for the page on this machine, and for nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from autodmca_console.config import ConsoleSettings
from autodmca_runtime import ConfigError, TokenSettings, TokenVerifier
from autodmca_runtime.environment import load

from services.console.tests.conftest import SECRET, Asked, settings

OIDC = {"CONSOLE_OIDC_ISSUER": "https://id.example.com", "CONSOLE_OIDC_CLIENT_ID": "console"}
PEOPLE = ("7=Ada", "9=Ruth=reviewer")
OWN = {"origin": "http://localhost:8070"}


async def test_the_page_gets_a_token_that_services_take(asked: Asked) -> None:
    async with asked(people=PEOPLE) as console:
        answer = await console.post("/console/token", json={"userId": 9}, headers=OWN)
    assert answer.headers["cache-control"] == "no-store"
    claims = TokenVerifier(settings().tokens).verify(answer.json()["token"])
    assert (claims.user_id, claims.roles) == (9, frozenset({"reviewer"}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://evil.example:8070", "host": "evil.example:8070"},
        {"origin": "http://localhost:9999"},
    ],
)
async def test_no_other_page_gets_one(asked: Asked, headers: dict[str, str]) -> None:
    async with asked(people=PEOPLE) as console:
        answer = await console.post("/console/token", json={"userId": 7}, headers=headers)
    assert answer.status_code == 403
    assert "token" not in answer.json()


@pytest.mark.parametrize("body", [{"userId": 8}, {"userId": "7"}, {"userId": 7, "roles": ["admin"]}, []])
async def test_nobody_else_s_is_given(asked: Asked, body: Any) -> None:
    async with asked(people=PEOPLE) as console:
        assert (await console.post("/console/token", json=body, headers=OWN)).status_code == 422
        large = await console.post("/console/token", content=b" " * 2_000, headers=OWN)
        assert large.status_code == 413


async def test_where_nobody_is_named_there_is_no_such_address(asked: Asked) -> None:
    async with asked() as console:
        answer = await console.post("/console/token", json={"userId": 7}, headers=OWN)
    assert answer.status_code in (404, 405)


@pytest.mark.parametrize(
    ("variable", "environ"),
    [
        ("CONSOLE_PEOPLE", {"CONSOLE_PEOPLE": "7=Ada", "CONSOLE_HOST": "192.0.2.7"}),
        ("CONSOLE_PEOPLE", {"CONSOLE_PEOPLE": "Ada"}),
        ("CONSOLE_EDGE_URL", {"CONSOLE_EDGE_URL": "http://localhost:8080/ws"}),
        ("CONSOLE_SERVICE_URLS", {"CONSOLE_SERVICE_URLS": "templates"}),
        ("CONSOLE_SERVICE_URLS", {"CONSOLE_SERVICE_URLS": "templates=http://a;script-src *"}),
        ("CONSOLE_NODES", {"CONSOLE_NODES": "edge=ftp://edge"}),
        ("CONSOLE_OIDC_CLIENT_ID", {"CONSOLE_OIDC_ISSUER": "https://id.example.com"}),
        ("CONSOLE_OIDC_ISSUER", {"CONSOLE_OIDC_CLIENT_ID": "console"}),
        ("CONSOLE_OIDC_ISSUER", {**OIDC, "CONSOLE_OIDC_ISSUER": "http://id.example.com"}),
        ("CONSOLE_OIDC_ISSUER", {**OIDC, "CONSOLE_OIDC_ISSUER": "https://id.example.com;script-src"}),
        ("CONSOLE_OIDC_SCOPES", {**OIDC, "CONSOLE_OIDC_SCOPES": "profile"}),
        ("CONSOLE_OIDC_RESOURCE", {**OIDC, "CONSOLE_OIDC_RESOURCE": "events"}),
    ],
)
def test_what_makes_no_sense_or_is_not_safe_fails_by_name(variable: str, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=variable):
        load(ConsoleSettings, {"JWT_SECRET": SECRET, **environ})


def test_people_need_a_secret_to_sign_with() -> None:
    with pytest.raises(ConfigError, match="JWT_SECRET"):
        ConsoleSettings(tokens=TokenSettings(jwks_url="https://id.example.com/keys"), people=PEOPLE)


async def test_the_page_is_told_of_the_issuer_and_may_speak_with_it(asked: Asked) -> None:
    oidc = load(ConsoleSettings, {"JWT_SECRET": SECRET, **OIDC, "CONSOLE_OIDC_RESOURCE": "urn:events"}).oidc
    async with asked(oidc=oidc) as console:
        answer = await console.get("/console/config.json")
    assert answer.json()["oidc"] == {
        "issuer": "https://id.example.com",
        "clientId": "console",
        "scope": "openid profile offline_access",
        "resource": "urn:events",
    }
    assert "connect-src 'self' https://id.example.com;" in answer.headers["content-security-policy"]
