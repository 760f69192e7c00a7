"""A service's dead letters over HTTP, for operators: what could not be applied, and sending it again.

Owns who may (the role `admin`) and the bounds: a list has the newest letters, a value that is long is left
out, one question is answered at a time, and none takes longer than any other request. Any replica answers
for all partitions. A letter that was sent again before is sent once more only when that is said; two
replicas that are asked in the same moment do not know of each other. Fails with the problems that each
operation names.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from autodmca_events import rfc3339
from autodmca_kafka import EventProducer, RecordPosition, TailReader
from autodmca_kafka.dead_letters import DeadLetter, read_letter, read_letters, send_again, sent_again
from autodmca_runtime import KafkaSettings

from autodmca_service.http.operations import LIMIT, Call, Operation, Parameter, Reply
from autodmca_service.http.problems import ProblemError, invalid
from autodmca_service.http.queries import limit, truth
from autodmca_service.http.shapes import View

OPERATOR: Final = "admin"
VALUE_BYTES: Final = 64 << 10
"""A longer value is not shown; `autodmca dead-letters show` has it."""
CONNECT_S: Final = 5.0
TWICE: Final = Parameter(
    "twice", "query", "`true` sends a letter that was sent again before once more.", {"type": "boolean"}
)
_NAME: Final = re.compile(r"(\d{1,9})@(\d{1,18})")


class FailedInput(View, frozen=True, kw_only=True):
    """The input of a letter, and where it stood. `value` is as it was written, or its text where it is no
    JSON; None where it is longer than is shown."""

    topic: str
    partition: int
    offset: int
    written_at: str
    headers: dict[str, str]
    value: Any
    value_bytes: int


class Letter(View, frozen=True, kw_only=True):
    """A dead letter. `user_id` None: nobody's, and it cannot be sent again. `sent_again_as`: the newest such
    input."""

    name: str
    failed_at: str
    error: str
    user_id: int | None
    input: FailedInput
    sent_again_as: str | None


class Letters(View, frozen=True, kw_only=True):
    """The newest letters, the newest first; `total` is how many the log holds."""

    items: list[Letter]
    total: int


class SentAgain(View, frozen=True, kw_only=True):
    name: str
    sent_again_as: str


class DeadLetters:
    """The letters of `service`. `producer` is running when somebody asks; `answer_s` bounds each answer."""

    def __init__(
        self, service: str, brokers: KafkaSettings, producer: EventProducer, *, answer_s: float
    ) -> None:
        self._service = service
        self._brokers = brokers
        self._producer = producer
        self._answer_s = answer_s
        self._one_at_a_time = asyncio.Lock()

    def operations(self) -> tuple[Operation, ...]:
        """What a service serves beside its own operations."""
        path = f"/v1/dead-letters/{self._service}"
        return (
            Operation(
                "dead_letters", "GET", path, "List what could not be applied (operators)",
                self._list, None, 200, Letters, (LIMIT,), (403, 504),
            ),
            Operation(
                "resend_dead_letter", "POST", f"{path}/{{letter}}/resend",
                "Send a dead letter's input again (operators)",
                self._resend, None, 202, SentAgain, (TWICE,), (403, 404, 409, 504),
            ),
        )  # fmt: skip

    async def _list(self, call: Call) -> Reply:
        _only_operators(call)
        newest: deque[DeadLetter] = deque(maxlen=limit(call.query))
        total = 0
        async with self._reader() as reader:
            async for letter in read_letters(reader, self._service):
                total += 1
                _keep_newest(newest, letter)
            again = await sent_again(reader, self._service, newest)
        ordered = sorted(newest, key=_when, reverse=True)
        items = [_shown(each, again.get(each.name)) for each in ordered]
        return Reply(200, Letters(items=items, total=total))

    async def _resend(self, call: Call) -> Reply:
        _only_operators(call)
        named = _NAME.fullmatch(call.path["letter"])
        if named is None:
            raise invalid("letter", "PARTITION@OFFSET, as the list names it")
        twice = truth(call.query, "twice")
        async with self._reader() as reader:
            letter = await read_letter(reader, self._service, int(named[1]), int(named[2]))
            if letter is None:
                raise ProblemError(404, "no-such-letter", f"{self._service} has no dead letter {named[0]}")
            before = (await sent_again(reader, self._service, [letter])).get(letter.name)
            if before is not None and not twice:
                detail = f"it was sent again before, as {_place(before)}"
                raise ProblemError(409, "sent-again-before", detail)
            try:
                place = await send_again(self._producer, self._service, letter)
            except ValueError as error:
                raise ProblemError(409, "cannot-be-sent", str(error)) from None
        return Reply(202, SentAgain(name=letter.name, sent_again_as=_place(place)))

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[TailReader]:
        """A reader of this question's own. Raises ProblemError when the answer takes too long."""
        try:
            async with asyncio.timeout(self._answer_s), self._one_at_a_time:
                reader = TailReader(
                    self._brokers, client_id=f"{self._service}-dead-letters", connect_timeout_s=CONNECT_S
                )
                async with reader:
                    yield reader
        except TimeoutError:
            detail = "the log was not read in time; `autodmca dead-letters` has no such bound"
            raise ProblemError(504, "late", detail) from None


def _only_operators(call: Call) -> None:
    if OPERATOR not in call.actor.roles:
        raise ProblemError(403, "forbidden", f"dead letters are for the role {OPERATOR}")


def _keep_newest(kept: deque[DeadLetter], letter: DeadLetter) -> None:
    """Letters come by partition, so the oldest of those kept is looked for."""
    if len(kept) == kept.maxlen:
        oldest = min(kept, key=_when)
        if _when(letter) <= _when(oldest):
            return
        kept.remove(oldest)
    kept.append(letter)


def _when(letter: DeadLetter) -> tuple[int, RecordPosition]:
    return letter.failed_ms, letter.position


def _shown(letter: DeadLetter, again: RecordPosition | None) -> Letter:
    value = letter.value or b""
    return Letter(
        name=letter.name,
        failed_at=rfc3339(letter.failed_ms),
        error=letter.error,
        user_id=letter.user_id,
        input=FailedInput(
            topic=letter.origin.topic,
            partition=letter.origin.partition,
            offset=letter.origin.offset,
            written_at=rfc3339(letter.written_ms),
            headers={name: _text(held or b"") for name, held in letter.headers},
            value=_decoded(value) if len(value) <= VALUE_BYTES else None,
            value_bytes=len(value),
        ),
        sent_again_as=None if again is None else _place(again),
    )


def _decoded(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _text(value)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _place(position: RecordPosition) -> str:
    return f"{position.topic}[{position.partition}]@{position.offset}"
