"""The console's settings: one frozen struct, read from the environment once, at the entry point.

Raises ConfigError for an address that is none, and for development sign-in where others could reach it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from autodmca_runtime import ConfigError, Env, Problem, Secret, TokenSettings
from msgspec import Meta, Struct

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class Person(Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody whom the development sign-in hands a token."""

    user_id: int
    name: str
    roles: tuple[str, ...] = ()


class OidcSettings(Struct, frozen=True, kw_only=True):
    """The issuer at which the page signs people in, by OpenID Connect, as a public client; unset: nowhere."""

    issuer: Annotated[
        str,
        Env(
            "CONSOLE_OIDC_ISSUER",
            "Issuer at which people sign in (authorization code with PKCE); its endpoints have its origin."
            " Unset: no such sign-in.",
            "https://id.example.com/",
        ),
    ] = ""
    client_id: Annotated[
        str,
        Env(
            "CONSOLE_OIDC_CLIENT_ID",
            "The console's name at the issuer: a public client whose redirect is the page's address,"
            " `https://events.example.com/console/`.",
            "autodmca-console",
        ),
    ] = ""
    scopes: Annotated[
        tuple[str, ...],
        Env("CONSOLE_OIDC_SCOPES", "What is asked for; `offline_access` for tokens that can be renewed."),
    ] = ("openid", "profile", "offline_access")
    resource: Annotated[
        str,
        Env(
            "CONSOLE_OIDC_RESOURCE",
            "For which resource the access token is meant (RFC 8707); unset: the issuer decides.",
            "https://events.example.com/",
        ),
    ] = ""

    def __post_init__(self) -> None:
        problems = [*self._bad()]
        if problems:
            raise ConfigError(problems)

    def _bad(self) -> Iterator[Problem]:
        issuer = "https://id.example.com/"
        if bool(self.issuer) != bool(self.client_id):
            missing = "CONSOLE_OIDC_CLIENT_ID" if self.issuer else "CONSOLE_OIDC_ISSUER"
            reason = "is missing: issuer and client belong together"
            yield Problem(missing, reason, "autodmca-console" if self.issuer else issuer)
        if not self.issuer:
            return
        safe = ("http", "https") if urlsplit(self.issuer).hostname in LOOPBACK else ("https",)
        if not is_address(self.issuer, safe):
            yield Problem("CONSOLE_OIDC_ISSUER", "is no https address (http is for loopback alone)", issuer)
        if "openid" not in self.scopes:
            yield Problem("CONSOLE_OIDC_SCOPES", "lacks `openid`", "openid,profile,offline_access")
        if self.resource and not urlsplit(self.resource).scheme:
            yield Problem(
                "CONSOLE_OIDC_RESOURCE",
                "is no absolute URI (RFC 8707, section 2)",
                "https://events.example.com/",
            )


class ConsoleSettings(Struct, frozen=True, kw_only=True):
    """Where the console listens, and where its page and its own questions go."""

    tokens: TokenSettings
    oidc: OidcSettings = OidcSettings()
    host: Annotated[str, Env("CONSOLE_HOST", "Address to listen on.", "0.0.0.0")] = "127.0.0.1"  # noqa: S104
    port: Annotated[
        int, Env("CONSOLE_PORT", "Port to listen on; 0 takes any free one.", "8070"), Meta(ge=0, le=65_535)
    ] = 8070
    edge_url: Annotated[
        str,
        Env(
            "CONSOLE_EDGE_URL",
            "Where the page opens its WebSocket; unset: `/ws` of its own origin.",
            "ws://localhost:8080/ws",
        ),
    ] = ""
    service_urls: Annotated[
        tuple[str, ...],
        Env(
            "CONSOLE_SERVICE_URLS",
            "Where the page asks each service, `NAME=URL`; unset: its own origin, behind a load balancer.",
            "templates=http://localhost:8081",
        ),
    ] = ()
    nodes: Annotated[
        tuple[str, ...],
        Env(
            "CONSOLE_NODES",
            "Where each process answers `/metrics`, `NAME=URL`, for operators; unset: what Prometheus has.",
            "edge-1=http://edge-1:9090",
        ),
    ] = ()
    prometheus_url: Annotated[
        str,
        Env(
            "CONSOLE_PROMETHEUS_URL",
            "Prometheus, for the course of the last minutes; unset: the course since the page was opened.",
            "http://prometheus:9090",
        ),
    ] = ""
    edges: Annotated[
        tuple[str, ...],
        Env(
            "CONSOLE_EDGES",
            "Where edges have their operators' listener, `NAME=URL`, to show who is behind; a name with"
            " several addresses is several edges. Needs `CONSOLE_ADMIN_TOKEN`.",
            "edge=http://edge-ops:9090",
        ),
    ] = ()
    admin_token: Annotated[
        Secret | None,
        Env("CONSOLE_ADMIN_TOKEN", "`EDGE_ADMIN_TOKEN` of the edges.", "$(openssl rand -hex 32)"),
    ] = None
    people: Annotated[
        tuple[str, ...],
        Env(
            "CONSOLE_PEOPLE",
            "Who may sign in without a password, `NUMBER=NAME` or `NUMBER=NAME=ROLE`; for development, on"
            " loopback alone, signed with `JWT_SECRET`. Unset: nobody.",
            "12345=Ada,900=Ruth=reviewer",
        ),
    ] = ()

    def __post_init__(self) -> None:
        problems = [*self._bad_addresses(), *self._bad_people()]
        if problems:
            raise ConfigError(problems)

    @property
    def services(self) -> Mapping[str, str]:
        """Each service's address by its name."""
        return dict(_split(each) for each in self.service_urls)

    @property
    def places(self) -> Mapping[str, str]:
        """Each node's address by its name."""
        return dict(_split(each) for each in self.nodes)

    @property
    def edge_places(self) -> Mapping[str, str]:
        """Each edge's operators' listener by its name."""
        return dict(_split(each) for each in self.edges)

    @property
    def known_people(self) -> tuple[Person, ...]:
        """Whom the development sign-in knows."""
        found = []
        for each in self.people:
            number, _, rest = each.partition("=")
            name, _, role = rest.partition("=")
            found.append(Person(user_id=int(number), name=name, roles=(role,) if role else ()))
        return tuple(found)

    def _bad_addresses(self) -> Iterator[Problem]:
        if self.edge_url and not is_address(self.edge_url, ("ws", "wss")):
            yield Problem("CONSOLE_EDGE_URL", "is no ws or wss address", "ws://localhost:8080/ws")
        if self.prometheus_url and not is_address(self.prometheus_url, ("http", "https")):
            yield Problem("CONSOLE_PROMETHEUS_URL", "is no http or https address", "http://prometheus:9090")
        if self.edges and self.admin_token is None:
            yield Problem("CONSOLE_ADMIN_TOKEN", "is missing, and CONSOLE_EDGES needs it", "EDGE_ADMIN_TOKEN")
        several = {
            "CONSOLE_SERVICE_URLS": self.service_urls,
            "CONSOLE_NODES": self.nodes,
            "CONSOLE_EDGES": self.edges,
        }
        for variable, pairs in several.items():
            bad = [each for each in pairs if not is_address(_split(each)[1], ("http", "https"))]
            if bad:
                yield Problem(variable, f"{bad[0]!r} is not NAME=URL", "templates=http://localhost:8081")

    def _bad_people(self) -> Iterator[Problem]:
        if not self.people:
            return
        bad = [each for each in self.people if not each.partition("=")[0].isdecimal() or "=" not in each]
        if bad:
            yield Problem("CONSOLE_PEOPLE", f"{bad[0]!r} is not NUMBER=NAME", "12345=Ada")
        if self.host not in LOOPBACK:
            reason = f"hands tokens to whoever asks, and CONSOLE_HOST is {self.host}: loopback alone is safe"
            yield Problem("CONSOLE_PEOPLE", reason, "unset")
        if self.tokens.secret is None:
            yield Problem("CONSOLE_PEOPLE", "needs JWT_SECRET to sign with", "unset")


def _split(pair: str) -> tuple[str, str]:
    name, _, url = pair.partition("=")
    return name, url


def is_address(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether it is an absolute URL with one of these schemes and without characters that end a directive."""
    try:
        parts = urlsplit(text)
        plain = not any(each in text for each in " ;,'\"\r\n")
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and plain
    except ValueError:
        return False
