"""How many events a second the SDK takes in: the state machine alone, and through a socket.

`python libs/client/tests/bench_client.py`. One subscription, the example of one type, a new id each. The
server is a child process that writes frames made beforehand; the figures drift with the machine.
"""

import asyncio
import multiprocessing
import random
import time
from multiprocessing.connection import Connection

import msgspec
from autodmca_client import Client, Timing
from autodmca_client.interests import Interest
from autodmca_client.session import Session
from autodmca_events import encode, envelope
from autodmca_events.example import example
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

EVENTS = 100_000


def events() -> list[bytes]:
    """The example of a template's usage, numbered, as an edge sends it."""
    payload = example("template_usage").payload
    made = []
    for number in range(EVENTS):
        body = encode(envelope(payload, user_id=1, timestamp_ms=1_700_000_000_000, id=f"msg_{number:020}"))
        made.append(body[:-1] + b',"cursor":"2.0.e:%d"}' % number)
    return made


def control(**payload: object) -> bytes:
    """A message of the edge."""
    return msgspec.json.encode({"type": "connection_established", "payload": payload})


def bench_session(messages: list[bytes]) -> float:
    """Messages in, typed events out, no socket."""
    session = Session(lambda: "2026-01-31T10:30:00.000Z", Timing(), random.Random(1))
    session.add(Interest("s1", ["template_usage"], {}, since=None, resume=(), remembered_ids=10_000))
    session.connected(0.0, user_id=1)
    session.receive(control(action="connected"), 0.0)
    session.receive(control(action="subscribed", subscriptionId="s1", cursors=[], recovered=True), 0.0)
    started = time.perf_counter()
    for message in messages:
        session.receive(message, 0.0)
    return EVENTS / (time.perf_counter() - started)


def server(ports: Connection) -> None:
    """Answer one subscription and write all events."""
    frames = b"".join(Frame(Opcode.TEXT, message).serialize(mask=False) for message in events())

    async def handle(socket: ServerConnection) -> None:
        await socket.send(control(action="connected"), text=True)
        await socket.recv()
        await socket.send(
            control(action="subscribed", subscriptionId="s1", cursors=[], recovered=True), text=True
        )
        socket.transport.write(frames)
        await socket.wait_closed()

    async def run() -> None:
        protocols = [Subprotocol("autodmca.v1")]
        async with serve(handle, "127.0.0.1", 0, compression=None, subprotocols=protocols) as serving:
            ports.send(next(iter(serving.sockets)).getsockname()[1])
            await serving.wait_closed()

    asyncio.run(run())


async def bench_socket(port: int) -> float:
    """From the socket to the application's loop."""
    async with Client(f"ws://127.0.0.1:{port}/ws", token="t") as client:
        subscription = client.subscribe(["template_usage"])
        await anext(subscription)
        started = time.perf_counter()
        for _ in range(EVENTS - 1):
            await anext(subscription)
        return (EVENTS - 1) / (time.perf_counter() - started)


def main() -> None:
    """Print both figures."""
    messages = events()
    print(f"{len(messages[0])} bytes an event")
    print(f"state machine alone: {bench_session(messages):>9,.0f} events/s")
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=server, args=(theirs,), daemon=True)
    child.start()
    try:
        print(f"through a socket:    {asyncio.run(bench_socket(ours.recv())):>9,.0f} events/s")
    finally:
        child.kill()


if __name__ == "__main__":
    main()
