"""One subscription over `/events`, request after request, from where the one before left off.

Owns its requests in turn and what they bring, in order. Ends with `Failed` when one fails: who runs it
decides what then. An event that is taken from a request is in its mailbox, also when this is cancelled.
"""

import asyncio
from typing import Any, Final

import msgspec
from httpx_sse import ServerSentEvent

from autodmca_client.closing import policy_of
from autodmca_client.dial import ABNORMAL, Ended
from autodmca_client.fallback.alone import Alone
from autodmca_client.fallback.requests import Failed, Requests
from autodmca_client.mailboxes import Mailboxes

_FULL_BYTES: Final = 50_000  # an answer smaller than this had all there was (the protocol: about 64 KB)


class Manner(msgspec.Struct):
    """How requests go here; `streams` becomes False for good when an event stream was held back."""

    streams: bool = True
    stream_s: float = 5.0
    poll_s: float = 25.0


class Feed:
    """See the module."""

    def __init__(self, alone: Alone, requests: Requests, mailboxes: Mailboxes, manner: Manner) -> None:
        self._alone = alone
        self._requests = requests
        self._mailboxes = mailboxes
        self._manner = manner

    async def run(self) -> None:
        """Until a request fails; raises Failed."""
        while True:
            if self._manner.streams:
                await self._stream()
            else:
                await self._poll()

    async def _poll(self) -> None:
        alone = self._alone
        wait_s = 1.0 if alone.behind else self._manner.poll_s
        polled = await self._requests.poll(alone.interest.types, alone.interest, wait_s=wait_s)
        for each in polled.events:
            await self._event(bytes(each))
        await self._mailboxes.settle(alone.moved(polled.cursors))
        lost = None if polled.recovered else polled.reason
        if lost is not None or (alone.behind and polled.size < _FULL_BYTES):
            await self._mailboxes.settle(alone.stands(polled.cursors, lost))

    async def _stream(self) -> None:
        try:
            async with asyncio.timeout(self._manner.stream_s) as patience:
                async with self._requests.stream(self._alone.interest) as events:
                    known = ""
                    async for event in events:
                        patience.reschedule(None)
                        await self._streamed(event)
                        if event.id != known:
                            known = event.id
                            await self._mailboxes.settle(self._alone.moved(known.split(",")))
        except TimeoutError:
            self._manner.streams = False  # it never brought anything: polls may
            return
        raise Failed(Ended(ABNORMAL, "the event stream ended", policy_of(ABNORMAL)))

    async def _streamed(self, event: ServerSentEvent) -> None:
        match event.event:
            case "message" if event.data:
                await self._event(event.data.encode())
            case "subscribed":
                said = _fields(event.data)
                lost = str(said.get("reason", "")) if said.get("recovered") is False else None
                await self._mailboxes.settle(self._alone.stands(said.get("cursors", ()), lost))
            case "close":
                said = _fields(event.data)
                code = said.get("closeCode")
                code = code if isinstance(code, int) else ABNORMAL
                raise Failed(Ended(code, str(said.get("message", "")), policy_of(code)))

    async def _event(self, data: bytes) -> None:
        effect = self._alone.event(data)
        if effect is not None:
            await self._mailboxes.deliver(effect)


def _fields(data: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Failed(Ended(ABNORMAL, f"not an edge's event stream: {error}", policy_of(ABNORMAL))) from error
