"""Pictures in real workers: one that is bad is refused or stopped, and the next one is done."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator

import pytest
from autodmca_ai_detection.jobs import FingerprintJob, Made, Purpose, Refused
from autodmca_ai_detection.pictures import fingerprint
from autodmca_ai_detection.pictures.decoding import decode
from autodmca_service.errors import JobAborted
from autodmca_service.workers.jobs import Blob
from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.pool import WorkerPool
from autodmca_service.workers.settings import WorkerSettings
from PIL import Image
from prometheus_client import CollectorRegistry

from tests.quality.pictures import encoded, picture


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """One real worker, with the memory that it has in the service."""
    settings = WorkerSettings(
        workers=1, memory_mb=1_024, cpu_s=20.0, stall_s=120.0, patience_s=240.0, start_s=240.0
    )
    workers = WorkerPool(
        "pictures", "autodmca_ai_detection.worker", settings, WorkerMetrics(CollectorRegistry())
    )
    task = asyncio.create_task(workers.run())
    yield workers
    task.cancel()
    await asyncio.wait([task])


async def ask(pool: WorkerPool, data: bytes, purpose: Purpose = "query") -> Made | Refused:
    answer: Made | Refused = await pool.ask(1, FingerprintJob(Blob(data), purpose))
    return answer


async def test_a_worker_makes_the_same_fingerprint_as_this_process(pool: WorkerPool) -> None:
    data = encoded(picture("coffee.png"))
    made = await ask(pool, data, "reference")
    assert isinstance(made, Made)
    kept = made.content
    assert (kept.format, kept.width, kept.height, kept.frames) == ("PNG", 600, 400, 1)
    assert (kept.content_type, kept.file_bytes) == ("image", len(data))
    assert kept.digest == hashlib.sha256(data).hexdigest()
    assert kept.fingerprint == fingerprint.dump(fingerprint.of_reference(decode(data)))


async def test_what_cannot_be_used_is_refused_and_the_next_picture_is_done(pool: WorkerPool) -> None:
    refused = await ask(pool, b"no picture")
    assert isinstance(refused, Refused)
    assert refused.code == "unknown_format"
    assert isinstance(await ask(pool, encoded(picture("coffee.png"))), Made)


async def test_a_picture_that_needs_too_much_memory_is_stopped_and_the_next_one_is_done(
    pool: WorkerPool,
) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (7_000, 7_000), (9, 9, 9, 9)).save(file, "PNG", compress_level=1)
    with pytest.raises(JobAborted) as stopped:
        await ask(pool, file.getvalue())
    assert stopped.value.cause == "memory"
    assert isinstance(await ask(pool, encoded(picture("coffee.png"))), Made)
