"""uvicorn's HTTP protocol, with the manners that it lacks.

Owns what a request must be beside well-formed (HTTP/1.0 or 1.1, one valid Host: RFC 9112, section 3.2), and
that a whole request is answered: also when its client ends its half of the connection after it, or speaks
HTTP/1.0, which knows no chunks. Who is refused gets 400 and the connection's end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HttpProtocol", "is_host"]

# RFC 3986, section 3.2.2; an empty host is a host.
_HOST: Final = re.compile(
    rb"(?:\[[0-9A-Fa-f:.vV!$&'()*+,;=~_-]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?"
)


def is_host(value: bytes) -> bool:
    """Whether a Host header may say this."""
    return _HOST.fullmatch(value) is not None


class BadHead(Exception):
    """A request that is well-formed and may not be answered; uvicorn's protocol turns it into a 400."""


class HttpProtocol(HttpToolsProtocol):
    """For `serve(http=...)`, and for those who need more to build on."""

    half_closed = False
    """Whether the client has ended its half."""

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        _check(version, [value for name, value in self.headers if name == b"host"])
        super().on_headers_complete()
        if version == "1.0":
            cycle: Any = self.cycle
            cycle.waiting_for_100_continue = False  # RFC 9110, section 10.1.1
            cycle.send = partial(_send_unchunked, cycle, cycle.send)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep our half open for the answer to a request that has come whole; TLS has no halves."""
        self.half_closed = True
        cycle = self.cycle
        waits = cycle is not None and not cycle.response_complete and not cycle.more_body
        return waits and self.scheme == "http"

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.half_closed and not self.transport.is_closing() and self.cycle.response_complete:
            self._unset_keepalive_if_required()
            self.transport.close()


def _check(version: str, hosts: Sequence[bytes]) -> None:
    if version not in ("1.0", "1.1"):
        raise BadHead("HTTP/1.1 is spoken here")
    if len(hosts) != 1 and (hosts or version == "1.1"):
        raise BadHead("not one Host header")
    if hosts and not is_host(hosts[0]):
        raise BadHead("no valid Host header")


async def _send_unchunked(cycle: Any, send: Any, message: Any) -> None:
    """The end of an answer of unknown length is the connection's: RFC 9112, section 6.3."""
    if message["type"] == "http.response.start":
        if not any(name.lower() == b"content-length" for name, _ in message.get("headers", ())):
            cycle.chunked_encoding, cycle.expected_content_length = False, math.inf
    elif cycle.expected_content_length == math.inf and not message.get("more_body", False):
        cycle.expected_content_length = len(message.get("body", b""))
    await send(message)
