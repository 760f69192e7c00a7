"""Every error this library raises.

    ClientError
    ├── EdgeError              the edge answered with an `error` message
    │   ├── Unauthenticated    unauthenticated, invalid_token, token_expired
    │   ├── NotAllowed         forbidden
    │   ├── BadRequest         bad_json, bad_message, unknown_action
    │   ├── UnknownType        unknown_type
    │   ├── BadFilter          bad_filter
    │   └── Unavailable        limit_exceeded, rate_limited, not_ready, internal
    ├── ConnectionEnded        the connection is gone for good: see `code`
    │   ├── StayAway           the edge closed with 1000, 1009, 4400 or 4403, or refused the handshake
    │   └── AuthenticationFailed   4401 and no other token to try
    ├── ConnectionDropped      lost while an answer was awaited; whether the edge acted is not known
    ├── MessageTooLarge        a message over the edge's `maxMessageBytes`; it was not sent
    └── NotOpen                the client was used outside its `async with`

An EdgeError with `retryable` may succeed when repeated; the client repeats a refused subscription by
itself in that case and raises only what is final.
"""

from typing import Any


class ClientError(Exception):
    """Anything that goes wrong in this library."""


class EdgeError(ClientError):
    """The edge's answer `{type: "error"}`; `code` and the rest are the fields of PROTOCOL's `Errors`."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        subscription_id: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" + (f" (field {field})" if field else ""))
        self.code = code
        self.message = message
        self.retryable = retryable
        self.subscription_id = subscription_id
        self.field = field


class Unauthenticated(EdgeError):
    """No valid token (any more)."""


class NotAllowed(EdgeError):
    """The token is good, but not for this."""


class BadRequest(EdgeError):
    """The edge could not read a message of this client."""


class UnknownType(EdgeError):
    """A subscription names an event type that does not exist."""


class BadFilter(EdgeError):
    """A filter names a field that no type has, an unknown operator or a value of the wrong type: see `field`.

    Raised where the subscription is made for what this library does not know, else when the edge refuses.
    """


class Unavailable(EdgeError):
    """A limit was reached or the edge is not ready; usually retryable."""


class ConnectionEnded(ClientError):
    """No connection, and none will be tried again. `code` is the WebSocket close code or HTTP status."""

    def __init__(self, message: str, *, code: int, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class StayAway(ConnectionEnded):
    """The edge closed for good (1000, 1009, 4400, 4403) or refused the handshake."""


class AuthenticationFailed(ConnectionEnded):
    """The token was refused (4401) and there is no other one to try."""


class ConnectionDropped(ClientError):
    """The connection was lost before the answer; the message may or may not have been taken."""


class MessageTooLarge(ClientError):
    """The message is longer than the edge takes; it was not sent."""


class NotOpen(ClientError):
    """The client is not inside its `async with` block."""


_CLASSES: dict[str, type[EdgeError]] = {
    "unauthenticated": Unauthenticated,
    "invalid_token": Unauthenticated,
    "token_expired": Unauthenticated,
    "forbidden": NotAllowed,
    "bad_json": BadRequest,
    "bad_message": BadRequest,
    "unknown_action": BadRequest,
    "unknown_type": UnknownType,
    "bad_filter": BadFilter,
    "limit_exceeded": Unavailable,
    "rate_limited": Unavailable,
    "not_ready": Unavailable,
    "internal": Unavailable,
}


def edge_error(payload: dict[str, Any]) -> EdgeError:
    """The typed exception for an error message's payload; a code of a newer edge is a plain EdgeError."""
    code = str(payload.get("code", "internal"))
    return _CLASSES.get(code, EdgeError)(
        code,
        str(payload.get("message", "")),
        retryable=payload.get("retryable") is True,
        subscription_id=_text(payload.get("subscriptionId")),
        field=_text(payload.get("field")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
