"""aiokafka's connection to a broker, with two things of it done otherwise; `cluster` puts it in its place.

Answers are read from the socket into the memory that they are decoded from: aiokafka's stream copies each
twice, and stops and wakes a task every 128 KiB. A socket that closed just before a write is an error of
Kafka's, as every caller expects. What is no answer closes the connection, as ever; who waits is told.
"""

from __future__ import annotations

import asyncio
import struct
import weakref
from typing import Any, Final

import aiokafka.conn
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError

LARGEST_ANSWER: Final = 512 * 1024 * 1024
_SIZE: Final = struct.Struct(">i")
_SMALL: Final = 65_536


class Connection(aiokafka.conn.AIOKafkaConnection):  # type: ignore[misc]
    """One connection; `take` is given its answers in order."""

    def _create_reader_task(self) -> asyncio.Task[None]:
        # A broker says nothing before it is asked: nothing has come yet. The task waits for the end.
        self._writer.transport.set_protocol(_Answers(self, self._protocol))
        task: asyncio.Task[None] = super()._create_reader_task()
        return task

    def take(self, answer: bytes | bytearray) -> None:
        """Hand an answer to who asked first."""
        self._handle_frame(answer)

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Ask. Raises KafkaConnectionError."""
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:  # uvloop's, of a socket that has just been closed
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(str(error)) from error


class _Answers(asyncio.BufferedProtocol):
    """Cuts what a broker sends into answers: four bytes of length, then so many bytes.

    `stream`, the protocol before it, is told what becomes of the connection; an exception here ends it.
    """

    def __init__(self, connection: Connection, stream: asyncio.StreamReaderProtocol) -> None:
        self._connection = weakref.ref(connection)  # it closes when nobody holds it any more
        self._stream = stream
        self._begin()

    def _begin(self) -> None:
        self._body: bytearray | None = None
        self._read_into(bytearray(_SIZE.size))

    def _read_into(self, memory: bytearray) -> None:
        self._memory, self._view, self._have = memory, memoryview(memory), 0

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._view[self._have :]

    def buffer_updated(self, size: int) -> None:
        self._have += size
        if self._have < len(self._memory):
            return
        if self._body is None:
            (length,) = _SIZE.unpack(self._memory)
            if not 0 <= length <= LARGEST_ANSWER:
                raise ConnectionError(f"a broker announces an answer of {length} bytes")
            self._body = bytearray(length)
            self._read_into(self._body)
            if length:
                return
        body = self._body
        self._begin()
        connection = self._connection()
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
