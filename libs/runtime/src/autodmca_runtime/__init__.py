"""What every service's process needs: settings, logs, health, metrics, shutdown, token verification."""

from .environment import Env, Prefix, Secret, describe, load
from .errors import (
    ConfigError,
    InvalidToken,
    KeysUnavailable,
    Problem,
    RuntimeLibraryError,
    ServeError,
    TokenError,
    TokenExpired,
    UnknownKey,
)
from .garbage import settle_garbage_collector
from .health import Health
from .http import HttpProtocol, is_host
from .kafka_security import KafkaSecurity
from .logs import configure_logging
from .metrics import show_process
from .ops import ops_routes
from .process import StoppedAtOnce, run
from .serving import Background, serve, serve_beside
from .settings import KafkaSettings, LogSettings, TokenSettings
from .tokens import LONGEST_TOKEN_ID, Claims, TokenVerifier

__all__ = [
    "LONGEST_TOKEN_ID",
    "Background",
    "Claims",
    "ConfigError",
    "Env",
    "Health",
    "HttpProtocol",
    "InvalidToken",
    "KafkaSecurity",
    "KafkaSettings",
    "KeysUnavailable",
    "LogSettings",
    "Prefix",
    "Problem",
    "RuntimeLibraryError",
    "Secret",
    "ServeError",
    "StoppedAtOnce",
    "TokenError",
    "TokenExpired",
    "TokenSettings",
    "TokenVerifier",
    "UnknownKey",
    "configure_logging",
    "describe",
    "is_host",
    "load",
    "ops_routes",
    "run",
    "serve",
    "serve_beside",
    "settle_garbage_collector",
    "show_process",
]
