"""A service's process and its end: real child processes, real signals."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import httpx
import pytest

BODY = """
import asyncio, sys, time
import msgspec
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from autodmca_runtime import Health, ops_routes, run, serve

class Settings(msgspec.Struct, frozen=True):
    pass

health = Health()

async def slow(request):
    print("slow", flush=True)
    while not health.draining:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    return PlainTextResponse("done")

async def forever(request):
    print("forever", flush=True)
    await asyncio.Event().wait()

async def tick():
    try:
        await asyncio.Event().wait()
    finally:
        print("background ended", flush=True)

async def drain():
    print("draining", flush=True)
    {drain}

async def crash():
    {crash}

async def main(settings):
    {before}
    app = Starlette(routes=[*ops_routes(health), Route("/slow", slow), Route("/forever", forever)])
    try:
        await serve(
            app, host="127.0.0.1", port=0, health=health, on_drain=drain,
            on_listening=lambda host, port: print("port", port, flush=True),
            background={background}, {options}
        )
    finally:
        print("closed", flush=True)
        {after}

sys.exit(run("test", Settings, main))
"""


def body(**parts: str) -> str:
    defaults = {
        "drain": "pass",
        "crash": "pass",
        "before": "pass",
        "after": "pass",
        "background": '{"tick": tick}',
        "options": "drain_s=5, stop_s=5",
    }
    text = BODY
    for name, part in (defaults | parts).items():
        text = text.replace("{" + name + "}", part)
    return text


def url(service: Any, path: str) -> str:
    return f"http://127.0.0.1:{service.wait_for('port')}{path}"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_finishes_requests_and_exits_with_0(signum: int, service: Any) -> None:
    running = service(body(drain="await asyncio.sleep(0.3)"))
    async with httpx.AsyncClient(timeout=20) as client, asyncio.TaskGroup() as group:
        assert (await client.get(url(running, "/readyz"))).json()["status"] == "ready"
        answer = group.create_task(client.get(url(running, "/slow")))
        await asyncio.to_thread(running.wait_for, "slow")
        running.kill(signum)
        await asyncio.to_thread(running.wait_for, "draining")
        probe = await client.get(url(running, "/readyz"))  # still answered, on another connection
        assert (probe.status_code, probe.json()["status"]) == (503, "draining")
    assert answer.result().text == "done"
    assert await asyncio.to_thread(running.exit_code) == 0
    assert (
        running.lines.index("draining")
        < running.lines.index("background ended")
        < running.lines.index("closed")
    )
    assert running.events() == ["listening", "signal", "draining", "stopped"]


async def test_requests_that_do_not_end_are_cut_at_the_deadline(service: Any) -> None:
    running = service(body(options="drain_s=1, stop_s=0.3"))
    async with httpx.AsyncClient(timeout=20) as client, asyncio.TaskGroup() as group:

        async def ask() -> None:
            with pytest.raises(httpx.HTTPError):
                (await client.get(url(running, "/forever"))).raise_for_status()

        group.create_task(ask())
        await asyncio.to_thread(running.wait_for, "forever")
        running.kill()
    assert await asyncio.to_thread(running.exit_code) == 0
    assert "closed" in running.lines


def test_signals_are_heard_on_asyncios_own_loop_too(service: Any) -> None:
    by_run, by_asyncio = 'sys.exit(run("test", Settings, main))', "asyncio.run(main(Settings()))"
    running = service(body().replace(by_run, by_asyncio))
    running.wait_for("port")
    running.kill(signal.SIGINT)
    assert running.exit_code() == 0
    assert {"draining", "background ended", "closed"} <= set(running.lines)


def test_a_drain_that_does_not_end_is_cut_at_its_deadline(service: Any) -> None:
    running = service(body(drain="await asyncio.Event().wait()", options="drain_s=0.2, stop_s=1"))
    running.wait_for("port")
    running.kill()
    assert running.exit_code() == 0
    assert "drain did not end in time" in running.events()


def test_a_drain_that_fails_does_not_stop_the_stop(service: Any) -> None:
    running = service(body(drain="raise RuntimeError('no')"))
    running.wait_for("port")
    running.kill()
    assert running.exit_code() == 0
    assert "drain failed" in running.events()


def test_a_second_signal_stops_at_once(service: Any) -> None:
    running = service(body(drain="await asyncio.sleep(60)", options="drain_s=60"))
    running.wait_for("port")
    running.kill()
    running.wait_for("draining")
    running.kill(signal.SIGINT)
    assert running.exit_code() == 128 + signal.SIGINT
    assert {"background ended", "closed"} <= set(running.lines)


def test_a_second_signal_ends_even_a_process_that_is_stuck(service: Any) -> None:
    running = service(body(drain="time.sleep(60)", options="drain_s=60"))
    running.wait_for("port")
    running.kill()
    running.wait_for("draining")
    running.kill()
    assert running.exit_code() == 128 + signal.SIGTERM


def test_a_second_signal_ends_even_a_closing_that_hangs(service: Any) -> None:
    running = service(body(after='print("closing", flush=True); await asyncio.sleep(60)'))
    running.wait_for("port")
    running.kill()
    running.wait_for("closing")
    running.kill()
    assert running.exit_code() == 128 + signal.SIGTERM


def test_a_signal_before_serving_stops_the_start(service: Any) -> None:
    running = service(body(before='print("starting", flush=True); await asyncio.sleep(60)'))
    running.wait_for("starting")
    running.kill()
    assert running.exit_code() == 0
    assert "closed" not in running.lines


@pytest.mark.parametrize("crash", ["raise RuntimeError('broken')", "return", "raise asyncio.CancelledError"])
def test_background_work_that_ends_stops_the_process_with_an_error(crash: str, service: Any) -> None:
    running = service(body(crash=crash, background='{"tick": tick, "tail": crash}'))
    assert running.exit_code() == 1
    error = next(entry for entry in running.logs if entry["event"] == "background task ended, stopping")
    assert error["task"] == "tail"
    assert ("RuntimeError: broken" in error.get("exception", "")) == ("RuntimeError" in crash)
    assert "draining" not in running.lines
    assert {"background ended", "closed"} <= set(running.lines)
    assert "service failed" in running.events()


def test_a_crash_at_the_start_is_logged_and_told_by_the_exit_code(service: Any) -> None:
    running = service(body(before="raise RuntimeError('no broker, token=abcdefgh')"))
    assert running.exit_code() == 1
    assert "RuntimeError: no broker, token=[masked]" in running.logs[-1]["exception"]


def test_a_bad_environment_is_told_on_stderr_with_all_keys(service: Any) -> None:
    code = """
    import sys
    from autodmca_runtime import KafkaSettings, run
    async def main(settings): ...
    sys.exit(run("edge", KafkaSettings, main))
    """
    running = service(code, LOG_LEVEL="loud", TOPIC_PARTITIONS="x", KAFKA_BOOTSTRAP_SERVERS="")
    assert running.exit_code() == 78
    text = "\n".join(running.lines)
    assert "edge: bad configuration" in text
    for name in ("LOG_LEVEL", "TOPIC_PARTITIONS", "KAFKA_BOOTSTRAP_SERVERS"):
        assert name in text
