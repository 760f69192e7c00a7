"""What every service is told."""

from __future__ import annotations

import pytest
from autodmca_runtime import ConfigError, load
from autodmca_service.settings import ServiceSettings

NEEDED = {
    "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    "JWT_SECRET": "a-secret-for-tests-of-forty-characters-",
}


def test_receipts_are_bounded_as_the_environment_says() -> None:
    environ = {**NEEDED, "SERVICE_RECEIPTS": "3", "SERVICE_RECEIPTS_HOURS": "0.5"}
    limits = load(ServiceSettings, environ).receipt_limits
    assert (limits.number, limits.age_ms) == (3, 1_800_000)


@pytest.mark.parametrize("origins", ["", "*", "https://app.example.com,http://localhost:5173"])
def test_origins_are_what_browsers_send(origins: str) -> None:
    settings = load(ServiceSettings, {**NEEDED, "SERVICE_ALLOWED_ORIGINS": origins})
    assert ",".join(settings.allowed_origins) == origins


@pytest.mark.parametrize(
    "origin",
    [
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/page",
        "ftp://app.example.com",
        "https://",
        "https://me@app.example.com",
        "https://app.example.com:port",
        "null",
    ],
)
def test_what_is_no_origin_is_named(origin: str) -> None:
    with pytest.raises(ConfigError, match="SERVICE_ALLOWED_ORIGINS"):
        load(ServiceSettings, {**NEEDED, "SERVICE_ALLOWED_ORIGINS": f"https://a.example,{origin}"})
