"""The process in which templates run: `python -m autodmca_templates.worker MEMORY_BYTES CPU_SECONDS`.

Reads jobs on standard input, answers on standard output, one at a time, and ends at the end of its input.
It limits itself before the first job: memory, processor time per job (which also ends a looping one whose
service was killed), no core dumps, no files to write. Whoever started it kills it when it takes too long
on the clock.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import BinaryIO, Final

from autodmca_templates.jobs import (
    HEADER_BYTES,
    Analysed,
    AnalyseJob,
    Answer,
    Examined,
    ExamineJob,
    Job,
    Rendered,
    RenderJob,
    Stopped,
    frame,
    job_of,
)
from autodmca_templates.notices import analyse
from autodmca_templates.sandbox import Fault, environment, parse, render
from autodmca_templates.validation import examine

_ENVIRONMENT: Final = environment()


def answer(job: Job) -> Answer:
    """Do one job. Blocks for as long as it takes; never raises on what a template does."""
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
    except MemoryError:
        return Stopped("template_memory", "the template needs too much memory")
    except RecursionError:
        return Stopped("template_failed", "the template is nested too deeply")


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow_processor_time(seconds: int) -> None:
    """So much more from now on; beyond it the kernel ends the process with SIGXCPU."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(spent.ru_utime + spent.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _serve(jobs: BinaryIO, answers: BinaryIO, cpu_seconds: int) -> None:
    answers.write(frame(None))
    answers.flush()
    while len(header := jobs.read(HEADER_BYTES)) == HEADER_BYTES:
        job = job_of(jobs.read(int.from_bytes(header, "big")))
        _allow_processor_time(cpu_seconds)
        answers.write(frame(answer(job)))
        answers.flush()


def main() -> None:
    """Serve until the input ends."""
    memory_bytes, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    # Whatever prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit(memory_bytes)
    try:
        _serve(sys.stdin.buffer, answers, cpu_seconds)
    except BrokenPipeError:
        os._exit(0)  # the service is gone, and with it whoever could be told


if __name__ == "__main__":
    main()
