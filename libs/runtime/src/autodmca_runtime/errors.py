"""What this library raises, and nothing else.

    RuntimeLibraryError
    ├── ConfigError             the environment is incomplete or wrong: fatal, names every bad key
    ├── ServeError              the server could not start, or a background task ended: fatal
    └── TokenError
        ├── KeysUnavailable     the key cannot be had at the moment: ours to mend, try again later
        └── InvalidToken        this token is refused: `reason` is one of a fixed set of words
            ├── TokenExpired    it was good until `expired_at`: the client needs a new one
            └── UnknownKey      signed with a key that we do not have (yet): a refresh may bring it

No message here ever holds a token, a secret or any part of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class RuntimeLibraryError(Exception):
    """The root of every error that this library raises on purpose."""


class Problem(NamedTuple):
    """One bad key of the environment: its name, why it is bad, and a value that would do."""

    name: str
    reason: str
    example: str = ""

    def __str__(self) -> str:
        hint = f" (for example {self.name}={self.example})" if self.example else ""
        return f"{self.name} {self.reason}{hint}"


class ConfigError(RuntimeLibraryError, ValueError):
    """The environment cannot be used. `problems` lists every bad key at once, in order of reading."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("bad configuration:\n" + "\n".join(f"  {problem}" for problem in self.problems))


class ServeError(RuntimeLibraryError):
    """The server could not start, or a background task ended while the service was meant to run."""


class TokenError(RuntimeLibraryError):
    """A token could not be accepted."""


class KeysUnavailable(TokenError):
    """Nobody can say now whether the token is good: the issuer's keys, or its newest ones, are not here.

    Ask again in `retry_s` seconds.
    """

    def __init__(self, message: str = "the issuer's keys cannot be had", retry_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class InvalidToken(TokenError):
    """The token is refused.

    `reason` is one of `too large`, `malformed`, `type not accepted`, `algorithm not allowed`, `signature`,
    `unknown key`, `claims`, `subject`, `expired`, `not yet valid`, `issuer`, `audience`: fit for a metric's
    label. `detail` says more to a person. Neither quotes the token.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class TokenExpired(InvalidToken):
    """The token was valid until `expired_at` (seconds since 1970, UTC)."""

    def __init__(self, expired_at: int) -> None:
        self.expired_at = expired_at
        super().__init__("expired")


class UnknownKey(InvalidToken):
    """No key that we hold fits the token; after a rotation, `TokenVerifier.refresh` may bring it.

    `reason` is `signature` where we hold one of the name that the token gives.
    """

    def __init__(self, reason: str = "unknown key") -> None:
        super().__init__(reason)
