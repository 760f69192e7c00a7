"""Who asks and from where, and which settings and preflights that goes with."""

import httpx
import pytest
from autodmca_edge.config import EdgeSettings
from autodmca_edge.protocol import Refusal
from autodmca_edge.server.routes import cross_origin
from autodmca_edge.wire.credentials import Origin, require_origin, token_of
from autodmca_runtime import ConfigError, load
from starlette.applications import Starlette

NEEDED = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092", "JWT_SECRET": "s" * 32}


@pytest.mark.parametrize(
    "text",
    [
        "https://app.example.com",
        "http://localhost:3000",
        "http://[::1]:8080",
        "capacitor://localhost",
        "https://app.example.com:8443",
    ],
)
def test_an_origin_is_read_as_browsers_write_it(text: str) -> None:
    settings = load(EdgeSettings, {**NEEDED, "EDGE_ORIGINS": f" {text} ,https://b.example"})
    assert settings.origins == (text, "https://b.example")


@pytest.mark.parametrize(
    "text",
    [
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "HTTPS://app.example.com",
        "https://App.example.com",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "http://app.example.com:99999",
        "https://*.example.com",
        "https://",
        "*",
        "null",
        "https://a.example https://b.example",
        ",",
    ],
)
def test_what_no_browser_sends_as_an_origin_stops_the_start_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match="EDGE_ORIGINS"):
        load(EdgeSettings, {**NEEDED, "EDGE_ORIGINS": text})


@pytest.mark.parametrize("name", ["EDGE_TRUSTED_PROXIES", "JWT_AUDIENCE", "JWT_ALGORITHMS"])
def test_a_list_of_nothing_stops_the_start_by_name(name: str) -> None:
    """It would mean any."""
    with pytest.raises(ConfigError, match=f"{name}.*at least one"):
        load(EdgeSettings, {**NEEDED, name: " , "})


def test_who_says_two_things_is_refused() -> None:
    with pytest.raises(Refusal, match="more than one"):
        require_origin((), ["https://a.example", "https://b.example"])
    with pytest.raises(Refusal, match="more than one"):
        token_of(["Bearer a", "Bearer b"], [])
    require_origin((), ["https://any.example"])
    require_origin([Origin("https://a.example")], [])
    with pytest.raises(Refusal, match="not allowed"):
        require_origin([Origin("https://a.example")], ["https://b.example"])


def test_the_token_is_looked_for_in_the_order_of_the_protocol() -> None:
    query = [("token", "q"), ("token", ""), ("x", "1")]
    assert token_of(["bearer h"], query, ["bearer.s"]) == "h"
    assert token_of(["Basic x"], query, ["autodmca.v1", "bearer.s"]) == "s"
    assert token_of([], query) == "q"
    assert token_of([], [("token", "")]) is None


@pytest.mark.parametrize(
    "asked",
    [
        "authorization",
        "cache-control",
        "x-requested-with,traceparent, tracestate",
        "Idempotency-Key",
        "x-\u00e9",
    ],
)
@pytest.mark.parametrize("origins", [(), ("https://a.example",)])
async def test_a_preflight_may_ask_for_any_header(asked: str, origins: tuple[str, ...]) -> None:
    app = Starlette(middleware=[cross_origin(origins)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge") as client:
        answer = await client.options(
            "/events",
            headers={
                b"Origin": b"https://a.example",
                b"Access-Control-Request-Method": b"GET",
                b"Access-Control-Request-Headers": asked.encode("latin-1"),
            },
        )
    assert answer.status_code == 200
    allowed = [each.strip() for each in answer.headers["access-control-allow-headers"].lower().split(",")]
    assert allowed == [each.strip().lower() for each in asked.split(",")]
    assert answer.headers["access-control-allow-origin"] in ("*", "https://a.example")
