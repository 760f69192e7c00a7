"""What the service and its workers say to each other: one job in, one answer out, each a JSON frame.

A frame is its length in four bytes, big-endian, and that many bytes. JSON, because a caller's numbers
may be longer than 64 bits. Both ends are this code at one version, so nothing here needs to be compatible.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from autodmca_templates.notices import Analysis
from autodmca_templates.report import FindingCode, Report
from autodmca_templates.state import Content

HEADER_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 32 * 1024 * 1024


class RenderJob(Struct, frozen=True, tag="render"):
    """Render `body` with `values`, to at most so many characters."""

    body: str
    values: dict[str, Any]
    max_characters: int


class ExamineJob(Struct, frozen=True, tag="examine"):
    """Report on a content."""

    content: Content


class AnalyseJob(Struct, frozen=True, tag="analyse"):
    """Say what a notice is and holds."""

    text: str


Job = RenderJob | ExamineJob | AnalyseJob


class Rendered(Struct, frozen=True, tag="rendered"):
    """The text of a RenderJob."""

    text: str


class Examined(Struct, frozen=True, tag="examined"):
    """The report of an ExamineJob."""

    report: Report


class Analysed(Struct, frozen=True, tag="analysed"):
    """The answer to an AnalyseJob."""

    analysis: Analysis


class Stopped(Struct, frozen=True, tag="stopped"):
    """The job came to no end: what the worker saw, or the pool when it had to kill the worker."""

    code: FindingCode
    reason: str
    line: int | None = None


Answer = Rendered | Examined | Analysed | Stopped

_ENCODER: Final = msgspec.json.Encoder()
_JOBS: Final[msgspec.json.Decoder[Job]] = msgspec.json.Decoder(Job)
_ANSWERS: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


def frame(message: Job | Answer | None) -> bytes:
    """The bytes of one frame; None is the empty frame, by which a worker says that it is ready."""
    data = b"" if message is None else _ENCODER.encode(message)
    return len(data).to_bytes(HEADER_BYTES, "big") + data


def job_of(data: bytes) -> Job:
    """Read a job; a worker trusts its service."""
    return _JOBS.decode(data)


def answer_of(data: bytes) -> Answer:
    """Read an answer. Raises msgspec.MsgspecError on anything else: a worker is not trusted."""
    return _ANSWERS.decode(data)
