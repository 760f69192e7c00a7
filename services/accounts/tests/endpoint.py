"""A user's own endpoint: a real HTTP server that verifies what it gets, and what a bad one does."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Endpoint:
    """`answers` come one after the other, then 204. An answer is a status, or what goes wrong: `slow`, `cut`
    (the connection is reset), `garbage`."""

    url: str = ""
    answers: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.received]


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    at = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            at.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            match at.answers.pop(0) if at.answers else 204:
                case int() as status:
                    self.send_response(status)
                    for name, value in at.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", "0")
                    self.end_headers()
                case "slow":
                    at.let_go.wait(30)
                    self.close_connection = True
                case "cut":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                case _:
                    self.wfile.write(b"no HTTP at all\r\n\r\n")
                    self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Who posts may be killed at any moment."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    at.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield at
    finally:
        at.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
