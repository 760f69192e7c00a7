"""A pool's settings, the same for every service that has one: `WORKER_*` in its environment."""

from __future__ import annotations

from typing import Annotated, Final

from autodmca_runtime import Env
from msgspec import Meta, Struct

MIB: Final = 1024 * 1024


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """The processes of a pool, what each may use, and the queue before them."""

    workers: Annotated[int, Env("WORKER_COUNT", "Processes that do jobs.", "3"), Meta(ge=1, le=64)] = 3
    queue: Annotated[
        int, Env("WORKER_QUEUE", "Jobs that may wait for one; more get 503.", "64"), Meta(ge=1, le=10_000)
    ] = 64
    queue_mb: Annotated[
        int,
        Env("WORKER_QUEUE_MB", "MiB of all jobs that wait or are being done; more get 503.", "256"),
        Meta(ge=1, le=65_536),
    ] = 256
    per_user: Annotated[
        int,
        Env(
            "WORKER_JOBS_PER_USER",
            "Jobs one user may have waiting or being done, in at most half of the MiB; more get 429.",
            "8",
        ),
        Meta(ge=1, le=10_000),
    ] = 8
    cpu_s: Annotated[
        float,
        Env("WORKER_CPU_SECONDS", "Processor time of a job; one that needs more is stopped.", "2"),
        Meta(gt=0, le=3_600),
    ] = 2.0
    stall_s: Annotated[
        float,
        Env(
            "WORKER_STALL_SECONDS",
            "A job without an answer for so long on the clock goes to another worker, once; then 503.",
            "5",
        ),
        Meta(gt=0, le=7_200),
    ] = 5.0
    patience_s: Annotated[
        float,
        Env("WORKER_WAIT_SECONDS", "How long a request waits for a worker and its answer; then 503.", "10"),
        Meta(gt=0, le=7_200),
    ] = 10.0
    start_s: Annotated[
        float,
        Env("WORKER_START_SECONDS", "How long a worker may take to load its module.", "30"),
        Meta(gt=0, le=600),
    ] = 30.0
    jobs: Annotated[
        int,
        Env("WORKER_JOBS", "Jobs after which a worker is replaced by a fresh one; 0: never.", "1000"),
        Meta(ge=0, le=1_000_000_000),
    ] = 1_000
    memory_mb: Annotated[
        int,
        Env("WORKER_MEMORY_MB", "Address space of a worker, in MiB.", "512"),
        Meta(ge=128, le=65_536),
    ] = 512
    frame_mb: Annotated[
        int,
        Env("WORKER_FRAME_MB", "Largest job, and largest answer, in MiB; a larger job gets 413.", "32"),
        Meta(ge=1, le=16_384),
    ] = 32
    threads: Annotated[
        int,
        Env("WORKER_THREADS", "Threads or processes that a worker may start once it is loaded.", "0"),
        Meta(ge=0, le=1_024),
    ] = 0
    files: Annotated[
        int, Env("WORKER_OPEN_FILES", "Files that a worker may have open.", "64"), Meta(ge=16, le=65_536)
    ] = 64
    file_mb: Annotated[
        int,
        Env(
            "WORKER_FILE_MB",
            "Largest file that a worker may write, in MiB; where there is Landlock, in memory alone.",
            "0",
        ),
        Meta(ge=0, le=65_536),
    ] = 0

    def __post_init__(self) -> None:
        if self.frame_mb > self.queue_mb:
            raise ValueError("WORKER_QUEUE_MB must hold a job of WORKER_FRAME_MB")

    @property
    def file_bytes(self) -> int:
        """Bytes of the largest file."""
        return self.file_mb * MIB

    @property
    def memory_bytes(self) -> int:
        """Bytes of a worker's address space."""
        return self.memory_mb * MIB

    @property
    def frame_bytes(self) -> int:
        """Bytes of the largest frame."""
        return self.frame_mb * MIB

    @property
    def queue_bytes(self) -> int:
        """Bytes of all jobs."""
        return self.queue_mb * MIB
