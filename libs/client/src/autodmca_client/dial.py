"""Opening one WebSocket to an edge, the token with it.

Owns the handshake's ways to carry a token, and turns each way it can fail into a close code and a policy.
Never retries and never logs a token or an address with one.
"""

import asyncio
import base64
import binascii
import ssl
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from autodmca_client.closing import Policy, policy_of_status

PROTOCOL = Subprotocol("autodmca.v1")
ABNORMAL = 1006  # RFC 6455, section 7.4.1: no close frame was seen

Authentication = Literal["subprotocol", "header", "message"]


class Ended(msgspec.Struct, frozen=True):
    """How a connection, or the attempt at one, came to its end. `reached`: False where nothing took a TCP
    connection, so that the attempt says nothing about WebSockets."""

    code: int
    reason: str
    policy: Policy
    reached: bool = True


class Greeted(msgspec.Struct, frozen=True):
    """A connection on which the edge has spoken, and what it said first."""

    socket: ClientConnection
    greeting: bytes


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to connect; times in seconds, sizes in bytes. `proxy`: the address of an HTTP or SOCKS
    proxy, or True for the one that the environment names; None goes straight."""

    url: str
    authentication: Authentication = "subprotocol"
    tls: ssl.SSLContext | None = None
    proxy: str | Literal[True] | None = None
    open_timeout_s: float = 10.0
    close_timeout_s: float = 2.0
    max_message_bytes: int = 4 * 1024 * 1024

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise ValueError(f"a WebSocket address begins with ws:// or wss://, not {self.url!r}")


async def dial(address: Address, token: str) -> ClientConnection | Ended:
    """Open a connection; cancellation closes what was opened.

    Message deflate is off: an edge sends small JSON to many. The library's own pings are off too, the
    protocol has heartbeats.
    """
    options: dict[str, Any] = {"proxy": address.proxy}
    if address.authentication == "subprotocol":
        options["subprotocols"] = [PROTOCOL, Subprotocol(f"bearer.{token}")]
    else:
        options["subprotocols"] = [PROTOCOL]
    if address.authentication == "header":
        options["additional_headers"] = {"Authorization": f"Bearer {token}"}
    if address.tls is not None:
        options["ssl"] = address.tls
    try:
        return await connect(
            address.url,
            compression=None,
            ping_interval=None,
            open_timeout=address.open_timeout_s,
            close_timeout=address.close_timeout_s,
            max_size=address.max_message_bytes,
            **options,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        return Ended(status, f"the handshake was answered with HTTP {status}", policy_of_status(status))
    except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
        reached = not isinstance(error, OSError) or isinstance(error, (TimeoutError, ssl.SSLError))
        return Ended(ABNORMAL, str(error) or type(error).__name__, Policy.RECONNECT, reached)


async def dial_until_greeted(address: Address, token: str) -> Greeted | Ended:
    """Open a connection and hear the edge on it: proof that a WebSocket can be had."""
    socket = await dial(address, token)
    if isinstance(socket, Ended):
        return socket
    try:
        async with asyncio.timeout(address.open_timeout_s):
            return Greeted(socket, await socket.recv(decode=False))
    except (ConnectionClosed, TimeoutError):
        socket.transport.abort()
        return Ended(ABNORMAL, "the edge did not greet", Policy.RECONNECT)
    except asyncio.CancelledError:
        socket.transport.abort()
        raise


def user_of(token: str) -> int | None:
    """The user a JSON Web Token claims to be for, unverified: only the edge's word counts for access."""
    try:
        body = token.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return int(claims["sub"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error, msgspec.DecodeError):
        return None
