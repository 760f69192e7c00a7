"""Who asks, and from where: read alike at every door, WebSocket or plain HTTP.

Owns where a request's token stands and which origins may ask. Verifies nothing. What cannot be meant, as two
tokens in two headers, raises `Refusal`.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Self

from autodmca_edge.protocol import Refusal

__all__ = ["Origin", "require_origin", "token_of"]

_BEARER: Final = "bearer."  # of a subprotocol
_ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class Origin(str):
    """An origin as browsers write it (RFC 6454, section 6.2). Raises ValueError for any other text."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        parts = _ORIGIN.fullmatch(text)
        if parts is None:
            raise ValueError("no origin as browsers write it: scheme, host and port, in lower case, no path")
        scheme, _, port = parts.groups()
        if port is not None and (int(port) > 65535 or port.startswith("0")):
            raise ValueError("no origin: there is no such port")
        if port is not None and port == _DEFAULT_PORTS.get(scheme):
            raise ValueError(f"an origin that no browser writes: without :{port}")
        return super().__new__(cls, text)


def require_origin(origins: Collection[str], given: Sequence[str]) -> None:
    """Raise Refusal when the Origin headers name one that is not among `origins`; when empty, any may ask."""
    if len(given) > 1:
        raise Refusal("bad_message", "more than one origin header")
    if origins and given and given[0] not in origins:
        raise Refusal("forbidden", "this origin is not allowed")


def token_of(
    authorization: Sequence[str], parameters: Iterable[tuple[str, str]], offered: Iterable[str] = ()
) -> str | None:
    """The token, in the protocol's order: the header, the `offered` subprotocols, the last of the query."""
    if len(authorization) > 1:
        raise Refusal("bad_message", "more than one authorization header")
    scheme, _, credentials = (authorization[0] if authorization else "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    for each in offered:
        if each.startswith(_BEARER):
            return each.removeprefix(_BEARER)
    tokens = [value for name, value in parameters if name == "token" and value]
    return tokens[-1] if tokens else None
