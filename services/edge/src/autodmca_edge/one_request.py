"""uvicorn's HTTP protocol, for one request.

Owns the end of a plain HTTP connection: it closes with its first answer. uvicorn bounds neither the size nor
the time of a later request's head; the first one's has been bounded by entrance.py.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["OneRequest"]


class OneRequest(HttpToolsProtocol):
    """A request, and what comes after its end left alone."""

    def on_headers_complete(self) -> None:
        self.headers.append((b"connection", b"close"))
        super().on_headers_complete()
        self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.more_body:
            super().data_received(data)
