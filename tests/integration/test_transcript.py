"""The conversation in docs/protocol.md, played against an edge: every message is as it stands there.

The client says what the document says, events are written as it has them, and what the edge says is compared
but for what differs each time: moments, tokens, the connection's id and the epochs in cursors.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from autodmca_edge.log.cursors import number_of, record_of
from autodmca_events import CATALOGUE, ms_of
from autodmca_kafka import EventProducer
from autodmca_kafka.embedded import EmbeddedBroker
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.integration.edge_site import DEADLINE_S, Edge, Listener, edge_node, heard, listening, token
from tests.unit.repository import ROOT

DOCUMENT: Final = ROOT / "docs" / "protocol.md"
SECTION: Final = re.compile(r"^## A whole conversation\n.*?^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEP: Final = re.compile(r"^(<-|->|\()(.*?)(?=^<-|^->|^\(|\Z)", re.MULTILINE | re.DOTALL)
CURSOR: Final = re.compile(r"^(\d+\.\d+)\.[\w-]+:(\d+)$")
USER: Final = 12345
DIFFERENT: Final = {"timestamp", "serverTime", "expiresAt", "connectionId"}


class Step(NamedTuple):
    """What one side says, or what happens."""

    who: str
    what: Any


def steps() -> list[Step]:
    found = SECTION.search(DOCUMENT.read_text())
    assert found is not None, "docs/protocol.md has no section `A whole conversation` with a block of text"
    return [
        Step("meanwhile", text.strip().rstrip(")")) if who == "(" else Step(who, json.loads(text))
        for who, text in STEP.findall(found[1])
    ]


def alike(value: Any, key: str = "") -> Any:
    """A message without what differs each time; a client's own moment stays."""
    if isinstance(value, dict):
        kept = {"timestamp"} if value.get("response") is True or "cursor" in value else set()
        return {name: value[name] if name in kept else alike(value[name], name) for name in value}
    if isinstance(value, list):
        return [alike(each) for each in value]
    if key in DIFFERENT:
        return type(value).__name__
    return CURSOR.sub(_without_epochs, value) if isinstance(value, str) else value


def _without_epochs(cursor: re.Match[str]) -> str:
    return f"{cursor[1]}:{record_of(cursor[2])[1]}"


class Play:
    """One run of it."""

    def __init__(self, edge: Edge, producer: EventProducer, witness: Listener, script: list[Step]) -> None:
        self.edge = edge
        self.witness = witness
        self.producer = producer
        self.events = iter(events_of(script))
        self.epoch = ""
        self.leader: int | None = None
        self._open = AsyncExitStack()
        self._socket: ClientConnection | None = None

    @property
    def socket(self) -> ClientConnection:
        assert self._socket is not None, "the client has not opened /ws"
        return self._socket

    async def meanwhile(self, what: str) -> None:
        for each in what.split(";"):
            if "event" in each:
                await self._write(next(self.events))
            elif "breaks" in each:
                self.socket.transport.abort()
            else:
                assert "opens /ws" in each, f"the test does not know what to do when {each.strip()}"
                await self._connect(with_token="without" not in each)

    async def say(self, message: Any) -> None:
        text = json.dumps(message)
        if "token" in message["payload"]:
            text = text.replace(message["payload"]["token"], token(USER))
        await self.socket.send(re.sub(r"(?<=\")(\d+\.\d+)\.[\w-]+:(\d+)(?=\")", self._of_this_log, text))

    def _of_this_log(self, cursor: re.Match[str]) -> str:
        """A cursor of the document as the node would write it: the embedded broker has no leader epochs."""
        return f"{cursor[1]}.{self.epoch}:{number_of(self.leader, record_of(cursor[2])[1])}"

    async def hear(self) -> Any:
        async with asyncio.timeout(DEADLINE_S):
            message = json.loads(await self.socket.recv())
        if "cursor" in message:
            self.epoch, _, number = message["cursor"].split(".")[2].partition(":")
            self.leader = record_of(number)[0]
        return message

    async def close(self) -> None:
        await self._open.aclose()

    async def _connect(self, *, with_token: bool) -> None:
        offered = [Subprotocol("autodmca.v1"), Subprotocol(f"bearer.{token(USER)}")] if with_token else None
        opened = connect(self.edge.url, subprotocols=offered, compression=None)
        self._socket = await self._open.enter_async_context(opened)

    async def _write(self, event: dict[str, Any]) -> None:
        payload = msgspec.convert(event["payload"], CATALOGUE[event["type"]].payload)
        moment = ms_of(event["timestamp"])
        before = len(self.witness.events())
        await self.producer.send(payload, user_id=event["userId"], id=event["id"], timestamp_ms=moment)
        await heard(
            self.witness, before + 1
        )  # the node has it, so who subscribes from here on is replayed it


def events_of(script: list[Step]) -> list[dict[str, Any]]:
    return [step.what for step in script if step.who == "<-" and "cursor" in step.what]


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    async with EmbeddedBroker() as broker:
        node = edge_node(broker.bootstrap_servers, EDGE_NODE="edge-1")
        edge = await asyncio.to_thread(node.__enter__)
        try:
            async with (
                EventProducer(broker.bootstrap_servers, client_id="test") as producer,
                listening(edge, USER) as witness,
            ):
                await witness.subscribe(*CATALOGUE)
                playing = Play(edge, producer, witness, steps())
                try:
                    yield playing
                finally:
                    await playing.close()
        finally:
            await asyncio.to_thread(node.__exit__, None, None, None)


async def test_the_conversation_of_the_document_is_what_is_said(play: Play) -> None:
    script = steps()
    assert len(events_of(script)) == 3
    for who, what in script:
        if who == "meanwhile":
            await play.meanwhile(what)
        elif who == "->":
            await play.say(what)
        else:
            said = await play.hear()
            assert alike(said) == alike(what), f"mend docs/protocol.md; the edge said {json.dumps(said)}"
