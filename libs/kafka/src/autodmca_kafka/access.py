"""One client's way to the brokers: what a new connection shows and trusts, and what became of the last ones.

Owns the reading of credentials as connections are made, so that renewed files count for the next one; the
pause after a broker and this client could not agree (a wrong password, an unknown authority), which grows,
so that neither log nor broker is flooded; and the one line that says why, again each minute while it lasts.
Opens no connection: `connection` does, and tells. Credentials are in no text here.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from typing import Any, Final

import structlog
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError

from autodmca_kafka.brokers import Brokers, Security, addresses

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
SAY_AGAIN_S: Final = 60.0
MOST_SAID: Final = 1000

ENDED: Final = "it ended the connection at the first question"

log = structlog.get_logger(__name__)

_said: dict[tuple[str, ...], float] = {}
"""What any client of this process has said, and when: each process has many clients of one cluster."""

Address = tuple[str, int]
Signature = tuple[tuple[int, ...], ...]


class NotReached(KafkaConnectionError):  # type: ignore[misc]
    """No connection to a broker, and why. `disagreement`: it will fail again until somebody, or a renewal,
    changes something on either side."""

    def __init__(self, reason: str, *, disagreement: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.disagreement = disagreement

    def __str__(self) -> str:
        return self.reason


class Access(AbstractTokenProvider):  # type: ignore[misc]
    """`reason`: why the last try failed; None once a broker was reached.

    aiokafka hands its token provider to every connection: this is that, so that a connection can ask for all
    that may have been renewed since the client was made.
    """

    def __init__(self, brokers: Brokers) -> None:
        self.bootstrap_servers = addresses(brokers)
        self.reason: str | None = None
        self._security: Security | None = None if isinstance(brokers, str) else brokers.security
        self._context: tuple[Signature, ssl.SSLContext] | None = None
        self._refused: dict[Address, tuple[float, float, Signature, NotReached]] = {}
        in_clear = not self.encrypted and self._security is not None and self._security.mechanism == "PLAIN"
        if in_clear:
            say("the password goes to Kafka in the clear", bootstrap_servers=self.bootstrap_servers)
        self.connections: set[Any] = set()
        """The open ones; aiokafka may not hold one any more: its session is over, or a task was cancelled."""

    @property
    def protocol(self) -> str:
        """Kafka's name of it."""
        return "PLAINTEXT" if self._security is None else self._security.protocol

    @property
    def encrypted(self) -> bool:
        """Whether connections are in TLS."""
        return self._security is not None and self._security.encrypted

    @property
    def authenticated(self) -> bool:
        """Whether connections begin with SASL."""
        return self._security is not None and self._security.authenticated

    def options(self) -> dict[str, Any]:
        """What aiokafka's clients are made with. It wants some context and some password at once; each
        connection takes its own."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.protocol,
            "sasl_oauth_token_provider": self,
        }
        if self.encrypted:
            options["ssl_context"] = self
        if self._security is not None and self._security.mechanism is not None:
            options["sasl_mechanism"] = self._security.mechanism
            options["sasl_plain_username"] = self._security.username
            options["sasl_plain_password"] = ""
        return options

    async def ssl_context(self) -> ssl.SSLContext | None:
        """As the files are now; None without TLS. Raises NotReached."""
        if self._security is None or not self.encrypted:
            return None
        signature = self._signature()
        if self._context is None or self._context[0] != signature:
            try:
                self._context = signature, await asyncio.to_thread(self._security.ssl_context)
            except ValueError as error:
                raise NotReached(str(error), disagreement=True) from None
        return self._context[1]

    def password(self) -> str:
        """As it is now, for PLAIN and SCRAM; "" where there is none. Raises NotReached."""
        if self._security is None or not self.authenticated or self._security.mechanism == "OAUTHBEARER":
            return ""
        try:
            return self._security.password_now()
        except ValueError as error:
            raise NotReached(str(error), disagreement=True) from None

    async def token(self) -> str:
        """As it is now, for OAUTHBEARER. Raises NotReached."""
        assert self._security is not None
        try:
            return self._security.token_now()
        except ValueError as error:
            raise NotReached(str(error), disagreement=True) from None

    def admit(self, address: Address) -> None:
        """Before a try. Raises the last one's NotReached while its pause lasts, unless a file has changed."""
        if (refused := self._refused.get(address)) is not None:
            until, _pause, signature, error = refused
            if time.monotonic() < until and signature == self._signature():
                raise NotReached(error.reason, disagreement=True)

    def failed(self, address: Address, error: NotReached) -> None:
        """After a try."""
        broker = f"{address[0]}:{address[1]}"
        self.reason = error.reason if broker == self.bootstrap_servers else f"{broker}: {error.reason}"
        if error.disagreement:
            _until, pause, *_ = self._refused.get(address, (0.0, FIRST_PAUSE_S / 2))
            pause = min(pause * 2, LONGEST_PAUSE_S)
            self._refused[address] = time.monotonic() + pause, pause, self._signature(), error
        say("a Kafka broker cannot be reached", broker=broker, reason=error.reason)

    def ended_at_once(self, address: Address) -> None:
        """A connection that was made is at its end, and nothing was answered."""
        self.failed(
            address, NotReached(ENDED if self.authenticated else f"{ENDED}, as a listener with SASL does")
        )

    def reached(self, address: Address) -> None:
        """After a try."""
        self.reason = None
        self._refused.pop(address, None)

    def _signature(self) -> Signature:
        """Another one when a file was written, or put in another's place."""
        return tuple(map(_stamp, () if self._security is None else self._security.files()))


def say(event: str, **about: str) -> None:
    """Log a warning, unless this process has said the same within a minute."""
    now, line = time.monotonic(), (event, *about.values())
    if now - _said.get(line, -SAY_AGAIN_S) < SAY_AGAIN_S:
        return
    if len(_said) >= MOST_SAID:
        _said.clear()
    _said[line] = now
    log.warning(event, **about)


def _stamp(file: str) -> tuple[int, ...]:
    try:
        found = os.stat(file)
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
