"""Workers are real processes here: they are made to loop, to eat memory and to die."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import Any

import pytest
from autodmca_service.errors import JobAborted, JobFailed, JobTooLarge, PoolBusy, TooManyJobs, WorkerLost
from autodmca_service.workers.jobs import Blob
from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.pool import WorkerPool
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from libs.service.tests.pools import PATIENT, TRIALS, pool_of, until
from libs.service.tests.trials import Allocate, Die, Fail, Lie, Loop, Mirror, Say, Swell, Text, Wait

MIB = 1024 * 1024


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def counted(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(f"autodmca_{name}", {"pool": "trials", **labels}) or 0.0


async def end_the_worker(pool: WorkerPool, how: signal.Signals) -> None:
    """Once it is at work, and until it is another one's turn."""
    await until(lambda: bool(pool.busy))
    (pid,) = pool.pids
    os.kill(pid, how)
    await until(lambda: pid not in pool.pids)


async def test_numbers_of_any_length_and_any_text_arrive() -> None:
    async with pool_of() as pool:
        job = Say("\x00\u20ac\U0001f600{", number=10**40)
        assert await pool.ask(1, job) == Text("\x00\u20ac\U0001f600{")


async def test_pictures_of_many_megabytes_go_both_ways_beside_the_json() -> None:
    data = os.urandom(20 * MIB)
    async with pool_of(frame_mb=48, queue_mb=200) as pool:
        answer = await pool.ask(1, Mirror("a", (Blob(data), Blob(b""), Blob(bytearray(b"xy")))))
        assert (answer.name, answer.bytes) == ("a", 20 * MIB + 2)
        assert answer.data.data == b"yx" + data[::-1]


@pytest.mark.parametrize(
    ("job", "cause"), [(Loop(), "cpu_time"), (Allocate(4096), "memory"), (Die(signal.SIGSEGV), "crash")]
)
async def test_a_job_over_its_limits_is_stopped_and_the_next_one_is_done(
    registry: CollectorRegistry, job: Any, cause: str
) -> None:
    async with pool_of(registry=registry, cpu_s=0.3) as pool:
        with pytest.raises(JobAborted) as aborted:
            await pool.ask(1, job)
        assert aborted.value.cause == cause
        assert await pool.ask(1, Say("still here")) == Text("still here")
    assert counted(registry, "worker_jobs_total", job=job.__struct_config__.tag, result=cause) == 1
    workers = 2 if cause == "crash" else 1
    assert counted(registry, "workers_ended_total", reason=cause) == workers


async def test_a_job_with_more_bytes_than_a_worker_has_memory_is_stopped_for_its_memory() -> None:
    async with pool_of(memory_mb=128, frame_mb=200) as pool:
        with pytest.raises(JobAborted) as aborted:
            await pool.ask(1, Mirror("big", (Blob(bytearray(150 * MIB)),)))
        assert aborted.value.cause == "memory"


async def test_others_are_served_while_looping_jobs_are_being_stopped() -> None:
    async with pool_of(workers=2, cpu_s=1.0) as pool:
        looping = [asyncio.create_task(pool.ask(1, Loop())) for _ in range(3)]
        served = 0
        while not looping[0].done():
            assert await pool.ask(2, Say("quick")) == Text("quick")
            served += 1
        assert served > 1
        results = await asyncio.gather(*looping, return_exceptions=True)
        assert [getattr(result, "cause", None) for result in results] == ["cpu_time"] * 3


async def test_a_worker_that_is_killed_at_rest_is_replaced_and_nobody_notices(
    registry: CollectorRegistry,
) -> None:
    async with pool_of(registry=registry, workers=2) as pool:
        before = pool.pids
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not before & pool.pids)
        assert await pool.ask(1, Say("c")) == Text("c")
        await until(lambda: pool.alive == 2)
    assert counted(registry, "workers_ended_total", reason="crash") == 2


async def test_a_job_whose_worker_the_machine_killed_is_done_once_more(registry: CollectorRegistry) -> None:
    async with pool_of(registry=registry) as pool:
        asked = asyncio.create_task(pool.ask(1, Loop(0.5)))
        await end_the_worker(pool, signal.SIGKILL)
        assert await asked == Text("done")
    assert counted(registry, "worker_jobs_total", job="loop", result="again") == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_job_that_loses_two_workers_is_our_fault_and_not_the_jobs(
    registry: CollectorRegistry, how: signal.Signals
) -> None:
    async with pool_of(registry=registry) as pool:
        asked = asyncio.create_task(pool.ask(1, Wait()))
        for _ in range(2):
            await end_the_worker(pool, how)
        with pytest.raises(WorkerLost):
            await asked
        assert await pool.ask(1, Say("next")) == Text("next")
    assert counted(registry, "worker_jobs_total", job="wait", result="lost") == 1


async def test_a_worker_that_stands_still_is_replaced_and_its_job_done_by_another(
    registry: CollectorRegistry,
) -> None:
    async with pool_of(registry=registry, stall_s=2.0) as pool:
        (frozen,) = pool.pids
        os.kill(frozen, signal.SIGSTOP)
        assert await pool.ask(1, Say("still here")) == Text("still here")
        assert frozen not in pool.pids
    assert counted(registry, "workers_ended_total", reason="stall") == 1


async def test_a_worker_that_is_slow_by_the_clock_alone_is_waited_for() -> None:
    async with pool_of(cpu_s=0.5) as pool:
        (pid,) = pool.pids
        os.kill(pid, signal.SIGSTOP)  # as a machine does that has no time for it
        asked = asyncio.create_task(pool.ask(1, Say("slow, but right")))
        began = time.monotonic()
        await until(lambda: time.monotonic() > began + 1.0)
        os.kill(pid, signal.SIGCONT)
        assert await asked == Text("slow, but right")
        assert pool.pids == {pid}


async def test_an_endless_job_is_told_so_on_a_busy_machine_too() -> None:
    burning = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        async with pool_of(cpu_s=0.3) as pool:
            (pid,) = pool.pids
            os.setpriority(os.PRIO_PROCESS, pid, 10)
            with pytest.raises(JobAborted) as aborted:
                await pool.ask(1, Loop())
            assert aborted.value.cause == "cpu_time"
    finally:
        for each in burning:
            each.kill()
            await each.wait()


async def test_a_mistake_of_ours_is_logged_without_the_jobs_words_and_not_tried_again(
    registry: CollectorRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    async with pool_of(registry=registry) as pool:
        with pytest.raises(JobFailed):
            await pool.ask(1, Fail("a customer's words"))
        with pytest.raises(JobFailed):
            await pool.ask(1, Swell(40))
        assert await pool.ask(1, Say("next")) == Text("next")
    logged = capsys.readouterr().out
    assert "LookupError" in logged
    assert "trials.py" in logged
    assert "the answer has" in logged
    assert "a customer's words" not in logged
    assert counted(registry, "worker_jobs_total", job="fail", result="failed") == 1


async def test_an_answer_to_another_question_is_no_answer(registry: CollectorRegistry) -> None:
    async with pool_of(registry=registry) as pool:
        with pytest.raises(WorkerLost):
            await pool.ask(1, Lie())
    assert counted(registry, "workers_ended_total", reason="confused") == 2


async def test_a_user_has_a_share_of_the_queue_and_the_queue_has_an_end(registry: CollectorRegistry) -> None:
    bounds = replace(PATIENT, queue=8, per_user=4, queue_mb=4, frame_mb=3)
    pool = WorkerPool("trials", TRIALS, bounds, WorkerMetrics(registry))  # whose workers are never started
    waiting: list[asyncio.Task[Any]] = []

    async def wait_for(*pairs: tuple[int, Any]) -> None:
        waiting.extend(asyncio.create_task(pool.ask(user, job)) for user, job in pairs)
        await asyncio.sleep(0)

    async def clear() -> None:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        waiting.clear()
        assert counted(registry, "worker_jobs_queued") == counted(registry, "worker_jobs_bytes") == 0

    await wait_for(*((user, Wait()) for user in (1, 2) for _ in range(4)))
    assert counted(registry, "worker_jobs_queued") == 8
    with pytest.raises(TooManyJobs):
        await pool.ask(1, Wait())
    with pytest.raises(PoolBusy):
        await pool.ask(3, Wait())
    await clear()
    await wait_for((1, Mirror("a", (Blob(bytearray(2 * MIB)),))))
    with pytest.raises(TooManyJobs):  # in bytes
        await pool.ask(1, Mirror("a", (Blob(bytearray(MIB)),)))
    with pytest.raises(PoolBusy):
        await pool.ask(2, Mirror("a", (Blob(bytearray(2 * MIB)),)))
    with pytest.raises(JobTooLarge):
        await pool.ask(2, Mirror("a", (Blob(bytearray(3 * MIB)),)))
    await clear()
    reasons = {"user_queue": 2, "queue": 1, "bytes": 1, "too_large": 1}
    for reason, count in reasons.items():
        assert counted(registry, "worker_jobs_refused_total", reason=reason) == count


async def test_a_worker_is_replaced_after_its_jobs_and_not_all_at_once(registry: CollectorRegistry) -> None:
    async with pool_of(registry=registry, workers=2, jobs=4) as pool:
        first = pool.pids
        while not counted(registry, "workers_ended_total", reason="recycled"):
            assert await pool.ask(1, Say("a")) == Text("a")
        assert len(first & pool.pids) == 1
        said = [(await pool.ask(1, Say("{pid}"))).text for _ in range(20)]
        assert max(map(said.count, said)) <= 4
        await until(lambda: pool.alive == 2)
    assert counted(registry, "workers_ended_total", reason="crash") == 0
    assert counted(registry, "workers_ended_total", reason="recycled") >= 4


async def test_a_stopping_pool_lets_nobody_wait_and_leaves_no_process() -> None:
    async with pool_of(workers=2) as pool:
        pids = pool.pids
        looping = asyncio.create_task(pool.ask(1, Loop()))
        await until(lambda: bool(pool.busy))
    with pytest.raises(PoolBusy):
        await looping
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_two_pools_of_one_process_share_the_metrics_by_their_names(registry: CollectorRegistry) -> None:
    metrics = WorkerMetrics(registry)
    pools = [WorkerPool(name, TRIALS, PATIENT, metrics) for name in ("pictures", "videos")]
    tasks = [asyncio.create_task(pool.run()) for pool in pools]
    assert await pools[0].ask(1, Say("a")) == Text("a")
    assert await pools[1].ask(1, Say("b")) == Text("b")
    assert await pools[1].ask(1, Say("c")) == Text("c")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for name, count in (("pictures", 1), ("videos", 2)):
        labels = {"pool": name, "job": "say", "result": "done"}
        assert registry.get_sample_value("autodmca_worker_jobs_total", labels) == count
