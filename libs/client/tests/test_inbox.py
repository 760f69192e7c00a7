"""The queue between reader and consumer: bounded, waiting, loss-free under cancellation."""

import asyncio

import pytest
from autodmca_client.effects import Gap
from autodmca_client.inbox import Inbox


def gap(number: int) -> Gap:
    return Gap("s", str(number))


async def test_put_waits_while_full_and_goes_on_after_a_get() -> None:
    inbox = Inbox(1)
    await inbox.put(gap(1))
    putting = asyncio.create_task(inbox.put(gap(2)))
    await asyncio.sleep(0)
    assert inbox.is_full
    assert not putting.done()
    assert await inbox.get() == gap(1)
    await putting
    assert await inbox.get() == gap(2)


async def test_positions_take_one_place_however_many_come() -> None:
    inbox = Inbox(1)
    await inbox.put(gap(1))
    inbox.reached(("a:1",))
    inbox.reached(("a:2",))
    assert len(inbox) == 2
    await inbox.get()
    assert await inbox.get() == ("a:2",)


async def test_a_cancelled_get_loses_nothing() -> None:
    inbox = Inbox(2)
    getting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put_now(gap(1))
    getting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await getting
    assert await inbox.get() == gap(1)


async def test_a_closed_inbox_gives_what_it_has_and_then_its_error() -> None:
    inbox = Inbox(2)
    inbox.put_now(gap(1))
    inbox.close(RuntimeError("over"))
    assert await inbox.get() == gap(1)
    with pytest.raises(RuntimeError, match="over"):
        await inbox.get()
    inbox.put_now(gap(2))
    assert len(inbox) == 0


async def test_closing_frees_who_waits_to_put() -> None:
    inbox = Inbox(1)
    inbox.put_now(gap(1))
    putting = asyncio.create_task(inbox.put(gap(2)))
    await asyncio.sleep(0)
    inbox.close(discard=True)
    await putting
    with pytest.raises(StopAsyncIteration):
        await inbox.get()


def test_a_capacity_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity"):
        Inbox(0)


async def test_a_put_that_is_cancelled_while_it_waits_adds_all_the_same() -> None:
    """What was taken off the wire is counted as come, so it must not be lost."""
    inbox = Inbox(1)
    inbox.put_now(("a:1",))
    putting = asyncio.create_task(inbox.put(("a:2",)))
    await asyncio.sleep(0)
    putting.cancel()
    await asyncio.wait([putting])
    assert putting.cancelled()
    assert [await inbox.get(), await inbox.get()] == [("a:1",), ("a:2",)]
