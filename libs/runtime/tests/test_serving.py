"""Serving inside one process: what the caller gives, what fails, what is left behind."""

from __future__ import annotations

import asyncio
import socket
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
    async with asyncio.timeout(10):
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
