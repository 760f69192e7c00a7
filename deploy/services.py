"""The services, a row each: what local run, containers, Kubernetes, documents and import rules need to know.

Owns these facts alone. A service that joins is its package and a row here, and `make generate`. What each
setting of a service means stands in its own `config.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, get_type_hints

import msgspec
from autodmca_runtime import load

ROOT: Final = Path(__file__).parents[1]
SECRETS: Final = "/run/autodmca"
"""Where the files with secrets lie in each container."""
JWT_SECRET: Final = "jwt-secret"  # noqa: S105 - a file's name
ADMIN_TOKEN: Final = "admin-token"  # noqa: S105 - the same


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is given in a container."""

    cpus: float = 1
    """Cores that it may use; half of that is asked for in Kubernetes."""
    memory_mb: int = 512
    replicas: int = 2
    """In production; of a service that is scaled by its load, the fewest."""
    most_replicas: int = 0
    """Of a service that is scaled by its load."""


class Service(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One of our programs. `<NAME>_HOST` and `<NAME>_PORT` tell it where to listen."""

    name: str
    module: str
    about: str
    folder: str = ""
    """Of its package, if that is not `services/<name>`."""
    extra: str = ""
    """The extra of the package that it needs."""
    port: int = 0
    """Where it takes requests unless told otherwise; 0: it takes none."""
    ops_port: int = 0
    """Where its container answers probes and Prometheus, if not at `port`."""
    paths: tuple[str, ...] = ()
    """What of its paths the load balancer lets in, with all that begins so."""
    patterns: tuple[str, ...] = ()
    """Paths that it has among those of another: regular expressions that a path's beginning matches."""
    streams: bool = False
    """Whether connections are long: WebSockets and event streams."""
    processor: bool = False
    """Whether it is made on `autodmca_service`: it has topics and a consumer group of its own."""
    asks: tuple[str, ...] = ()
    """Services that it sends inputs to, and whose outcomes it relays."""
    follows: tuple[str, ...] = ()
    """Services whose events it relays."""
    hears_clients: bool = False
    """Whether it relays what clients say over their sockets."""
    calls: bool = False
    """Whether it is told where each domain service is, by `<NAME>_<SERVICE>_URL`."""
    kafka: bool = True
    """Whether it speaks to Kafka."""
    watches: bool = False
    """Whether it shows how the others are: it is told where each container answers `/metrics`, in compose
    (`<NAME>_NODES`), and where edges have their operators' listeners (`<NAME>_EDGES`)."""
    page: bool = False
    """Whether its image builds the console's page, which it serves as files."""
    environment: Mapping[str, str] = {}
    """What its container is told beside."""
    passed: tuple[str, ...] = ()
    """What compose's own environment may tell it; nothing where that is silent."""
    need: Need = Need()
    stop_s: int = 15
    """How long it may take to end after SIGTERM."""
    nodes: int = 1
    """How many of them compose starts."""
    profile: str = ""
    """The compose profile without which it does not run; in Kubernetes it runs in `dev` alone."""

    @property
    def host_variable(self) -> str:
        return f"{self.name.upper()}_HOST"

    @property
    def port_variable(self) -> str:
        return f"{self.name.upper()}_PORT"

    @property
    def settings(self) -> type[msgspec.Struct]:
        """What it reads from its environment: `<Name>Settings` of its `config.py`."""
        found: type[msgspec.Struct] = getattr(
            import_module(f"{self.module}.config"), f"{self.name.title().replace('_', '')}Settings"
        )
        return found

    @property
    def package(self) -> str:
        """The folder of its package."""
        return self.folder or f"services/{self.name}"

    @property
    def version(self) -> str:
        """The version of its package."""
        text = (ROOT / self.package / "pyproject.toml").read_text()
        return str(tomllib.loads(text)["project"]["version"])

    @property
    def image(self) -> str:
        """The name of its image, without a tag."""
        return f"autodmca/{self.host}"

    @property
    def host(self) -> str:
        """Its name where an underscore may not stand: in DNS and in Kubernetes."""
        return self.name.replace("_", "-")

    @property
    def instances(self) -> tuple[str, ...]:
        """Its containers' names in compose."""
        return (self.host,) if self.nodes == 1 else tuple(f"{self.host}-{n + 1}" for n in range(self.nodes))

    @property
    def variables(self) -> Mapping[str, str]:
        """What its container is told, but for Kafka and secrets."""
        listens = {self.host_variable: "0.0.0.0", self.port_variable: str(self.port)}  # noqa: S104
        urls = {f"{self.name.upper()}_{each.name.upper()}_URL": each.url for each in DOMAIN}
        return {**(listens if self.port else {}), **(urls if self.calls else {}), **self.environment}

    @property
    def url(self) -> str:
        """Where other containers find it."""
        return f"http://{self.host}:{self.port}"

    @property
    def probe_port(self) -> int:
        """Where its container answers `/readyz`, `/healthz` and `/metrics`; 0: nowhere."""
        return self.ops_port or self.port


DRAIN_S: Final = 10
SERVICES: Final = (
    Service(
        name="edge",
        module="autodmca_edge",
        about="Kafka to WebSocket",
        port=8080,
        ops_port=9090,
        paths=("/ws", "/events"),
        streams=True,
        environment={
            "EDGE_ADMIN_HOST": "0.0.0.0",  # noqa: S104
            "EDGE_ADMIN_PORT": "9090",
            "EDGE_ADMIN_TOKEN_FILE": f"{SECRETS}/{ADMIN_TOKEN}",
            "EDGE_DRAIN_SECONDS": str(DRAIN_S),
        },
        need=Need(replicas=3, most_replicas=12),
        stop_s=DRAIN_S + 20,
        nodes=2,
    ),
    Service(
        name="templates",
        module="autodmca_templates",
        about="takedown templates: validation, review, rendering; analysis of notices",
        port=8081,
        paths=("/v1/templates", "/v1/notices", "/v1/dead-letters/templates"),
        processor=True,
        need=Need(memory_mb=1024),
    ),
    Service(
        name="delisting",
        module="autodmca_delisting",
        about="requests to search engines to delist URLs, and the watch over what becomes of them",
        port=8082,
        paths=("/v1/requests", "/v1/urls", "/v1/delisting", "/v1/dead-letters/delisting"),
        processor=True,
    ),
    Service(
        name="social_media",
        module="autodmca_social_media",
        about="impersonators on social platforms: scans, incidents, reports",
        port=8083,
        paths=(
            "/v1/match",
            "/v1/watches",
            "/v1/scans",
            "/v1/incidents",
            "/v1/platforms",
            "/v1/dead-letters/social_media",
        ),
        processor=True,
    ),
    Service(
        name="ai_detection",
        module="autodmca_ai_detection",
        about="copies of pictures: references, detections, batches, models",
        port=8084,
        paths=("/v1/detections", "/v1/batches", "/v1/models", "/v1/dead-letters/ai_detection"),
        patterns=("/v1/profiles/[0-9]+/references",),
        processor=True,
        need=Need(cpus=2, memory_mb=3072),
    ),
    Service(
        name="accounts",
        module="autodmca_accounts",
        about="profiles and submissions of a user, and what the user is told of them",
        port=8085,
        paths=(
            "/v1/profiles",
            "/v1/submissions",
            "/v1/dashboard",
            "/v1/notifications",
            "/v1/system-notifications",
            "/v1/webhooks",
            "/v1/dead-letters/accounts",
        ),
        processor=True,
        asks=("social_media", "templates", "delisting", "ai_detection"),
        follows=("social_media", "templates", "delisting", "ai_detection"),
        hears_clients=True,
    ),
    Service(
        name="console",
        module="autodmca_console",
        about="the page that people leave open: everything live, and what to do about it",
        port=8070,
        paths=("/console",),
        kafka=False,
        watches=True,
        environment={"CONSOLE_ADMIN_TOKEN_FILE": f"{SECRETS}/{ADMIN_TOKEN}"},
        passed=(
            "CONSOLE_OIDC_ISSUER",
            "CONSOLE_OIDC_CLIENT_ID",
            "CONSOLE_OIDC_SCOPES",
            "CONSOLE_OIDC_RESOURCE",
        ),
        page=True,
        need=Need(cpus=0.5, memory_mb=128),
    ),
    Service(
        name="sandbox",
        module="autodmca_sandbox",
        about="the outside world of demonstrations and tests: search engines, and people at work",
        port=8090,
        calls=True,
        environment={"SANDBOX_WORLD_URL": "http://sandbox:8090"},
        need=Need(cpus=0.5, memory_mb=256, replicas=1),
        profile="demo",
    ),
)
DOMAIN: Final = tuple(each for each in SERVICES if each.processor)
COMMAND: Final = Service(
    name="cli",
    module="autodmca_client.cli",
    about="the autodmca command",
    folder="libs/client",
    extra="cli",
    need=Need(cpus=0.5, memory_mb=256),
    profile="tools",
)
"""The command, which sets up topics, too: no service, but an image."""
IMAGES: Final = (*SERVICES, COMMAND)


class Listening(msgspec.Struct, frozen=True):
    """Where a service takes requests."""

    host: str
    port: int


def listening(service: Service, environ: Mapping[str, str]) -> Listening:
    """Where it listens with this environment. Raises ConfigError."""
    hints = get_type_hints(service.settings, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(service.settings)}
    part = msgspec.defstruct(
        "Part", [(name, hints[name], defaults[name]) for name in ("host", "port")], frozen=True, kw_only=True
    )
    return Listening(**msgspec.structs.asdict(load(part, environ)))
