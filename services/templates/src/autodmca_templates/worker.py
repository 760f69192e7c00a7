"""What a worker loads: one job in, its answer out. Templates run here and nowhere else.

Knows no process: its limits of memory and time are `autodmca_service.workers`'.
"""

from __future__ import annotations

from typing import Final

from autodmca_templates.jobs import (
    Analysed,
    AnalyseJob,
    Examined,
    ExamineJob,
    Rendered,
    RenderJob,
    Stopped,
)
from autodmca_templates.notices import analyse
from autodmca_templates.sandbox import Fault, environment, parse, render
from autodmca_templates.validation import examine

_ENVIRONMENT: Final = environment()


def work(job: RenderJob | ExamineJob | AnalyseJob) -> Rendered | Examined | Analysed | Stopped:
    """Do one job. Blocks for as long as it takes. Raises MemoryError for a job that needs too much of it."""
    try:
        match job:
            case RenderJob():
                tree = parse(_ENVIRONMENT, job.body)
                return Rendered(render(_ENVIRONMENT, tree, job.values, job.max_characters))
            case ExamineJob():
                return Examined(examine(job.content))
            case AnalyseJob():
                return Analysed(analyse(job.text))
    except Fault as fault:
        return Stopped(fault.code, fault.reason, fault.line)
    except RecursionError:
        return Stopped("template_failed", "the template is nested too deeply")
