"""PROTOCOL, "Draining": closes spread evenly over the drain period, and no end before the last socket's."""

import asyncio
from itertools import pairwise

import pytest
from autodmca_edge.session.drain import send_away
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer


class Time:
    """Goes on only while somebody pauses; a peer may read or be gone at a moment."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at: dict[float, FakePeer] = {}

    def clock(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        for when in [each for each in self.at if each <= self.now]:
            self.at.pop(when).leave()
        await asyncio.sleep(0)


class Leaver:
    """Notes when it was asked to leave, and is gone at once."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.asked: float | None = None

    @property
    def gone(self) -> bool:
        return self.asked is not None

    def drain(self) -> None:
        assert self.asked is None
        self.asked = self._time.now


@pytest.mark.parametrize(("count", "seconds"), [(0, 25), (1, 25), (5, 25), (1000, 25), (1000, 0)])
async def test_closes_are_spread_evenly(count: int, seconds: float) -> None:
    time = Time()
    leavers = [Leaver(time) for _ in range(count)]
    await send_away(leavers, seconds, time.clock, time.pause)
    expected = [seconds * index / count for index in range(count)]
    assert [each.asked for each in leavers] == pytest.approx(expected, abs=1e-6)


async def test_who_must_go_at_once_goes_a_few_each_turn_of_the_loop() -> None:
    time, closed = Time(), [0]
    leavers = [Leaver(time) for _ in range(1000)]

    async def pause(seconds: float) -> None:
        closed.append(sum(each.gone for each in leavers))
        await time.pause(seconds)

    await send_away(leavers, 0, time.clock, pause)
    assert max(later - earlier for earlier, later in pairwise([*closed, 1000])) == 20
    assert time.now == 0


async def test_a_late_loop_catches_up_with_the_plan() -> None:
    """A pause that took too long makes the next ones shorter: the period is kept."""
    time = Time()
    leavers = [Leaver(time) for _ in range(100)]

    async def pause(seconds: float) -> None:
        await time.pause(seconds + 1)

    await send_away(leavers, 10, time.clock, pause)
    assert time.now <= 10 + 1
    asked = [each.asked or 0.0 for each in leavers]
    assert asked == sorted(asked)


async def test_the_close_comes_after_the_queued_bytes_and_the_drain_waits_for_the_last_socket() -> None:
    node, time = FakeNode(FakeLog()), Time()
    peers = [node.connect("7"), node.connect("8")]
    for peer in peers:
        peer.subscribe("s", "template_usage")
    slow = peers[1]
    slow.stall()
    for user in (7, 8):
        for _ in range(20):
            node.stored.emit("template_usage", user)
    node.poll()
    assert slow.held > 0
    time.at = {1.0: peers[0], 9.0: slow}
    draining = asyncio.create_task(send_away([each.session for each in peers], 2, time.clock, time.pause))
    while time.now < 5:
        await asyncio.sleep(0)
    assert slow.closed is None
    slow.read()
    await draining
    assert [len(each.events()) for each in peers] == [20, 20]
    assert [each.closed for each in peers] == [1012, 1012]
    assert time.now >= 9
