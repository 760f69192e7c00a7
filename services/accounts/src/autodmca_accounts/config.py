"""The service's settings: one frozen struct, read from the environment once, at the entry point."""

from __future__ import annotations

from typing import Annotated, Final

from autodmca_events.errors import InvalidTimestamp
from autodmca_events.scalars import Engine
from autodmca_events.timestamps import ms_of
from autodmca_runtime import ConfigError, Env, Problem, Secret
from autodmca_service.outside import Network, networks
from autodmca_service.settings import Port, ServiceSettings
from msgspec import Meta

from autodmca_accounts.submissions.state import Rules
from autodmca_accounts.webhooks.signing import Keys

_EXAMPLE: Final = "10.0.0.0/8"
_MOMENT: Final = "2026-03-14T00:00:00Z"


class AccountsSettings(ServiceSettings, frozen=True, kw_only=True):
    """Everything the service is told. Times are seconds."""

    host: Annotated[str, Env("ACCOUNTS_HOST", "Address to listen on.", "0.0.0.0")] = "127.0.0.1"  # noqa: S104
    port: Annotated[Port, Env("ACCOUNTS_PORT", "Port to listen on; 0 takes any free one.", "8085")] = 8085
    engines: Annotated[
        tuple[Engine, ...],
        Env("ACCOUNTS_ENGINES", "Engines that a notice goes to unless it says so.", "google,bing"),
        Meta(min_length=1),
    ] = ("google", "bing")
    saga_answer_s: Annotated[
        float,
        Env("ACCOUNTS_ANSWER_SECONDS", "How long another service's answer is waited for.", "600"),
        Meta(gt=0, le=604_800),
    ] = 600.0
    decision_s: Annotated[
        float,
        Env("ACCOUNTS_DECISION_SECONDS", "How long an engine's decision is waited for.", "3456000"),
        Meta(gt=0, le=31_536_000),
    ] = 3_456_000.0

    webhook_key: Annotated[
        Secret,
        Env(
            "ACCOUNTS_WEBHOOK_KEY",
            "What the secrets of users' webhooks are derived from; every replica has the same. Without it "
            "there are no webhooks; a new one changes every secret.",
            "$(openssl rand -hex 32)",
        ),
    ] = Secret("")
    former_key: Annotated[
        Secret,
        Env(
            "ACCOUNTS_WEBHOOK_FORMER_KEY",
            "The key before it, whose secrets sign beside the new ones for a while.",
        ),
    ] = Secret("")
    former_until: Annotated[
        str,
        Env("ACCOUNTS_WEBHOOK_FORMER_UNTIL", "Until when they do, in RFC 3339.", _MOMENT),
    ] = ""
    webhook_s: Annotated[
        float,
        Env("ACCOUNTS_WEBHOOK_SECONDS", "How long an endpoint's answer is waited for.", "15"),
        Meta(gt=0, le=120),
    ] = 15.0
    allowed: Annotated[
        tuple[str, ...],
        Env(
            "ACCOUNTS_ALLOWED_NETWORKS",
            "Addresses beside the public Internet's that webhooks may lead to.",
            _EXAMPLE,
        ),
    ] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.networks()
        self.keys()

    def networks(self) -> tuple[Network, ...]:
        """What webhooks may lead to beside the public Internet. Raises ConfigError."""
        try:
            return networks(self.allowed)
        except ValueError as error:
            raise ConfigError([Problem("ACCOUNTS_ALLOWED_NETWORKS", str(error), _EXAMPLE)]) from error

    def keys(self) -> Keys:
        """What the secrets of webhooks are derived from. Raises ConfigError."""
        name = "ACCOUNTS_WEBHOOK_FORMER_UNTIL"
        if not self.former_key.reveal():
            if self.former_until:
                reason = f"is missing, and {name} says until when it is used"
                raise ConfigError([Problem("ACCOUNTS_WEBHOOK_FORMER_KEY", reason)])
            return Keys(self.webhook_key)
        if not self.webhook_key.reveal():
            raise ConfigError([Problem("ACCOUNTS_WEBHOOK_KEY", "is missing, and there is a former one")])
        try:
            return Keys(self.webhook_key, self.former_key, ms_of(self.former_until))
        except InvalidTimestamp as error:
            raise ConfigError([Problem(name, str(error), _MOMENT)]) from error

    def rules(self) -> Rules:
        """What the model is told of times."""
        return Rules(answer_ms=int(self.saga_answer_s * 1000), decision_ms=int(self.decision_s * 1000))
