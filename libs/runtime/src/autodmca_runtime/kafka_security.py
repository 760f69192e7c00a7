"""How a process shows Kafka who it is, and how it knows Kafka: TLS and SASL.

Owns the `KAFKA_SSL_*` and `KAFKA_SASL_*` settings, what they must agree on, and the reading of the files that
they name: every call reads anew, so that a renewed certificate, password or token counts from the next
connection on. Opens no connection. At the start a bad setting or file fails as `ConfigError`, by name; later
a bad file fails as `ValueError` with the variable and the file in its text. No error shows what a file holds.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from .environment import Env, Secret
from .errors import ConfigError, Problem

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

_PROTOCOL: Final = "KAFKA_SECURITY_PROTOCOL"
_CA: Final = "KAFKA_SSL_CA_FILE"
_CERTIFICATE: Final = "KAFKA_SSL_CERTIFICATE_FILE"
_KEY: Final = "KAFKA_SSL_KEY_FILE"
_MECHANISM: Final = "KAFKA_SASL_MECHANISM"
_USERNAME: Final = "KAFKA_SASL_USERNAME"
_PASSWORD: Final = "KAFKA_SASL_PASSWORD"  # noqa: S105 (a variable's name)
_PASSWORD_FILE: Final = "KAFKA_SASL_PASSWORD_FILE"  # noqa: S105
_TOKEN_FILE: Final = "KAFKA_SASL_TOKEN_FILE"  # noqa: S105
_LARGEST_FILE: Final = 64 * 1024
"""Bytes of a password or a token: more is some other file."""


class KafkaSecurity(msgspec.Struct, frozen=True, kw_only=True):
    """TLS and SASL of every connection to Kafka."""

    protocol: Annotated[
        Protocol, Env(_PROTOCOL, "Of the brokers' listener: with or without TLS and SASL.", "SASL_SSL")
    ] = "PLAINTEXT"
    ca_file: Annotated[
        str | None,
        Env(
            _CA,
            "PEM with the authorities that vouch for the brokers; the system's if unset.",
            "/etc/kafka/ca.pem",
        ),
    ] = None
    certificate_file: Annotated[
        str | None,
        Env(_CERTIFICATE, "PEM with this client's certificate and its chain.", "/etc/kafka/client.pem"),
    ] = None
    key_file: Annotated[
        str | None,
        Env(
            _KEY,
            "PEM with its key, not encrypted; may stand in the certificate's file.",
            "/etc/kafka/client.key",
        ),
    ] = None
    mechanism: Annotated[
        Mechanism | None, Env(_MECHANISM, "How this client says who it is.", "SCRAM-SHA-512")
    ] = None
    username: Annotated[str | None, Env(_USERNAME, "For PLAIN and SCRAM.", "templates")] = None
    password: Annotated[Secret | None, Env(_PASSWORD, "Its password.", "$(cat password)")] = None
    password_file: Annotated[
        str | None, Env(_PASSWORD_FILE, "A file that holds the password.", "/run/secrets/kafka-password")
    ] = None
    token_file: Annotated[
        str | None,
        Env(_TOKEN_FILE, "A file that holds the token of OAUTHBEARER.", "/run/secrets/kafka-token"),
    ] = None

    def __post_init__(self) -> None:
        problems = [*self._problems()] or [*self._unusable_files()]
        if problems:
            raise ConfigError(problems)

    @property
    def encrypted(self) -> bool:
        """Whether connections are in TLS."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def authenticated(self) -> bool:
        """Whether connections begin with SASL."""
        return self.protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    def files(self) -> tuple[str, ...]:
        """All that is read, for who wants to know whether it has changed."""
        named = (self.ca_file, self.certificate_file, self.key_file, self.password_file, self.token_file)
        return tuple(file for file in named if file is not None)

    def ssl_context(self) -> ssl.SSLContext:
        """What connections are encrypted and verified with. Raises ValueError."""
        for name, file in ((_CA, self.ca_file), (_CERTIFICATE, self.certificate_file), (_KEY, self.key_file)):
            if file is not None:
                _bytes(name, file)  # ssl does not say which file it cannot open
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:  # ssl's errors are OSErrors
            raise ValueError(f"{_CA} {self.ca_file} cannot be used: {_reason(error)}") from None
        if self.certificate_file is not None:
            try:
                context.load_cert_chain(self.certificate_file, self.key_file, password=_encrypted)
            except (OSError, ValueError) as error:
                key = "" if self.key_file is None else f", with {_KEY} {self.key_file},"
                what = f"{_CERTIFICATE} {self.certificate_file}{key}"
                raise ValueError(f"{what} cannot be used: {_reason(error)}") from None
        return context

    def password_now(self) -> str:
        """The password for PLAIN and SCRAM. Raises ValueError."""
        if self.password is not None:
            return self.password.reveal()
        return _line(_PASSWORD_FILE, self.password_file)

    def token_now(self) -> str:
        """The token for OAUTHBEARER. Raises ValueError."""
        return _line(_TOKEN_FILE, self.token_file)

    def _problems(self) -> Iterator[Problem]:
        """What the settings say that cannot be meant, or do not say."""
        without = f"means nothing while {_PROTOCOL} is {self.protocol}"
        if not self.encrypted:
            for name, value in (
                (_CA, self.ca_file),
                (_CERTIFICATE, self.certificate_file),
                (_KEY, self.key_file),
            ):
                if value is not None:
                    yield Problem(name, without)
        elif self.key_file is not None and self.certificate_file is None:
            yield Problem(_CERTIFICATE, f"is missing, though {_KEY} is set", "/etc/kafka/client.pem")
        sasl = {
            _USERNAME: self.username,
            _PASSWORD: self.password,
            _PASSWORD_FILE: self.password_file,
            _TOKEN_FILE: self.token_file,
        }
        if not self.authenticated:
            for name, given in {_MECHANISM: self.mechanism, **sasl}.items():
                if given is not None:
                    yield Problem(name, without)
        elif self.mechanism is None:
            yield Problem(_MECHANISM, f"is missing, and {_PROTOCOL} is {self.protocol}", "SCRAM-SHA-512")
        else:
            yield from self._mechanism_problems(
                self.mechanism, {name for name in sasl if sasl[name] is not None}
            )

    def _mechanism_problems(self, mechanism: Mechanism, given: set[str]) -> Iterator[Problem]:
        bearer = mechanism == "OAUTHBEARER"
        for name in sorted(given & ({_USERNAME, _PASSWORD, _PASSWORD_FILE} if bearer else {_TOKEN_FILE})):
            yield Problem(name, f"means nothing while {_MECHANISM} is {mechanism}")
        if bearer:
            if _TOKEN_FILE not in given:
                yield Problem(
                    _TOKEN_FILE, f"is missing, and {_MECHANISM} is {mechanism}", "/run/secrets/kafka-token"
                )
            return
        if _USERNAME not in given:
            yield Problem(_USERNAME, f"is missing, and {_MECHANISM} is {mechanism}", "templates")
        if {_PASSWORD, _PASSWORD_FILE} <= given:
            yield Problem(_PASSWORD, f"is set, and so is {_PASSWORD_FILE}: one of the two is meant")
        elif not given & {_PASSWORD, _PASSWORD_FILE}:
            reason = f"is missing, and so is {_PASSWORD_FILE}: {_MECHANISM} {mechanism} needs one of the two"
            yield Problem(_PASSWORD, reason, "$(cat password)")

    def _unusable_files(self) -> Iterator[Problem]:
        tries: list[Callable[[], object]] = []
        if self.encrypted:
            tries.append(self.ssl_context)
        if self.authenticated:
            tries.append(self.token_now if self.mechanism == "OAUTHBEARER" else self.password_now)
        for attempt in tries:
            try:
                attempt()
            except ValueError as error:
                name, _, reason = str(error).partition(" ")
                yield Problem(name, reason)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason.replace("_", " ").lower() if error.reason else "it is not what PEM files hold"
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _bytes(name: str, file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"{name} {file} cannot be used: {_reason(error)}") from None


def _line(name: str, file: str | None) -> str:
    """A file's only line."""
    assert file is not None  # `__post_init__` has seen to it
    data = _bytes(name, file)
    try:
        text = data.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{name} {file} cannot be used: it is no text in UTF-8") from None
    if not text or len(data) > _LARGEST_FILE or any(each in text for each in "\0\1\r\n"):
        raise ValueError(f"{name} {file} cannot be used: it does not hold one line of text")
    return text


def _encrypted() -> str:
    """What OpenSSL asks for when a key is encrypted: without an answer it would ask on the terminal."""
    raise ValueError("the key is encrypted; give one that is not")
