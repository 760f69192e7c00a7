"""Apache Kafka as it is in production: TLS, SASL and ACLs, without Docker.

Owns one node with a listener for each way to go wrong, the users that it knows (each one's password is its
name and `-secret`), an issuer of tokens, and what administrators do: grant rights and quotas. The listener
without TLS and SASL, `bootstrap_servers`, is theirs. Fails with `NoApacheKafka` without Java or Maven.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final

import jwt
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    Float64,
    Int16,
    Int32,
    Schema,
    String,
)
from autodmca_kafka import cluster
from autodmca_kafka.client import Client
from autodmca_kafka.embedded import free_port
from autodmca_kafka.rights import Right
from autodmca_runtime import KafkaSettings, load
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.apache_kafka import VERSION, Listener, apache_nodes
from tests.certificates import Authority

USERS: Final = ("edge", "templates", "maker", "poor")
SESSION_MS: Final = 2000
"""Of SASL on the listener BRIEF."""
DEADLINE_S: Final = 30
_MEMORY: Final = ("-Xms256m", "-Xmx384m")
_RESOURCES: Final = {"topic": 2, "group": 3}
_OPERATIONS: Final = {
    "READ": 3, "WRITE": 4, "CREATE": 5, "DESCRIBE": 8, "DESCRIBE_CONFIGS": 10, "ALTER_CONFIGS": 11,
}  # fmt: skip
_LITERAL, _ALLOW, _ANY = 3, 3, 1
_LISTENERS: Final = {
    "SASL": "SASL_SSL",
    "CLEAR": "SASL_PLAINTEXT",
    "MUTUAL": "SSL",
    "EXPIRED": "SSL",
    "OTHER": "SSL",
    "BRIEF": "SASL_SSL",
}
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_BEARER: Final = "org.apache.kafka.common.security.oauthbearer"


class SecureKafka:
    """`ports` by the listeners' names; `authority` vouches for all of them."""

    name = "apache"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.authority = Authority(directory)
        self.ports = {name: free_port() for name in _LISTENERS}
        self._issuer = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        keys = directory / "jwks.json"
        key = {**RSAAlgorithm.to_jwk(self._issuer.public_key(), as_dict=True), "kid": "1", "use": "sig"}
        keys.write_text(json.dumps({"keys": [key]}))
        listeners = [Listener(name, kind, self.ports[name]) for name, kind in _LISTENERS.items()]
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys.as_uri()}"
        (self._node,) = apache_nodes(
            directory,
            1,
            [*_MEMORY, allowed],
            listeners=listeners,
            more="\n".join(f"{name}={value}" for name, value in self._configuration(keys)),
            users=[
                f"SCRAM-SHA-{size}=[name={user},password={user}-secret]"
                for user in USERS
                for size in (256, 512)
            ],
        )
        self.bootstrap_servers = self._node.bootstrap_servers

    def start(self) -> None:
        self._node.start()

    def close(self) -> None:
        self._node.kill()

    def _configuration(self, keys: Path) -> Iterable[tuple[str, str]]:
        stores = {
            "EXPIRED": self.authority.issue("expired", expired=True),
            "OTHER": self.authority.issue("other", "other.example"),
        }
        usual = self.authority.issue("broker")
        yield "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        yield "super.users", "User:ANONYMOUS"
        for name, kind in _LISTENERS.items():
            prefix = f"listener.name.{name.lower()}."
            if kind.endswith("SSL"):
                yield prefix + "ssl.keystore.type", "PEM"
                yield prefix + "ssl.keystore.location", str(stores.get(name, usual))
                yield prefix + "ssl.truststore.type", "PEM"
                yield prefix + "ssl.truststore.location", str(self.authority.file)
            if name == "MUTUAL":
                yield prefix + "ssl.client.auth", "required"
            if kind.startswith("SASL"):
                yield prefix + "sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
                users = " ".join(f'user_{user}="{user}-secret"' for user in USERS)
                yield prefix + "plain.sasl.jaas.config", f"{_PLAIN} {users};"
                for scram in ("scram-sha-256", "scram-sha-512"):
                    yield prefix + f"{scram}.sasl.jaas.config", _SCRAM
                    if name == "BRIEF":
                        yield prefix + f"{scram}.connections.max.reauth.ms", str(SESSION_MS)
                bearer = prefix + "oauthbearer.sasl."
                secured = "" if VERSION.startswith("4.") else "secured."
                yield bearer + "jaas.config", f"{_BEARER}.OAuthBearerLoginModule required;"
                yield (
                    bearer + "server.callback.handler.class",
                    f"{_BEARER}.{secured}OAuthBearerValidatorCallbackHandler",
                )
                yield (
                    prefix + "sasl.oauthbearer.jwt.validator.class",
                    f"{_BEARER}.BrokerJwtValidator",  # else one that believes all, from 4.1 on
                )
                yield prefix + "sasl.oauthbearer.jwks.endpoint.url", keys.as_uri()
                yield prefix + "sasl.oauthbearer.expected.audience", "kafka"

    def token(self, user: str, *, lasts_s: float = 3600) -> str:
        """A token of this user's, for OAUTHBEARER."""
        now = int(time.time())
        claims = {"sub": user, "aud": "kafka", "iat": now, "exp": int(now + lasts_s), "scope": "kafka"}
        return jwt.encode(claims, self._issuer, algorithm="RS256", headers={"kid": "1"})

    def environ(self, user: str | None = None, listener: str = "SASL", **settings: str) -> dict[str, str]:
        """A client's settings: with SCRAM as `user`, unless `settings` say otherwise; "" takes one out."""
        environ = {
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.ports[listener]}",
            "KAFKA_SECURITY_PROTOCOL": _LISTENERS[listener],
        }
        if _LISTENERS[listener].endswith("SSL"):
            environ["KAFKA_SSL_CA_FILE"] = str(self.authority.file)
        if user is not None:
            environ["KAFKA_SASL_MECHANISM"] = "SCRAM-SHA-512"
            environ["KAFKA_SASL_USERNAME"] = user
            environ["KAFKA_SASL_PASSWORD"] = f"{user}-secret"
        return {**environ, **settings}

    def settings(self, user: str | None = None, listener: str = "SASL", **settings: str) -> KafkaSettings:
        """The same, as services have them."""
        return load(KafkaSettings, self.environ(user, listener, **settings))

    async def grant(self, principal: str, rights: Iterable[Right]) -> None:
        """Let this principal (`User:...`) do that; returns when the broker does."""
        wanted = {(_RESOURCES[each.resource], each.name, _OPERATIONS[each.operation]) for each in rights}
        async with _administrator(self.bootstrap_servers) as client:
            for kind, name, operation in wanted:
                request = CreateAclsRequest(kind, name, _LITERAL, principal, "*", operation, _ALLOW)
                answer = await client.send(client.get_random_node(), request)
                assert [code for code, _ in answer.creation_responses] == [0], answer
            async with asyncio.timeout(DEADLINE_S):
                while not wanted <= await _granted(client, principal):
                    await asyncio.sleep(0.02)

    async def revoke(self, principal: str, rights: Iterable[Right] | None = None) -> None:
        """Take these rights of this principal away, or all; returns when the broker does."""
        async with _administrator(self.bootstrap_servers) as client:
            unwanted = (
                await _granted(client, principal)
                if rights is None
                else {(_RESOURCES[each.resource], each.name, _OPERATIONS[each.operation]) for each in rights}
            )
            for kind, name, operation in unwanted:
                request = DeleteAclsRequest(kind, name, _LITERAL, principal, None, operation, _ALLOW)
                answer = await client.send(client.get_random_node(), request)
                assert [code for code, *_ in answer.filter_responses] == [0], answer
            async with asyncio.timeout(DEADLINE_S):
                while unwanted & await _granted(client, principal):
                    await asyncio.sleep(0.02)

    async def limit(self, user: str, **quotas: float | None) -> None:
        """Give this user quotas (`producer_byte_rate`, `consumer_byte_rate`: bytes a second); None: none."""
        async with _administrator(self.bootstrap_servers) as client:
            answer = await client.send(client.get_random_node(), _AlterQuotas(user, quotas))
            assert [code for code, *_ in answer.entries] == [0], answer


@asynccontextmanager
async def _administrator(servers: str) -> AsyncIterator[Client]:
    client = await cluster.connect(servers, client_id="administrator", deadline_s=30)
    try:
        yield client
    finally:
        await cluster.close(client)


async def _granted(client: Client, principal: str) -> set[tuple[int, str, int]]:
    """Resource's type, its name and operation of each right, as the broker knows them."""
    request = DescribeAclsRequest(_ANY, None, _ANY, principal, None, _ANY, _ANY)
    answer = await client.send(client.get_random_node(), request)
    assert answer.error_code == 0, answer
    return {
        (kind, name, operation)
        for kind, name, _pattern, acls in answer.resources
        for _principal, _host, operation, _permission in acls
    }


class _Altered(Response):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    SCHEMA: ClassVar[Schema] = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", String()),
                ("entity", Array(("type", String()), ("name", String()))),
            ),
        ),
    )


class _AlterQuotasV0(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _Altered
    SCHEMA: ClassVar[Schema] = Schema(
        (
            "entries",
            Array(
                ("entity", Array(("type", String()), ("name", String()))),
                ("ops", Array(("key", String()), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _AlterQuotas(Request[_AlterQuotasV0]):  # type: ignore[misc]
    """AlterClientQuotas (KIP-546), which aiokafka does not have."""

    API_KEY = 49

    def __init__(self, user: str, quotas: Mapping[str, float | None]) -> None:
        changes = [(name, value or 0.0, value is None) for name, value in quotas.items()]
        self._entries = [([("user", user)], changes)]

    def build(self, request_struct_class: type[_AlterQuotasV0]) -> _AlterQuotasV0:
        return request_struct_class(self._entries, False)
