"""Work that is due by the state: performed in its time, bounded, tried again, and told by checkpoints."""

from __future__ import annotations

from autodmca_service.work import Checkpoint, Due, Job
from autodmca_service.work.clock import Clock

from tests.integration.carrier import EVERY, Carrier, working
from tests.integration.parcels import USER, Cancel, Carried, Log, Order, Parcel, Site, due


async def test_what_is_due_is_performed_step_by_step_until_nothing_is() -> None:
    log = Log()
    carrier = Carrier(Site(log))
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a", left=3))
        await carrier.site.until(lambda: carrier.left() == 0 and not carrier.work.running)
    assert carrier.reached == {"7/a/3": 1, "7/a/2": 1, "7/a/1": 1}
    assert (carrier.count("performed_total"), carrier.count("checkpoints_total")) == (3, 3)
    assert (carrier.work.waiting, log.refused) == (0, 0)


async def test_nothing_is_performed_before_its_time() -> None:
    log = Log()
    carrier = Carrier(Site(log))
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("late", at_ms=1_060_000))
        await log.order(USER, Order("soon", at_ms=1_000_000))
        await carrier.site.until(lambda: carrier.left("soon") == 0)
        assert (carrier.reached, carrier.work.waiting) == ({"7/soon/1": 1}, 1)
        for _ in range(120):  # half a second at a time: the clock goes, it is not set
            carrier.now_s += 0.5
            carrier.work._now_ms()
        await carrier.site.until(lambda: carrier.left("late") == 0)


async def test_a_new_time_replaces_the_one_before() -> None:
    log = Log()
    carrier = Carrier(Site(log))
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a", at_ms=9_000_000))
        await carrier.site.until(lambda: carrier.work.waiting == 1)
        await log.order(USER, Order("a", at_ms=1_000))
        await carrier.site.until(lambda: carrier.left() == 0)
        await log.order(USER, Order("a", at_ms=9_000_000))
        await carrier.site.until(lambda: carrier.work.waiting == 1)
        await log.order(USER, Cancel("a"))
        await carrier.site.until(lambda: carrier.work.waiting == 0)
    assert sum(carrier.reached.values()) == 1


async def test_checkpoints_of_one_performance_carry_on_from_each_other() -> None:
    log = Log()
    carrier = Carrier(Site(log))

    async def carry_all(job: Job[Parcel], checkpoint: Checkpoint) -> None:
        for _ in range(job.state.left):
            await checkpoint(Carried(job.entity_id))

    carrier.deed = carry_all
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a", left=5))
        await carrier.site.until(lambda: carrier.left() == 0 and not carrier.work.running)
    assert carrier.reached == {"7/a/5": 1}
    assert (carrier.count("performed_total"), log.refused) == (1, 0)


async def test_what_raises_is_tried_again_after_a_pause_and_stops_no_other() -> None:
    log = Log()
    carrier = Carrier(Site(log))

    async def raise_for_a(job: Job[Parcel], checkpoint: Checkpoint) -> None:
        if job.entity_id == "a" and carrier.reached[job.key] < 3:
            raise RuntimeError("on purpose")
        await checkpoint(Carried(job.entity_id))

    carrier.deed = raise_for_a
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a"))
        await carrier.site.until(lambda: carrier.count("failed_total") == 1)
        await log.order(USER, Order("b", left=3))
        await carrier.site.until(lambda: carrier.left("b") == 0)
        assert (carrier.reached["7/a/1"], carrier.left()) == (1, 1)
        carrier.now_s += 1
        await carrier.site.until(lambda: carrier.count("failed_total") == 2)
        carrier.now_s += 1
        carrier.work._now_ms()
        carrier.now_s += 1
        await carrier.site.until(lambda: carrier.left() == 0)
    assert carrier.reached["7/a/1"] == 3


async def test_a_performance_without_an_accepted_checkpoint_has_failed() -> None:
    log = Log()
    carrier = Carrier(Site(log))

    async def forget(job: Job[Parcel], checkpoint: Checkpoint) -> None:
        if job.entity_id == "refused":
            await checkpoint(Carried("another"))

    carrier.deed = forget
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("a"))
        await log.order(USER, Order("refused"))
        await carrier.site.until(lambda: carrier.count("failed_total") == 2)
        assert carrier.work.waiting == 2


async def test_slots_are_bounded_and_no_user_takes_them_all() -> None:
    log = Log()
    carrier = Carrier(Site(log), at_once=4)
    carrier.gate.clear()
    carrier.site.own(*EVERY)
    async with working(carrier):
        for n in range(20):
            await log.order(USER, Order(f"p{n}"))
        await carrier.site.until(lambda: carrier.performing == 2)
        await log.order(8, Order("a"))
        await carrier.site.until(lambda: carrier.performing == 3)
        carrier.gate.set()
        await carrier.site.until(lambda: carrier.count("performed_total") == 21)
    assert carrier.most <= 4


async def test_an_entity_for_which_nobody_can_say_what_is_due_is_passed_over() -> None:
    def unsure(user_id: int, parcel_id: str, parcel: Parcel) -> Due | None:
        if parcel_id == "odd":
            raise ZeroDivisionError
        return due(user_id, parcel_id, parcel)

    log = Log()
    carrier = Carrier(Site(log), due=unsure)
    carrier.site.own(*EVERY)
    async with working(carrier):
        await log.order(USER, Order("odd"))
        await log.order(USER, Order("a"))
        await carrier.site.until(lambda: carrier.left() == 0)
    assert carrier.count("unclear_total") >= 1


async def test_a_step_of_the_clock_fires_nothing_and_stalls_nothing() -> None:
    log = Log()
    carrier = Carrier(Site(log))
    carrier.site.own(*EVERY)
    wall_s, steady_s = 1_000.0, 0.0
    carrier.work._clock = Clock(lambda: wall_s, lambda: steady_s)
    async with working(carrier):
        await log.order(USER, Order("hour", at_ms=4_600_000))
        await carrier.site.until(lambda: carrier.work.waiting == 1)
        wall_s += 86_400
        await log.order(USER, Order("now", at_ms=1_000_000))
        await carrier.site.until(lambda: carrier.left("now") == 0)
        assert "7/hour/1" not in carrier.reached
        steady_s += 10
        wall_s += 10
        await carrier.site.until(lambda: carrier.left("hour") == 0)  # it has stood: it is the time
        assert carrier.count("clock_steps_total") == 1
