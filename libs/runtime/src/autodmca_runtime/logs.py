"""Structured logs of a whole process: ours through structlog, everybody else's through `logging`, one format.

JSON, one object a line, unless the stream is a terminal. Every line passes the masking processor, after
tracebacks have become text, so that a token in an exception's message is hidden too. A line is written to
stderr at once, on the calling thread; a stream that is broken or gone loses lines, never the service.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import MutableMapping, Sequence
from types import TracebackType
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from .masking import mask_event
from .settings import LogSettings

_QUIET: Final = ("httpx", "httpcore", "asyncio", "aiokafka")
"""Libraries whose informational lines tell an operator nothing."""
_REPEAT_S: Final = 10.0
"""Seconds in which one of aiokafka's lines (its text before the values are put in) is written once."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_encode: Final = msgspec.json.Encoder().encode


def configure_logging(
    service: str, settings: LogSettings | None = None, *, stream: TextIO | None = None
) -> None:
    """Send all logs of this process to `stream` (stderr), each with `service` on it.

    Replaces what was configured before, the root logger's handlers included; also takes over warnings and
    uncaught exceptions. Call it once, at the entry point: loggers that were used before keep their old form.
    """
    settings = settings or LogSettings()
    stream = stream if stream is not None else sys.stderr
    terminal = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Service(service),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_event,
    ]
    rendered: Sequence[Processor] = _console(stream) if terminal else (_render_json,)
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Stream(stream),
        cache_logger_on_first_use=True,
    )
    _take_over_stdlib(stream, level, shared, rendered)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _take_over_stdlib(
    stream: TextIO, level: int, shared: Sequence[Processor], rendered: Sequence[Processor]
) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    handler.addFilter(_Repeats())
    logging.root.handlers = [handler]
    logging.root.setLevel(level)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a broken stream is no reason to write tracebacks to it
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


class _Repeats(logging.Filter):
    """Lets through what aiokafka says, not how often: while a broker is away it tries again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        line = record.name, str(record.msg)
        if record.created - self._last.get(line, 0.0) < _REPEAT_S:
            return False
        if len(self._last) >= 1000:
            self._last.clear()
        self._last[line] = record.created
        return True


class _Service:
    """Adds the service's name, and puts the keys that a reader looks for first in front."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        front = {
            "timestamp": event.pop("timestamp"),
            "level": event.pop("level"),
            "service": event.pop("service", self._service),
            "event": event.pop("event", ""),
        }
        return {**front, **event}


class _Stream:
    """What structlog writes to: one `write` a line, so that lines of several threads do not mix."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # a pipe whose reader is gone, a closed stream
            return

    debug = info = warning = error = critical = msg


def _render_json(_logger: object, _method: str, event: EventDict) -> str:
    try:
        return _encode(event).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):  # lone surrogates, enormous integers
        return json.dumps(event, default=repr)


def _console(stream: TextIO) -> tuple[Processor, ...]:
    # values as repr, the rest escaped: what came from outside must not move the terminal's cursor.
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
        repr_native_str=True,
    )
    return (_escape_control, renderer)


def _escape_control(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key in ("event", "exception", "stack"):
        if key in event:
            event[key] = _CONTROL.sub(lambda match: repr(match[0])[1:-1], str(event[key]).rstrip())
    return event


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger().critical("uncaught exception", exc_info=(kind, error, trace))
