"""Serving inside one process: what the caller gives, what fails, what is left behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from autodmca_runtime import Health, ServeError, ops_routes, serve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


async def test_a_port_in_use_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"cannot listen on 127.0.0.1:{port}"):
            await serve(Starlette(), host="127.0.0.1", port=port, health=Health())


async def test_a_lifespan_that_fails_is_an_error_and_not_an_exit() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(ServeError, match="could not start"):
        await serve(app, host="127.0.0.1", port=0, health=Health(), lifespan="on")


async def test_an_unknown_protocol_is_an_error_of_the_server() -> None:
    with pytest.raises(ServeError, match="no_such_module"):
        await serve(Starlette(), host="127.0.0.1", port=0, health=Health(), http="no_such_module:Protocol")


async def test_cancelling_closes_the_open_connections() -> None:
    health, listening = Health(), asyncio.Event()
    port = 0

    def started(_host: str, given: int) -> None:
        nonlocal port
        port = given
        listening.set()

    serving = asyncio.create_task(
        serve(
            Starlette(routes=ops_routes(health)),
            host="127.0.0.1",
            port=0,
            health=health,
            on_listening=started,
        )
    )
    await listening.wait()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert health.draining
    async with asyncio.timeout(60):
        await reader.read()  # to the end: the server has closed
    writer.close()
    await writer.wait_closed()


async def test_a_protocol_class_and_options_of_the_caller_reach_the_server() -> None:
    from uvicorn.protocols.http.h11_impl import H11Protocol

    made = []

    class Protocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            made.append(self)
            super().connection_made(transport)

    async def hello(_request: Request) -> Response:
        return PlainTextResponse("hello")

    stop, listening = asyncio.Event(), asyncio.Event()
    address: list[Any] = []

    def started(*given: Any) -> None:
        address.extend(given)
        listening.set()

    serving = asyncio.create_task(
        serve(
            Starlette(routes=[Route("/", hello)]),
            host="127.0.0.1",
            port=0,
            health=Health(),
            on_listening=started,
            stop=stop,
            http=Protocol,
            headers=[("x-node", "n1")],
        )
    )
    await listening.wait()
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://{address[0]}:{address[1]}/")
    assert (answer.text, answer.headers["x-node"], len(made)) == ("hello", "n1", 1)
    stop.set()
    await serving


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
    ],
)
async def test_a_whole_request_is_answered_after_its_clients_half_and_a_bad_one_refused(
    head: bytes, status: int
) -> None:
    async with served(Starlette(routes=ops_routes(Health()))) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        writer.write_eof()
        async with asyncio.timeout(4):
            assert (await reader.read()).startswith(b"HTTP/1.1 %d " % status)
        writer.close()


async def test_http_1_0_gets_no_chunks() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one ", b"two ", b""):
            await send({"type": "http.response.body", "body": part, "more_body": bool(part)})

    async with served(app) as port:
        for version, body in [("1.0", b"one two "), ("1.1", b"4\r\none \r\n4\r\ntwo \r\n0\r\n\r\n")]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET / HTTP/{version}\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            assert (await reader.read()).partition(b"\r\n\r\n")[2] == body
            writer.close()


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    """An application on a port, until it is told to stop."""
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(
            app,
            host="127.0.0.1",
            port=0,
            health=Health(),
            stop=stop,
            on_listening=lambda _host, port: listening.set_result(port),
        )
    )
    yield await listening
    stop.set()
    await serving
