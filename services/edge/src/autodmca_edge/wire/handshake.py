"""The head of a request, and whether a WebSocket may come of it (RFC 6455, section 4.2), without I/O.

Owns parsing the head (by httptools) and the answer to an upgrade. A request that asks for no upgrade
is not judged here: it is for the HTTP application. An upgrade that is not valid raises
`HandshakeRefused` with the HTTP status to answer.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import httptools
from autodmca_events import FAMILIES
from autodmca_runtime import is_host

from autodmca_edge.protocol import Refusal
from autodmca_edge.wire.credentials import require_origin, token_of
from autodmca_edge.wire.deflate import Deflate, agreed

__all__ = ["MAX_HEAD", "HandshakeRefused", "Upgrade", "accept", "may_begin", "read_upgrade"]

MAX_HEAD: Final = 32 * 1024  # bytes of a request's head
SUBPROTOCOL: Final = "autodmca.v1"
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BEGINNING: Final = re.compile(rb"[A-Z-]{1,24}(?: |\Z)")  # a method
_REQUEST_LINE: Final = re.compile(rb"[A-Z-]{1,24} [^\x00-\x20\x7f]+ HTTP/[0-9]\.[0-9]\r\n")


class HandshakeRefused(Exception):
    """An HTTP answer instead of an upgrade; the socket is closed after it."""

    def __init__(self, status: HTTPStatus, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers

    def response(self) -> bytes:
        """The whole answer."""
        body = f"{self.detail}\n".encode()
        upgrade = "Upgrade, " if "Upgrade" in self.headers else ""
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"Connection: {upgrade}close",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(body)}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Upgrade(NamedTuple):
    """A valid request for a WebSocket. `family` is None at the plain address."""

    family: str | None
    key: bytes
    token: str | None
    origin: str | None
    subprotocol: str | None
    deflate: Deflate | None = None
    """How messages are compressed."""
    forwarded: str = ""
    """X-Forwarded-For, all of it."""


class _Head:
    """What httptools calls back with."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[bytes, list[bytes]] = {}
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.setdefault(name.lower(), []).append(value)

    def on_headers_complete(self) -> None:
        self.complete = True

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1").strip() for value in self.headers.get(name, ())]

    def one(self, name: bytes) -> str | None:
        values = self.all(name)
        if len(values) > 1:
            raise HandshakeRefused(HTTPStatus.BAD_REQUEST, f"more than one {name.decode()} header")
        return values[0] if values else None

    def tokens(self, name: bytes) -> list[str]:
        return [token.strip() for value in self.all(name) for token in value.split(",")]


def may_begin(head: bytes | bytearray) -> bool:
    """Whether a request's head may begin so: TLS, another protocol and noise do not."""
    end = head.find(b"\n", 0, MAX_HEAD)
    return (_BEGINNING.match(head) if end < 0 else _REQUEST_LINE.fullmatch(head, 0, end + 1)) is not None


def read_upgrade(head: bytes, origins: Collection[str], *, compression: bool = False) -> Upgrade | None:
    """The upgrade that a complete head (to the empty line) asks for, or None for plain HTTP.

    `origins`: the allowed values of Origin, any when empty; `compression`: whether an offer of it may be
    taken. Raises HandshakeRefused.
    """
    if b"upgrade" not in head.lower():
        return None
    read = _Head()
    parser = httptools.HttpRequestParser(read)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        raise HandshakeRefused(HTTPStatus.BAD_REQUEST, "not an HTTP request") from None
    if not read.complete or "websocket" not in [each.lower() for each in read.tokens(b"upgrade")]:
        return None
    if parser.get_method() != b"GET":
        raise HandshakeRefused(HTTPStatus.METHOD_NOT_ALLOWED, "a WebSocket opens with GET", Allow="GET")
    if parser.get_http_version() != "1.1":
        raise HandshakeRefused(HTTPStatus.BAD_REQUEST, "a WebSocket opens with HTTP/1.1")
    upgrade = _check(read, origins)
    if compression:
        return upgrade._replace(deflate=agreed(read.all(b"sec-websocket-extensions")))
    return upgrade


def _check(read: _Head, origins: Collection[str]) -> Upgrade:
    bad = HTTPStatus.BAD_REQUEST
    host = read.one(b"host")
    if host is None or not is_host(host.encode("latin-1")):
        raise HandshakeRefused(bad, "no valid Host header")
    if "upgrade" not in [each.lower() for each in read.tokens(b"connection")]:
        raise HandshakeRefused(bad, "the Connection header does not say upgrade")
    if read.one(b"sec-websocket-version") != "13":
        # RFC 6455, section 4.2.2, and RFC 9110, section 15.5.22: what would be taken instead.
        spoken = {"Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
        raise HandshakeRefused(HTTPStatus.UPGRADE_REQUIRED, "WebSocket version 13 is spoken here", **spoken)
    key = read.one(b"sec-websocket-key") or ""
    try:
        nonce = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if len(nonce) != 16:
        raise HandshakeRefused(bad, "Sec-WebSocket-Key is not 16 bytes of base64")
    if read.one(b"content-length") not in {None, "0"} or read.all(b"transfer-encoding"):
        raise HandshakeRefused(bad, "an upgrade has no body")
    origin = read.one(b"origin")
    try:
        require_origin(origins, read.all(b"origin"))
    except Refusal as refusal:
        raise HandshakeRefused(HTTPStatus.FORBIDDEN, refusal.message) from None
    family, query = _address(read.url)
    offered = read.tokens(b"sec-websocket-protocol")
    read.one(b"authorization")
    return Upgrade(
        family=family,
        key=key.encode(),
        token=token_of(read.all(b"authorization"), parse_qsl(query), offered),
        origin=origin,
        subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None,
        forwarded=",".join(read.all(b"x-forwarded-for")),
    )


def _address(url: bytes) -> tuple[str | None, str]:
    try:
        parts = httptools.parse_url(url)
        path, query = (parts.path or b"").decode(), (parts.query or b"").decode()
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        raise HandshakeRefused(HTTPStatus.BAD_REQUEST, "invalid address") from None
    if path == "/ws":
        return None, query
    family = path.removeprefix("/ws/")
    if family not in FAMILIES:
        raise HandshakeRefused(
            HTTPStatus.NOT_FOUND, f"the WebSocket is at /ws and /ws/{{{','.join(FAMILIES)}}}"
        )
    return family, query


def accept(upgrade: Upgrade) -> bytes:
    """The 101 answer."""
    digest = hashlib.sha1(upgrade.key + _GUID, usedforsecurity=False).digest()
    subprotocol = f"Sec-WebSocket-Protocol: {upgrade.subprotocol}\r\n" if upgrade.subprotocol else ""
    extensions = f"Sec-WebSocket-Extensions: {upgrade.deflate.answer}\r\n" if upgrade.deflate else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n{subprotocol}{extensions}\r\n"
    ).encode()
