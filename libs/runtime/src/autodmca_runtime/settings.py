"""The settings that several services share: Kafka, logs, tokens.

Each service nests these in its own frozen struct and loads all with one `load`. Nothing here opens a
connection, or reads a file but those of `KafkaSecurity`: whether another exists is found where it is read.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from .environment import Env, Secret
from .errors import ConfigError, Problem
from .kafka_security import KafkaSecurity

Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA"]
SHORTEST_SECRET = 32
"""Bytes: RFC 7518, section 3.2, asks of an HS256 key at least the size of its hash."""


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the log is, how it is reached, and the shape of the topics that we create."""

    bootstrap_servers: Annotated[
        str, Env("KAFKA_BOOTSTRAP_SERVERS", "Brokers to ask first, separated by commas.", "localhost:9092")
    ]
    partitions: Annotated[
        int,
        Env("TOPIC_PARTITIONS", "Partitions of each topic; fixed once they exist.", "6"),
        Meta(ge=1, le=10_000),
    ] = 6
    replication_factor: Annotated[
        int,
        Env("TOPIC_REPLICATION_FACTOR", "Copies of each partition; 3 in production.", "3"),
        Meta(ge=1, le=100),
    ] = 1
    security: KafkaSecurity = KafkaSecurity()


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How log lines look and which are written."""

    format: Annotated[
        Literal["auto", "json", "console"],
        Env("LOG_FORMAT", "`auto`: readable on a terminal, JSON elsewhere.", "json"),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Env("LOG_LEVEL", "The least important line written.", "info"),
    ] = "info"


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which JSON Web Tokens are taken. At least one source of keys is required; several may be given."""

    secret: Annotated[
        Secret | None,
        Env("JWT_SECRET", f"HS256 key, {SHORTEST_SECRET} bytes or more.", "$(openssl rand -hex 32)"),
    ] = None
    public_key_file: Annotated[
        str | None,
        Env("JWT_PUBLIC_KEY_FILE", "PEM with RSA, P-256 or Ed25519 public keys.", "/etc/jwt/public.pem"),
    ] = None
    jwks_url: Annotated[
        str | None, Env("JWT_JWKS_URL", "The issuer's keys.", "https://id.example.com/.well-known/jwks.json")
    ] = None
    jwks_ca_file: Annotated[
        str | None,
        Env(
            "JWT_JWKS_CA_FILE",
            "PEM with authorities that may vouch for the issuer's address, beside the public ones.",
            "/etc/jwt/ca.pem",
        ),
    ] = None
    algorithms: Annotated[
        tuple[Algorithm, ...],
        Env("JWT_ALGORITHMS", "Allowed; all that the keys are meant for if unset.", "RS256,ES256"),
    ] = ()
    issuer: Annotated[
        str | None, Env("JWT_ISSUER", "Required value of `iss`.", "https://id.example.com/")
    ] = None
    audience: Annotated[
        tuple[str, ...], Env("JWT_AUDIENCE", "`aud` must hold one of these.", "autodmca-realtime")
    ] = ()
    leeway_seconds: Annotated[
        int,
        Env("JWT_LEEWAY_SECONDS", "Clock difference to the issuer that is forgiven.", "5"),
        Meta(ge=0, le=300),
    ] = 0

    def __post_init__(self) -> None:
        problems = []
        if self.secret is None and self.public_key_file is None and self.jwks_url is None:
            reason = "is missing, and so are JWT_PUBLIC_KEY_FILE and JWT_JWKS_URL: one of the three is needed"
            problems.append(Problem("JWT_SECRET", reason, "$(openssl rand -hex 32)"))
        if self.secret is not None and len(self.secret.reveal().encode()) < SHORTEST_SECRET:
            reason = f"is shorter than {SHORTEST_SECRET} bytes (RFC 7518, section 3.2)"
            problems.append(Problem("JWT_SECRET", reason, "$(openssl rand -hex 32)"))
        if self.jwks_url is not None and not _is_http(self.jwks_url):
            example = "https://id.example.com/.well-known/jwks.json"
            problems.append(Problem("JWT_JWKS_URL", "is not an http or https address", example))
        if "HS256" in self.algorithms and self.secret is None:
            problems.append(
                Problem("JWT_ALGORITHMS", "allows HS256, but JWT_SECRET is not set", "RS256,ES256")
            )
        if problems:
            raise ConfigError(problems)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
