"""What a client is told about the brokers: where they are, and how they are talked to.

`Brokers` is what every client takes as `bootstrap_servers`: a text where the listener has neither TLS nor
SASL, else an object with both, as `autodmca_runtime.KafkaSettings` is. Owns these shapes and nothing else.
"""

from __future__ import annotations

import ssl
from typing import Protocol, TypeAlias


class Security(Protocol):
    """TLS and SASL of a listener. The methods read files anew, and raise ValueError with what is wrong with
    which; no text of theirs shows what a file holds."""

    @property
    def protocol(self) -> str:
        """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""

    @property
    def encrypted(self) -> bool:
        """Whether connections are in TLS."""

    @property
    def authenticated(self) -> bool:
        """Whether connections begin with SASL."""

    @property
    def mechanism(self) -> str | None:
        """PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, where there is SASL."""

    @property
    def username(self) -> str | None:
        """For PLAIN and SCRAM."""

    def files(self) -> tuple[str, ...]:
        """All that is read."""

    def ssl_context(self) -> ssl.SSLContext: ...
    def password_now(self) -> str: ...
    def token_now(self) -> str: ...


class SecuredBrokers(Protocol):
    """`bootstrap_servers`: `host:port[,host:port]`."""

    @property
    def bootstrap_servers(self) -> str: ...
    @property
    def security(self) -> Security: ...


Brokers: TypeAlias = str | SecuredBrokers


def addresses(brokers: Brokers) -> str:
    """`host:port[,host:port]`, for aiokafka and for people."""
    return brokers if isinstance(brokers, str) else brokers.bootstrap_servers
