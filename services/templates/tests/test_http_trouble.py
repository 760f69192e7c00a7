"""What a caller is told when the trouble is ours: the machine's, not the template's."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest
from autodmca_service.testing import Site
from autodmca_service.workers.pool import WorkerPool

from .test_http import ADA, created, problem
from .test_workers import LOOP


@pytest.mark.parametrize("step", ["validate", "render"])
async def test_a_machine_that_kills_workers_is_no_verdict_on_a_template(
    site: Site, pool: WorkerPool, until: Callable[[Callable[[], bool]], Awaitable[None]], step: str
) -> None:
    one = await created(site, body=LOOP)
    asked = asyncio.create_task(
        site(ADA, "POST", f"{one}/{step}", {"preview": True} if step == "render" else {})
    )
    await until(lambda: bool(pool.busy))
    while not asked.done():
        for pid in pool.pids:
            os.kill(pid, signal.SIGKILL)
        await asyncio.wait([asked], timeout=0.1)
    answer = await asked
    assert problem(answer, 503).type.endswith(":worker-lost")
    assert answer.headers["retry-after"]
    assert site.log.events == []
    assert "validation" not in (await site(ADA, "GET", one)).json()
