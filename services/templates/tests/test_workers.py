"""Templates in real workers: what is wrong with one is told, and the next one is rendered."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest
from autodmca_service.workers.pool import WorkerPool
from autodmca_templates.errors import JobStopped
from autodmca_templates.rendering import Renderer
from autodmca_templates.state import Content

LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
Until = Callable[[Callable[[], bool]], Awaitable[None]]


async def test_a_template_is_rendered_as_plain_text(renderer: Renderer) -> None:
    text = await renderer.render(1, "Dear {{ name }},\n{% for u in urls %}\n- {{ u }}\n{% endfor %}\n", {
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
    renderer: Renderer, body: str, code: str, line: int | None
) -> None:
    with pytest.raises(JobStopped) as stop:
        await renderer.render(1, body, {})
    assert (stop.value.code, stop.value.line) == (code, line)
    assert await renderer.render(1, "still here", {}) == "still here"


async def test_a_template_that_crashes_two_workers_by_itself_is_told_so(
    renderer: Renderer, pool: WorkerPool, until: Until
) -> None:
    asked = asyncio.create_task(renderer.render(1, LOOP, {}))
    for _ in range(2):
        await until(lambda: bool(pool.busy))
        before = pool.pids
        for pid in before:
            os.kill(pid, signal.SIGSEGV)
        await until(lambda: not before & pool.pids)  # noqa: B023 - awaited before it changes
    with pytest.raises(JobStopped) as stop:
        await asked
    assert stop.value.code == "worker_crashed"


async def test_examining_and_analysing_share_the_workers(renderer: Renderer) -> None:
    report = await renderer.examine(1, Content(name="n", kind="takedown", body="{% if %}"))
    assert [finding.code for finding in report.findings] == ["syntax_error"]
    assert (await renderer.analyse(1, "I hereby retract my DMCA notice.")).kind == "retraction"
