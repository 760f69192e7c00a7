"""What a service says about its jobs: their types, and bytes too large for JSON.

A job is a frozen struct with a tag that names, as its base's parameter, what it is answered with:
`class RenderJob(Job[Rendered | Stopped], frozen=True, tag="render")`. The worker's module has a function
`work(job: RenderJob | ExamineJob) -> ...`, whose annotation lists the jobs. Owns no process and no queue.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, get_args, get_type_hints

from msgspec import Struct

A = TypeVar("A")


class Job(Struct, Generic[A], frozen=True):
    """The base of every job; `A` is the type of its answer, or a union of types."""


class Blob:
    """Bytes of a job or an answer that travel beside its JSON and are never copied for it.

    Takes whatever has contiguous bytes: `bytes`, a `mmap`, an array. Arrives as a `memoryview`.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.data = memoryview(data).cast("B")


def answer_type(job: type[Job[Any]]) -> Any:
    """What a job of this type is answered with. Raises TypeError for a type that does not say."""
    for base in getattr(job, "__orig_bases__", ()):
        for argument in get_args(base):
            if not isinstance(argument, TypeVar):
                return argument
    raise TypeError(f"{job.__name__} does not name its answer: derive it from Job[...]")


def job_types(work: Any) -> Any:
    """The jobs that a worker's function takes: the annotation of its first argument. Raises TypeError."""
    hints = get_type_hints(work)
    hints.pop("return", None)
    for kind in hints.values():
        return kind
    raise TypeError(f"{work.__module__}.{work.__name__} does not say which jobs it takes")


def kind_of(job: Job[Any]) -> str:
    """A job's tag, for metrics and logs."""
    return str(job.__struct_config__.tag)
