"""aiokafka's connection to a broker, with some things of it done otherwise; `cluster` puts it in its place.

Answers are read from the socket into the memory that they are decoded from: aiokafka's stream copies each
twice, and stops and wakes a task every 128 KiB. A socket that closed just before a write is an error of
Kafka's, as every caller expects. What is no answer closes the connection, as ever; who waits is told. What a
connection shows and trusts is read when it is made (`access`), and why it could not be made is said in words
(`refusals`). One whose SASL session ends (KIP-368) takes no more questions a little before that, and closes
with its last answer: the client makes another one, and nobody notices.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import weakref
from collections.abc import Awaitable
from typing import Any, Final

import aiokafka.conn
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.admin import (
    SaslAuthenticateRequest,
    SaslAuthenticateRequest_v0,
    SaslAuthenticateRequest_v1,
)

from autodmca_kafka.access import Access
from autodmca_kafka.refusals import NoAnswer, no_answer, refusal

CONNECT_S: Final = 10
CLOSE_S: Final = 1.0
"""For what is still to be sent in TLS when a connection is closed."""
LARGEST_ANSWER: Final = 512 * 1024 * 1024
LARGEST_GREETING: Final = 1024 * 1024
"""Of an answer before there is a connection: what is announced there may be of no Kafka broker."""
AT_ONCE: Final = 16 * 1024 * 1024
"""Memory that is taken because a broker announces it; more as it comes."""
SESSION_PART: Final = 0.85
"""Of a SASL session's time in which questions are asked; Java's clients renew it after 85 to 95 in 100."""
_SIZE: Final = struct.Struct(">i")
_SMALL: Final = 65_536
_SECRETS: Final = (SaslAuthenticateRequest_v0, SaslAuthenticateRequest_v1)
_NONSENSE: Final = (ValueError, LookupError, AssertionError, struct.error)
"""What aiokafka raises for an answer that is none."""


def _shows_nothing(record: logging.LogRecord) -> bool:
    """aiokafka writes each request at level debug, passwords and tokens among them; and with each connection
    what `Access` says once."""
    if str(record.msg).startswith("Sending username and password in the clear"):
        return False
    return not any(isinstance(each, _SECRETS) for each in record.args or ())


aiokafka.conn.log.addFilter(_shows_nothing)


class Connection(aiokafka.conn.AIOKafkaConnection):  # type: ignore[misc]
    """One connection; `take` is given its answers in order."""

    _over = False
    """Whether its SASL session is."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        provider = options.get("sasl_oauth_token_provider")
        self._access = provider if isinstance(provider, Access) else Access(f"{self.host}:{self.port}")
        self._greeted = False
        self._served = False
        self._session_timer: asyncio.TimerHandle | None = None

    @property
    def largest_answer(self) -> int:
        """Bytes; what announces more is no answer."""
        return LARGEST_ANSWER if self._greeted else LARGEST_GREETING

    async def connect(self) -> Any:
        """A host that is gone does not even refuse, and may not hold up the search for the next one for as
        long as an answer may take. Raises NotReached."""
        address = self.host, self.port
        self._access.admit(address)
        try:
            async with asyncio.timeout(CONNECT_S):
                self._ssl_context = await self._access.ssl_context()
                self._sasl_plain_password = self._access.password()
                streams = await super().connect()
        except (KafkaError, OSError, TimeoutError, *_NONSENSE) as error:
            failure = refusal(error, self._access.protocol, self.host)
            self._access.failed(address, failure)
            raise failure from error
        finally:
            self._sasl_plain_password = ""
        self._greeted = True
        self._access.connections.add(self)
        self._access.reached(address)
        return streams

    def authenticator_oauth(self) -> Bearer:
        return Bearer(self._access)

    def connected(self) -> bool:
        """Whether it takes questions."""
        return not self._over and bool(super().connected())

    def _create_reader_task(self) -> asyncio.Task[None]:
        # A broker says nothing before it is asked: nothing has come yet. The task waits for the end.
        self._writer.transport.set_protocol(_Answers(self, self._protocol))
        task: asyncio.Task[None] = super()._create_reader_task()
        return task

    def take(self, answer: bytes | bytearray) -> None:
        """Hand an answer to who asked first."""
        self._handle_frame(answer)
        self._served = self._greeted
        if self._over and not self._requests:
            self.close(reason=CloseReason.SHUTDOWN)

    def no_answer(self, error: NoAnswer) -> None:
        """Close it: what came is none."""
        self.close(reason=CloseReason.OUT_OF_SYNC, exc=error)

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Ask. Raises KafkaConnectionError."""
        try:
            answer = super().send(request, expect_response)
        except (KafkaError, NotImplementedError):  # RuntimeErrors, too
            raise
        except RuntimeError as error:  # uvloop's, of a socket that has just been closed
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(str(error)) from error
        return self._authenticated(answer) if isinstance(request, SaslAuthenticateRequest) else answer

    async def _authenticated(self, answer: Awaitable[Any]) -> Any:
        response = await answer
        if (lifetime_ms := getattr(response, "session_lifetime_ms", 0)) > 0:
            lasts_s = lifetime_ms / 1000 * SESSION_PART
            self._session_timer = self._loop.call_later(lasts_s, _end_session, weakref.ref(self))
        return response

    def end_session(self) -> None:
        """Take no more questions, and close with the last answer, or when it should have come."""
        self._over = True
        wait_s = self._request_timeout if self._requests else 0.0
        self._session_timer = self._loop.call_later(wait_s, self.close, CloseReason.SHUTDOWN)

    def close(self, reason: CloseReason | None = None, exc: BaseException | None = None) -> Any:
        """Close; who waits for an answer is told. Returns a future of the socket's end."""
        if self._session_timer is not None:
            self._session_timer.cancel()
        if self._greeted and not self._served and reason is CloseReason.CONNECTION_BROKEN:
            self._access.ended_at_once((self.host, self.port))
        self._access.connections.discard(self)
        transport = None if self._writer is None else self._writer.transport
        if transport is not None and self._access.encrypted and not transport.is_closing():
            # It would wait for the broker's part of TLS's end, for half a minute where none answers.
            unsent = transport.get_write_buffer_size()
            self._loop.call_later(CLOSE_S if unsent else 0, transport.abort)
        return super().close(reason, exc)


def _end_session(reference: weakref.ref[Connection]) -> None:
    connection = reference()
    if connection is not None:
        connection.end_session()


class Bearer:
    """The client's part of OAUTHBEARER (RFC 7628): the token, and, where it is refused, an empty answer to
    the reason, on which the broker's refusal follows. aiokafka takes the reason for a welcome."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._shown = False

    async def step(self, challenge: bytes | None) -> tuple[bytes, bool] | None:
        """The next message, and that it is answered; None when no more is to be said. Raises NotReached."""
        if not self._shown:
            self._shown = True
            return f"n,,\1auth=Bearer {await self._access.token()}\1\1".encode(), True
        return (b"\1", True) if challenge else None


class _Answers(asyncio.BufferedProtocol):
    """Cuts what a broker sends into answers: four bytes of length, then so many bytes.

    `stream`, the protocol before it, is told what becomes of the connection; an exception here ends it.
    """

    def __init__(self, connection: Connection, stream: asyncio.StreamReaderProtocol) -> None:
        self._connection = weakref.ref(connection)  # it closes when nobody holds it any more
        self._stream = stream
        self._begin()

    def _begin(self) -> None:
        self._length: int | None = None
        self._memory = bytearray(_SIZE.size)
        self._view, self._have = memoryview(self._memory), 0

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._view[self._have :]

    def buffer_updated(self, size: int) -> None:
        self._have += size
        if self._have < len(self._memory):
            return
        connection = self._connection()
        if self._length is None:
            (self._length,) = _SIZE.unpack(self._memory)
            largest = LARGEST_ANSWER if connection is None else connection.largest_answer
            if not 0 <= self._length <= largest:
                head = bytes(self._memory)
                self._begin()
                if connection is not None:
                    connection.no_answer(no_answer(head))
                return
            self._memory = bytearray(min(self._length, AT_ONCE))
            self._view, self._have = memoryview(self._memory), 0
            if self._length:
                return
        elif self._have < self._length:
            larger = bytearray(min(2 * self._have, self._length))
            larger[: self._have] = self._memory
            self._memory, self._view = larger, memoryview(larger)
            return
        body = self._memory
        self._begin()
        if connection is not None:
            connection.take(bytes(body) if len(body) < _SMALL else body)  # SASL looks at small ones as bytes

    def eof_received(self) -> bool | None:
        return self._stream.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._stream.connection_lost(error)

    def pause_writing(self) -> None:
        self._stream.pause_writing()

    def resume_writing(self) -> None:
        self._stream.resume_writing()
