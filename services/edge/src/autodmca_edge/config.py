"""The edge's settings, read once from the environment at the entry point."""

from typing import Annotated, Final

from autodmca_runtime import ConfigError, Env, KafkaSettings, LogSettings, Problem, Secret, TokenSettings
from msgspec import Meta, Struct

from autodmca_edge.admission.addresses import Network
from autodmca_edge.fanout.experiments import Experiments
from autodmca_edge.session.identifiers import NODE_NAME
from autodmca_edge.wire.credentials import Origin

__all__ = ["AdminSettings", "AdmissionSettings", "EdgeSettings"]

SHORTEST_TOKEN: Final = 16


class AdmissionSettings(Struct, frozen=True, kw_only=True):
    """Who is let in, and how fast."""

    handshakes_a_second: Annotated[
        float,
        Env("EDGE_HANDSHAKES_PER_SECOND", "New WebSockets let in; more of them wait.", "2500"),
        Meta(ge=1, le=1_000_000),
    ] = 2500.0
    handshakes_waiting: Annotated[
        int,
        Env("EDGE_HANDSHAKES_WAITING", "Handshakes that may wait; more are closed with 4503.", "5000"),
        Meta(ge=0, le=1_000_000),
    ] = 5000
    user_connections: Annotated[
        int,
        Env("EDGE_USER_CONNECTIONS", "Connections of one user on this node; 0: any number.", "100"),
        Meta(ge=0),
    ] = 100
    address_connections: Annotated[
        int,
        Env("EDGE_ADDRESS_CONNECTIONS", "Connections from one address on this node; 0: any number.", "1000"),
        Meta(ge=0),
    ] = 0
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Env("EDGE_TRUSTED_PROXIES", "Networks whose X-Forwarded-For counts.", "10.0.0.0/8,fd00::/8"),
    ] = ()
    unauthenticated: Annotated[
        int,
        Env("EDGE_UNAUTHENTICATED_CONNECTIONS", "Connections that may wait for their token.", "2000"),
        Meta(ge=1),
    ] = 2000
    talk_a_second: Annotated[
        float,
        Env(
            "EDGE_TALK_PER_SECOND",
            "Price of what a connection may say; a message costs 1 and 1 for each 4 KB (docs/protocol.md).",
            "20",
        ),
        Meta(gt=0, le=1_000_000),
    ] = 20.0
    user_talk_a_second: Annotated[
        float,
        Env("EDGE_USER_TALK_PER_SECOND", "The same of a user, over all connections and requests.", "200"),
        Meta(gt=0, le=1_000_000),
    ] = 200.0
    max_loop_lag_ms: Annotated[
        float,
        Env("EDGE_MAX_LOOP_LAG_MS", "Lateness of the event loop over which none is let in.", "1000"),
        Meta(ge=1, le=60_000),
    ] = 1000.0
    max_memory_bytes: Annotated[
        int,
        Env("EDGE_MAX_MEMORY_BYTES", "The same of memory; 0: 9/10 of the control group's.", "1000000000"),
        Meta(ge=0),
    ] = 0


class AdminSettings(Struct, frozen=True, kw_only=True):
    """The operators' listener."""

    host: Annotated[
        str, Env("EDGE_ADMIN_HOST", "Address to listen on for operators and Prometheus.", "0.0.0.0")  # noqa: S104
    ] = "127.0.0.1"
    port: Annotated[
        int, Env("EDGE_ADMIN_PORT", "Port of it; 0: none is opened.", "9090"), Meta(ge=0, le=65535)
    ] = 0
    token: Annotated[
        Secret | None,
        Env(
            "EDGE_ADMIN_TOKEN",
            "What operators show; without it there is no /admin.",
            "$(openssl rand -hex 32)",
        ),
    ] = None
    revocation_seconds: Annotated[
        float,
        Env(
            "EDGE_REVOCATION_SECONDS",
            "How long a revocation holds unless it says; no less than tokens live.",
            "86400",
        ),
        Meta(gt=0, le=604_800),
    ] = 86_400.0

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token.reveal()) < SHORTEST_TOKEN:
            reason = f"is shorter than {SHORTEST_TOKEN} characters"
            raise ConfigError([Problem("EDGE_ADMIN_TOKEN", reason, "$(openssl rand -hex 32)")])


class EdgeSettings(Struct, frozen=True, kw_only=True):
    """All that one node needs to know."""

    kafka: KafkaSettings
    tokens: TokenSettings
    logs: LogSettings
    admin: AdminSettings
    admission: AdmissionSettings = AdmissionSettings()
    host: Annotated[str, Env("EDGE_HOST", "Address to listen on.", "0.0.0.0")] = "0.0.0.0"  # noqa: S104
    port: Annotated[int, Env("EDGE_PORT", "Port to listen on.", "8080"), Meta(ge=0, le=65535)] = 8080
    node: Annotated[
        str, Env("EDGE_NODE", "This node's name, told to clients.", "edge-1"), Meta(pattern=NODE_NAME)
    ] = "edge"
    origins: Annotated[
        tuple[Origin, ...],
        Env(
            "EDGE_ORIGINS",
            "Allowed Origin headers, as browsers write them; any when unset.",
            "https://app.example.com",
        ),
    ] = ()
    max_message_bytes: Annotated[
        int,
        Env("EDGE_MAX_MESSAGE_BYTES", "Largest message taken from a client.", "65536"),
        Meta(ge=1024, le=16_777_216),
    ] = 65_536
    max_subscriptions: Annotated[
        int, Env("EDGE_MAX_SUBSCRIPTIONS", "Subscriptions a connection.", "50"), Meta(ge=1, le=10_000)
    ] = 50
    outbox_bytes: Annotated[
        int,
        Env("EDGE_OUTBOX_BYTES", "Unsent bytes kept for a slow connection; more waits in the log.", "131072"),
        Meta(ge=65_536, le=1_073_741_824),
    ] = 131_072
    compression: Annotated[
        bool, Env("EDGE_COMPRESSION", "Compress messages to clients that can read them so.", "true")
    ] = False
    experiments: Annotated[
        Experiments | None,
        Env(
            "EDGE_EXPERIMENTS",
            "A/B experiments, as JSON (docs/operations.md).",
            '{"batching": {"variants": {"off": 90, "on": 10}, "features": {"on": {"batchMs": 50}}}}',
        ),
    ] = None
    window_bytes: Annotated[
        int,
        Env("EDGE_WINDOW_BYTES", "Memory for recent records, from which resumes are served.", "67108864"),
        Meta(ge=0, le=17_179_869_184),
    ] = 67_108_864
    partition_grace_seconds: Annotated[
        float,
        Env("EDGE_PARTITION_GRACE_SECONDS", "How long a partition that nobody here needs is read on.", "60"),
        Meta(ge=0, le=86_400),
    ] = 60.0
    read_all_partitions: Annotated[
        bool,
        Env("EDGE_READ_ALL_PARTITIONS", "Read every partition, whoever is connected.", "false"),
    ] = False
    replay_limit: Annotated[
        int,
        Env("EDGE_REPLAY_LIMIT", "Records that one resume may have to look through.", "1000000"),
        Meta(ge=0, le=1_000_000_000),
    ] = 1_000_000
    log_replays: Annotated[
        int,
        Env("EDGE_LOG_REPLAYS", "Resumes that may read Kafka at once; more wait their turn.", "1000"),
        Meta(ge=1, le=1_000_000),
    ] = 1000
    replay_seconds: Annotated[
        float,
        Env("EDGE_REPLAY_SECONDS", "How long one of those may take; then 4410.", "300"),
        Meta(ge=1, le=86_400),
    ] = 300.0
    messages_a_second: Annotated[
        float,
        Env("EDGE_MESSAGES_PER_SECOND", "Messages taken of one connection.", "10"),
        Meta(gt=0, le=10_000),
    ] = 10.0
    user_messages_a_second: Annotated[
        float,
        Env("EDGE_USER_MESSAGES_PER_SECOND", "Messages taken of one user.", "30"),
        Meta(gt=0, le=10_000),
    ] = 30.0
    control_seconds: Annotated[
        float,
        Env("EDGE_CONTROL_SECONDS", "How long the node that holds a connection may take to say so.", "3"),
        Meta(gt=0, le=60),
    ] = 3.0
    drain_seconds: Annotated[
        float,
        Env("EDGE_DRAIN_SECONDS", "Over how long connections are sent away.", "25"),
        Meta(ge=0, le=3600),
    ] = 25.0

    @property
    def allowances(self) -> tuple[float, float, int]:
        """What `Allowances` is made of: room for the messages to services, and as much again."""
        return (
            max(self.admission.talk_a_second, 2 * self.messages_a_second),
            max(self.admission.user_talk_a_second, 2 * self.user_messages_a_second),
            self.max_subscriptions,
        )
