"""What every service is told: one frozen struct that a service's own settings extend."""

from __future__ import annotations

import socket
from typing import Annotated
from urllib.parse import urlsplit

from autodmca_kafka.topics import SAGA_DAYS
from autodmca_runtime import ConfigError, Env, KafkaSettings, TokenSettings
from autodmca_runtime import Problem as BadKey
from msgspec import Meta, Struct

from autodmca_service.bounds import Bounds
from autodmca_service.receipts import Limits

Port = Annotated[int, Meta(ge=0, le=65_535)]


class ServiceSettings(Struct, frozen=True, kw_only=True):
    """A service names the variables of its own `host` and `port`; the others are the same for all.

    Times are seconds, sizes are bytes.
    """

    kafka: KafkaSettings
    tokens: TokenSettings
    host: str = "127.0.0.1"
    port: int = 0
    address: Annotated[
        str,
        Env(
            "SERVICE_ADDRESS",
            "Where other replicas of the service reach this one; by default its host and port, or with a host"
            " that is no address of its own the address from which it reaches Kafka.",
            "10.0.3.17:8081",
        ),
    ] = ""
    drain_s: Annotated[
        float, Env("SERVICE_DRAIN_SECONDS", "Time for open requests at a stop.", "5"), Meta(ge=0, le=300)
    ] = 5.0
    answer_s: Annotated[
        float,
        Env("SERVICE_ANSWER_SECONDS", "How long a request waits for the log; then it gets 504.", "10"),
        Meta(gt=0, le=120),
    ] = 10.0
    allowed_origins: Annotated[
        tuple[str, ...],
        Env(
            "SERVICE_ALLOWED_ORIGINS",
            "Whose pages may call services from a browser (CORS); `*` is any, none by default.",
            "https://app.example.com",
        ),
    ] = ()
    uploads_mb: Annotated[
        int,
        Env(
            "SERVICE_UPLOADS_MB",
            "MiB of forms with files that a replica holds at a time, on disk; more get 503.",
            "1024",
        ),
        Meta(ge=256, le=1_048_576),
    ] = 1_024
    saga_days: Annotated[
        float,
        Env(
            "SERVICE_SAGA_DAYS",
            "How long a service may be down and find what others asked it, and what became of what it asked.",
            "7",
        ),
        Meta(ge=1, le=365),
    ] = SAGA_DAYS
    receipts: Annotated[
        int,
        Env("SERVICE_RECEIPTS", "Answers kept per user for requests with an Idempotency-Key.", "128"),
        Meta(ge=1, le=10_000),
    ] = 128
    receipts_bytes: Annotated[
        int,
        Env("SERVICE_RECEIPTS_BYTES", "Bytes that one user's kept answers may have.", "262144"),
        Meta(ge=16_384, le=67_108_864),
    ] = 262_144
    receipt_bytes: Annotated[
        int,
        Env(
            "SERVICE_RECEIPT_BYTES",
            "Largest answer that is kept, compressed; a larger one is not given again.",
            "65536",
        ),
        Meta(ge=1_024, le=131_072),
    ] = 65_536
    receipts_hours: Annotated[
        float,
        Env("SERVICE_RECEIPTS_HOURS", "How long an answer is kept.", "24"),
        Meta(gt=0, le=8_760),
    ] = 24.0

    user_entities: Annotated[
        int,
        Env(
            "SERVICE_USER_ENTITIES",
            "Entities that one user may have; who asks for more gets 409, what nobody asks for may take a "
            "quarter more.",
            "250000",
        ),
        Meta(ge=1_000, le=100_000_000),
    ] = 250_000
    user_bytes: Annotated[
        int,
        Env("SERVICE_USER_BYTES", "Bytes of one user's entities, as above.", "134217728"),
        Meta(ge=1_048_576, le=2**40),
    ] = 134_217_728

    def __post_init__(self) -> None:
        bad = [each for each in self.allowed_origins if each != "*" and not _is_origin(each)]
        if bad:
            reason = f"{bad[0]!r} is no origin: scheme and host, nothing behind them"
            raise ConfigError([BadKey("SERVICE_ALLOWED_ORIGINS", reason, "https://app.example.com")])

    def reachable_address(self) -> str:
        """Where other replicas reach this one, `host:port`; empty while its port is not known."""
        if self.address:
            return self.address
        if not self.port:
            return ""
        host = self.host
        if host in ("", "0.0.0.0", "::"):  # noqa: S104 (compared, not bound)
            host = _own_address(self.kafka.bootstrap_servers)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def bounds(self) -> Bounds:
        """How much state one user may have."""
        return Bounds(entities=self.user_entities, bytes=self.user_bytes)

    @property
    def receipt_limits(self) -> Limits:
        """What is kept of requests with an Idempotency-Key."""
        return Limits(
            number=self.receipts,
            total_bytes=self.receipts_bytes,
            answer_bytes=self.receipt_bytes,
            age_ms=int(self.receipts_hours * 3_600_000),
        )


def _own_address(bootstrap_servers: str) -> str:
    """The address that this machine has on the way to the first broker that has one; sends nothing."""
    for each in bootstrap_servers.split(","):
        host, _, port = each.strip().rpartition(":")
        try:
            for family, kind, _, _, address in socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM):
                with socket.socket(family, kind) as way:
                    way.connect(address)
                    return str(way.getsockname()[0])
        except (OSError, ValueError):
            continue
    return socket.gethostname()


def _is_origin(text: str) -> bool:
    """RFC 6454, section 6.2, as browsers send it: no path, no trailing slash."""
    try:
        parts = urlsplit(text)
        rest = (parts.path, parts.query, parts.fragment, parts.username)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and not any(rest) and parts.port != 0
        )
    except ValueError:
        return False
