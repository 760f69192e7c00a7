"""What every service's process needs: settings, logs, health, metrics, shutdown, token verification."""

from .environment import Env, Secret, describe, load
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
from .logs import configure_logging
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
    "InvalidToken",
    "KafkaSettings",
    "KeysUnavailable",
    "LogSettings",
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
    "load",
    "ops_routes",
    "run",
    "serve",
    "serve_beside",
    "settle_garbage_collector",
]
