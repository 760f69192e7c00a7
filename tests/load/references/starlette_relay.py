"""A reference: Kafka to WebSocket as one would write it with Starlette and aiokafka.

A bounded queue and a writer task per socket; the user is who the token says; one whose queue is full is
closed. Nothing is read again for who comes back. Measured beside the edge, never part of it.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import jwt
import uvicorn
from aiokafka import AIOKafkaConsumer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

QUEUED = 1024
users: dict[str, set["Client"]] = {}
everybody: set["Client"] = set()


class Client:
    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.queue: asyncio.Queue[str] = asyncio.Queue(QUEUED)
        self.full = asyncio.Event()

    def push(self, text: str) -> None:
        try:
            self.queue.put_nowait(text)
        except asyncio.QueueFull:
            self.full.set()

    async def write(self) -> None:
        while True:
            await self.socket.send_text(await self.queue.get())

    async def read(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await self.socket.receive_text()  # a heartbeat: nothing else is said
                self.push('{"type":"heartbeat","payload":{"response":true}}')


async def endpoint(socket: WebSocket) -> None:
    try:
        token, secret = socket.query_params.get("token", ""), os.environ["JWT_SECRET"]
        user = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp", "sub"]})["sub"]
    except jwt.InvalidTokenError:
        await socket.close(4401)
        return
    await socket.accept()
    client = Client(socket)
    users.setdefault(user, set()).add(client)
    everybody.add(client)
    client.push('{"type":"hello"}')
    tasks = [asyncio.create_task(each) for each in (client.write(), client.read(), client.full.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if client.full.is_set():
            await socket.close(4410)
    finally:
        everybody.discard(client)
        users[user].discard(client)
        if not users[user]:
            del users[user]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def relay(consumer: AIOKafkaConsumer) -> None:
    while True:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=2000)).values():
            for record in records:
                text = record.value.decode()
                for client in users.get(record.key.decode(), ()) if record.key else everybody:
                    client.push(text)
            await asyncio.sleep(0)  # the writers' turn


async def ready(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ready")


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    topics, servers = os.environ["RELAY_TOPICS"].split(","), os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaConsumer(*topics, bootstrap_servers=servers, auto_offset_reset="latest") as consumer:
        task = asyncio.create_task(relay(consumer))
        yield
        task.cancel()


if __name__ == "__main__":
    app = Starlette(routes=[Route("/readyz", ready), WebSocketRoute("/ws", endpoint)], lifespan=lifespan)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["RELAY_PORT"]),
        ws_per_message_deflate=False,
        ws_ping_interval=30,
        log_level="error",
        access_log=False,
        backlog=4096,
        timeout_graceful_shutdown=1,
    )
