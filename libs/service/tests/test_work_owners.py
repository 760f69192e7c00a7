"""Work and who owns it: found by the next owner, ended by the one who loses it, refused from a late one."""

from __future__ import annotations

import asyncio

import pytest
from autodmca_kafka.consequences import TRACEPARENT
from autodmca_service.context import traceparent
from autodmca_service.errors import WorkStopped
from autodmca_service.work import Checkpoint, Job
from autodmca_service.work import work as under_test
from autodmca_service.work.traces import LASTS_MS

from tests.integration.carrier import EVERY, Carrier, working
from tests.integration.parcels import HOME, USER, Cancel, Carried, Label, Log, Order, Parcel, Site, Written

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_what_stands_in_the_state_is_found_by_whoever_gains_the_partition() -> None:
    log = Log()
    before = Site(log)
    before.own(*EVERY)
    for user_id in range(1, 50):
        await log.order(user_id, Order("a"))
    before.step()
    carrier = Carrier(Site(log))
    async with working(carrier):
        carrier.site.own(*EVERY)
        await carrier.site.until(lambda: carrier.count("performed_total") == 49)
    assert set(carrier.reached.values()) == {1}


async def test_a_job_and_its_next_steps_belong_to_the_trace_of_the_input_whoever_performs_them() -> None:
    """Unless it is due so late that it is no part of what was asked for."""
    log = Log()
    before = Site(log)
    before.own(*EVERY)
    written_ms = Written(0, b"", b"", ()).timestamp
    await log.order(USER, Order("a", left=2), trace=TRACE)
    await log.order(USER, Order("malformed"), trace="00-no-trace-01")
    await log.order(USER, Order("late", at_ms=written_ms + LASTS_MS + 1), trace=TRACE)
    before.step()
    carrier = Carrier(Site(log), now_s=written_ms / 1000 + LASTS_MS)
    seen: dict[str, str | None] = {}

    async def carry(job: Job[Parcel], checkpoint: Checkpoint) -> None:
        seen[job.key] = traceparent.get()
        await checkpoint(Carried(job.entity_id))

    carrier.deed = carry
    async with working(carrier):
        carrier.site.own(*EVERY)
        await carrier.site.until(lambda: carrier.count("performed_total") == 4)
    assert seen == {"7/a/2": TRACE, "7/a/1": TRACE, "7/malformed/1": None, "7/late/1": None}
    written = [dict(each.headers) for each in log.inputs[HOME] if b"carried" in each.value]
    assert [each[TRACEPARENT] for each in written if TRACEPARENT in each] == [TRACE.encode()] * 2
    assert len(written) == 4


async def test_what_is_in_the_log_is_applied_before_work_begins() -> None:
    log = Log()
    before = Site(log)
    before.own(*EVERY)
    await log.order(USER, Order("a", left=1))
    before.step()
    await log.order(USER, Cancel("a"))
    carrier = Carrier(Site(log))
    async with working(carrier):
        carrier.site.own(*EVERY)
        await log.order(USER, Order("b"))
        await carrier.site.until(lambda: carrier.left("b") == 0)
    assert carrier.reached == {"7/b/1": 1}


async def test_a_late_owner_is_refused_with_all_that_it_goes_on_to_write() -> None:
    log = Log()
    late, owner = Carrier(Site(log)), Carrier(Site(log))
    entered: asyncio.Future[Checkpoint] = asyncio.get_running_loop().create_future()

    async def freeze(_job: Job[Parcel], checkpoint: Checkpoint) -> None:
        entered.set_result(checkpoint)
        await asyncio.Event().wait()

    late.deed = freeze
    late.site.own(*EVERY)
    async with working(late):
        await log.order(USER, Order("a", left=2))
        await late.site.until(entered.done)
        async with working(owner):  # the group has replaced the first one, which does not know it
            owner.site.own(*EVERY)
            await owner.site.until(lambda: owner.left() == 0 and not owner.work.running)
            assert log.refused == 0
            await (await entered)(Carried("a"))
            await (await entered)(Carried("a"))
            owner.site.step()
            assert (owner.left(), log.refused) == (0, 2)
            late.site.look()  # and now it sees that the state went on without it
            await late.site.until(lambda: late.count("superseded_total") == 1)
            with pytest.raises(WorkStopped, match="superseded"):
                await (await entered)(Carried("a"))


async def test_an_input_that_changes_what_is_due_stops_the_performance_and_another_does_not() -> None:
    log = Log()
    carrier = Carrier(Site(log))
    carrier.gate.clear()
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a", left=2))
        await carrier.site.until(lambda: carrier.performing == 1)
        await log.order(USER, Label("a", "fragile"))
        await carrier.site.until(lambda: carrier.site.table.get(USER, "a") == Parcel(2, 0, 0, "fragile"))
        assert (carrier.performing, carrier.count("superseded_total")) == (1, 0)
        await log.order(USER, Cancel("a"))
        await carrier.site.until(lambda: carrier.count("superseded_total") == 1)
        assert (carrier.performing, carrier.work.running) == (0, 0)
        await log.order(USER, Order("a", left=1))
        await carrier.site.until(lambda: carrier.performing == 1)
        carrier.gate.set()
        await carrier.site.until(lambda: carrier.left() == 0)
    assert carrier.reached == {"7/a/2": 1, "7/a/1": 1}


async def test_who_loses_a_partition_cancels_and_awaits_its_work_and_writes_no_more() -> None:
    log = Log()
    carrier = Carrier(Site(log))
    kept: list[Checkpoint] = []
    cleaned = asyncio.Event()

    async def hold(_job: Job[Parcel], checkpoint: Checkpoint) -> None:
        kept.append(checkpoint)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.set()

    carrier.deed = hold
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a"))
        await carrier.site.until(lambda: len(kept) == 1)
        await carrier.site.holdings.release()
        assert cleaned.is_set()
        assert (carrier.work.running, carrier.work.waiting) == (0, 0)
        written = len(log.inputs[HOME])
        with pytest.raises(WorkStopped, match="lost"):
            await kept[0](Carried("a"))
        assert (len(log.inputs[HOME]), carrier.count("interrupted_total")) == (written, 1)
        carrier.site.own(*EVERY)
        await carrier.site.until(lambda: len(kept) == 2)


async def test_work_that_does_not_end_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "PATIENCE_S", 0.05)
    log = Log()
    carrier = Carrier(Site(log))
    release = asyncio.Event()

    async def refuse(_job: Job[Parcel], _checkpoint: Checkpoint) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    carrier.deed = refuse
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a"))
        await carrier.site.until(lambda: carrier.performing == 1)
        await carrier.site.holdings.release()
        assert carrier.count("stuck_total") == 1
        release.set()


async def test_a_partition_lost_before_its_work_has_begun_takes_no_slot_along() -> None:
    log = Log()
    carrier = Carrier(Site(log), at_once=1)
    carrier.site.own(*EVERY)
    async with working(carrier):
        for _ in range(5):
            await log.order(USER, Order("a"))
            carrier.site.step()
            await asyncio.sleep(0)
            await carrier.site.holdings.release()
            carrier.site.own(*EVERY)
        await carrier.site.until(lambda: carrier.left() == 0 and not carrier.work.running)


async def test_nothing_is_begun_while_it_is_not_sure_that_the_partition_is_still_ours() -> None:
    log = Log()
    carrier = Carrier(Site(log))
    carrier.site.own(*EVERY)
    async with working(carrier):
        carrier.site.leased = False
        await log.order(USER, Order("a"))
        await carrier.site.until(lambda: carrier.work.waiting == 1)
        await log.order(8, Order("b"))
        await carrier.site.until(lambda: carrier.work.waiting == 2)
        assert not carrier.reached
        carrier.site.leased = True
        carrier.now_s += 0.6
        await carrier.site.until(lambda: carrier.count("performed_total") == 2)
