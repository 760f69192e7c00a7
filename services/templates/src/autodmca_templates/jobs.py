"""What the service's workers are asked, and what they answer."""

from __future__ import annotations

from typing import Any

from autodmca_service.workers.jobs import Job
from msgspec import Struct

from autodmca_templates.notices import Analysis
from autodmca_templates.report import FindingCode, Report
from autodmca_templates.state import Content


class Stopped(Struct, frozen=True, tag="stopped"):
    """The template does not run, or is too deep or too long."""

    code: FindingCode
    reason: str
    line: int | None = None


class Rendered(Struct, frozen=True, tag="rendered"):
    """The text of a RenderJob."""

    text: str


class Examined(Struct, frozen=True, tag="examined"):
    """The report of an ExamineJob."""

    report: Report


class Analysed(Struct, frozen=True, tag="analysed"):
    """The answer to an AnalyseJob."""

    analysis: Analysis


class RenderJob(Job[Rendered | Stopped], frozen=True, tag="render"):
    """Render `body` with `values`, to at most so many characters."""

    body: str
    values: dict[str, Any]
    max_characters: int


class ExamineJob(Job[Examined | Stopped], frozen=True, tag="examine"):
    """Report on a content."""

    content: Content


class AnalyseJob(Job[Analysed | Stopped], frozen=True, tag="analyse"):
    """Say what a notice is and holds."""

    text: str
