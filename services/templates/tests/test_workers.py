"""Workers are real processes here: they are made to loop, to eat memory and to die."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from autodmca_templates.config import WorkerSettings
from autodmca_templates.errors import JobStopped, PoolBusy, TooManyJobs
from autodmca_templates.jobs import RenderJob, frame
from autodmca_templates.metrics import Metrics
from autodmca_templates.rendering import WorkerPool
from autodmca_templates.state import Content
from prometheus_client import CollectorRegistry

LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
Until = Callable[[Callable[[], bool]], Awaitable[None]]


async def test_a_template_is_rendered_as_plain_text(pool: WorkerPool) -> None:
    text = await pool.render(1, "Dear {{ name }},\n{% for u in urls %}\n- {{ u }}\n{% endfor %}\n", {
        "name": "<Smith & Sons>", "urls": ["https://a.example", "https://b.example"]
    })  # fmt: skip
    assert text == "Dear <Smith & Sons>,\n- https://a.example\n- https://b.example\n"


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("a\n{% if %}", "syntax_error", 2),
        ("a\n\n{{ x | nope }}", "syntax_error", 3),
        ("a\n{% include 'x' %}", "syntax_error", 2),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "syntax_error", 1),
        ("a\n{{ ''.__class__ }}", "template_unsafe", 2),
        ("a\n{{ ''['__cl' + 'ass__'].mro() }}", "template_unsafe", 2),
        ("a\n{{ ''|attr('__class__') }}", "template_unsafe", 2),
        ("{{ 'a' * 10000000000 }}", "template_memory", None),
        ("{{ '%0999999999d' % 1 }}", "template_memory", None),
        ("{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}", "template_too_long", None),
        ("a\nb\n{{ 1 + 'a' }}", "template_failed", 3),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "template_failed", 1),
        ("a\n{{ nobody }}", "undeclared_variable", 2),
        (LOOP, "template_timeout", None),
        ("{{ 9**9**9**9**9 }}", "template_failed", 1),
    ],
)  # fmt: skip
async def test_a_bad_template_is_stopped_for_its_own_reason_and_the_next_one_is_rendered(
    pool: WorkerPool, body: str, code: str, line: int | None
) -> None:
    with pytest.raises(JobStopped) as stop:
        await pool.render(1, body, {})
    assert (stop.value.code, stop.value.line) == (code, line)
    assert await pool.render(1, "still here", {}) == "still here"


async def test_others_are_served_while_a_looping_template_is_being_killed(pool: WorkerPool) -> None:
    looping = [asyncio.create_task(pool.render(1, LOOP, {})) for _ in range(3)]
    served = 0
    while not looping[0].done():
        assert await pool.render(2, "quick", {}) == "quick"
        served += 1
    assert served > 1
    results = await asyncio.gather(*looping, return_exceptions=True)
    assert [getattr(result, "code", None) for result in results] == ["template_timeout"] * 3


async def test_a_worker_that_is_killed_is_replaced(
    pool: WorkerPool, registry: CollectorRegistry, until: Until
) -> None:
    assert await pool.render(1, "a", {}) == "a"
    await until(lambda: pool.alive == 2)
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for _ in before:
        with pytest.raises(JobStopped, match="worker died"):
            await pool.render(1, "b", {})
    assert await pool.render(1, "c", {}) == "c"
    await until(lambda: pool.alive == 2)
    assert not before & pool.pids
    lost = registry.get_sample_value("autodmca_templates_workers_lost_total", {"reason": "crash"})
    assert lost == 2


async def test_a_user_has_a_share_of_the_queue_and_the_queue_has_an_end(
    worker_settings: WorkerSettings,
) -> None:
    pool = WorkerPool(worker_settings, Metrics(CollectorRegistry()))  # whose workers are never started
    waiting = []
    for user_id in (1, 2):
        waiting += [asyncio.create_task(pool.render(user_id, "x", {})) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyJobs):
        await pool.render(1, "x", {})
    with pytest.raises(PoolBusy):
        await pool.render(3, "x", {})
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_a_stopping_pool_lets_nobody_wait_and_leaves_no_process(
    worker_settings: WorkerSettings, until: Until
) -> None:
    pool = WorkerPool(worker_settings, Metrics(CollectorRegistry()))
    running = asyncio.create_task(pool.run())
    await until(lambda: pool.alive == 2)
    pids = pool.pids
    looping = asyncio.create_task(pool.render(1, LOOP, {}))
    await asyncio.sleep(0)
    await until(lambda: bool(pool.busy))
    running.cancel()
    await asyncio.wait([running])
    with pytest.raises(PoolBusy):
        await looping
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_worker_ends_with_its_service_even_in_the_middle_of_a_loop() -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "autodmca_templates.worker", str(512 * 1024 * 1024), "1",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert worker.stdin is not None
    worker.stdin.write(frame(RenderJob(LOOP, {}, 1000)))
    worker.stdin.close()
    async with asyncio.timeout(20):
        assert await worker.wait() == -signal.SIGXCPU


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


async def test_a_worker_sees_nothing_of_the_services_environment(
    pool: WorkerPool, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET", "not for workers")
    await until(lambda: pool.alive == 2)
    for pid in pool.pids:
        assert environment_of(pid) == b""


async def test_examining_and_analysing_share_the_workers(pool: WorkerPool) -> None:
    report = await pool.examine(1, Content(name="n", kind="takedown", body="{% if %}"))
    assert [finding.code for finding in report.findings] == ["syntax_error"]
    assert (await pool.analyse(1, "I hereby retract my DMCA notice.")).kind == "retraction"
