"""The service's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple, get_args
from urllib.parse import urlsplit

from autodmca_events.scalars import Engine
from autodmca_runtime import ConfigError, Env, Problem, Secret
from autodmca_service.settings import Port, ServiceSettings
from msgspec import Meta

from autodmca_delisting.engines.adapters import ADAPTERS
from autodmca_delisting.model.state import Rules

_EXAMPLE: Final = "google=key:https://google.example/api,duckduckgo=packet"


class EngineAt(NamedTuple):
    """How an engine is spoken to, and where; a packet's address is only for its search, and may be absent."""

    name: Engine
    adapter: str
    base: str | None


class DelistingSettings(ServiceSettings, frozen=True, kw_only=True):
    """Everything the service is told. Times are seconds."""

    host: Annotated[str, Env("DELISTING_HOST", "Address to listen on.", "0.0.0.0")] = "127.0.0.1"  # noqa: S104
    port: Annotated[Port, Env("DELISTING_PORT", "Port to listen on; 0 takes any free one.", "8082")] = 8082
    engines: Annotated[
        tuple[str, ...],
        Env(
            "DELISTING_ENGINES",
            "Each `NAME=ADAPTER:ADDRESS`. Adapters: `key` (knows idempotency keys), `lookup` (can be asked "
            "what it has), `never` (neither: a person decides), `packet` (a form; its search's address).",
            _EXAMPLE,
        ),
    ] = ()
    engine_key: Annotated[
        Secret, Env("DELISTING_ENGINE_KEY", "API key that engines are shown.", "$(openssl rand -hex 16)")
    ] = Secret("")
    per_s: Annotated[
        float,
        Env("DELISTING_ENGINE_RATE", "Requests a second to one engine, per replica.", "5"),
        Meta(gt=0, le=10_000),
    ] = 5.0
    timeout_s: Annotated[
        float,
        Env("DELISTING_ENGINE_SECONDS", "How long an engine's answer is waited for.", "20"),
        Meta(gt=0, le=600),
    ] = 20.0
    alone_s: Annotated[
        float,
        Env("DELISTING_BREAKER_SECONDS", "How long an engine that fails is left alone.", "15"),
        Meta(gt=0, le=3_600),
    ] = 15.0
    poll_s: Annotated[
        float,
        Env("DELISTING_POLL_SECONDS", "The first poll after news; then twice as long each time.", "60"),
        Meta(gt=0, le=86_400),
    ] = 60.0
    expiry_s: Annotated[
        float,
        Env("DELISTING_EXPIRY_SECONDS", "A request without a decision for so long expires.", "2592000"),
        Meta(gt=0, le=31_536_000),
    ] = 2_592_000.0
    watch_s: Annotated[
        float,
        Env(
            "DELISTING_WATCH_SECONDS",
            "The next look at URLs after a change; then twice as long each time.",
            "3600",
        ),
        Meta(gt=0, le=2_592_000),
    ] = 3_600.0
    longest_watch_s: Annotated[
        float,
        Env("DELISTING_LONGEST_WATCH_SECONDS", "The longest time between two looks.", "604800"),
        Meta(gt=0, le=31_536_000),
    ] = 604_800.0
    rank_step: Annotated[
        int, Env("DELISTING_RANK_STEP", "A rank that changed by so much is told.", "10"), Meta(ge=1, le=100)
    ] = 10
    lumen_url: Annotated[
        str, Env("DELISTING_LUMEN_URL", "The Lumen database.", "https://lumendatabase.org")
    ] = "https://lumendatabase.org"
    lumen_token: Annotated[
        Secret | None,
        Env(
            "DELISTING_LUMEN_TOKEN",
            "With it, copies of what was sent are filed with Lumen.",
            "$(cat lumen-token)",
        ),
    ] = None
    at_once: Annotated[
        int, Env("DELISTING_AT_ONCE", "Jobs performed at a time, per replica.", "16"), Meta(ge=1, le=1_000)
    ] = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        self.engines_at()

    def engines_at(self) -> list[EngineAt]:
        """The engines that requests may go to. Raises ConfigError."""
        found = [_engine(each) for each in self.engines]
        names = [each.name for each in found]
        if len(set(names)) < len(names):
            raise ConfigError([Problem("DELISTING_ENGINES", "names an engine twice", _EXAMPLE)])
        return found

    def rules(self) -> Rules:
        """What the model is told of times."""
        return Rules(
            poll_ms=_ms(self.poll_s),
            longest_poll_ms=max(
                _ms(self.poll_s), 6 * 3_600_000 if self.poll_s >= 60 else _ms(self.poll_s) * 8
            ),
            settle_ms=_ms(self.timeout_s),
            expiry_ms=_ms(self.expiry_s),
            watch_ms=_ms(self.watch_s),
            longest_watch_ms=max(_ms(self.watch_s), _ms(self.longest_watch_s)),
            rank_step=self.rank_step,
        )


def _engine(text: str) -> EngineAt:
    name, _, rest = text.partition("=")
    adapter, _, base = rest.partition(":")
    reason = ""
    if name not in get_args(Engine):
        reason = f"{name!r} is none of {', '.join(get_args(Engine))}"
    elif adapter not in ADAPTERS:
        reason = f"{adapter!r} is none of {', '.join(ADAPTERS)}"
    elif (base or adapter != "packet") and urlsplit(base).scheme not in ("http", "https"):
        reason = f"{name} has no http or https address"
    if reason:
        raise ConfigError([Problem("DELISTING_ENGINES", reason, _EXAMPLE)])
    return EngineAt(name, adapter, base or None)  # type: ignore[arg-type]


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
