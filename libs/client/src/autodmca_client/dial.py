"""Opening one WebSocket to an edge, the token with it.

Owns the handshake's ways to carry a token and turns each way it can fail into a close code and a policy.
Never retries and never logs a token or an address with one.
"""

import base64
import binascii
import ssl
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from autodmca_client.closing import Policy, policy_of_status

PROTOCOL = Subprotocol("autodmca.v1")
ABNORMAL = 1006  # RFC 6455, section 7.4.1: no close frame was seen

Authentication = Literal["subprotocol", "header", "message"]


class Ended(msgspec.Struct, frozen=True):
    """How a connection, or the attempt at one, came to its end."""

    code: int
    reason: str
    policy: Policy


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to connect; times in seconds, sizes in bytes."""

    url: str
    authentication: Authentication = "subprotocol"
    tls: ssl.SSLContext | None = None
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
    options: dict[str, Any] = {}
    if address.authentication == "subprotocol":
        options["subprotocols"] = [PROTOCOL, Subprotocol(f"bearer.{token}")]
    else:
        options["subprotocols"] = [PROTOCOL]
    if address.authentication == "header":
        options["additional_headers"] = {"Authorization": f"Bearer {token}"}
    if address.tls is not None:
        options["ssl"] = address.tls
    if urlsplit(address.url).hostname in ("localhost", "127.0.0.1", "::1"):
        options["proxy"] = None  # a proxy from the environment cannot reach this machine's loopback
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
        return Ended(ABNORMAL, str(error) or type(error).__name__, Policy.RECONNECT)


def user_of(token: str) -> int | None:
    """The user a JSON Web Token claims to be for, unverified: only the edge's word counts for access."""
    try:
        body = token.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return int(claims["sub"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error, msgspec.DecodeError):
        return None
