"""Scans of the log rest as long as they have worked, so that nobody waits for them alone."""

from autodmca_edge.testing import FakeLog, FakeNode

from services.edge.tests.replaying import USAGE, answer, emit, known, recovered

WORK_S = 3.0


async def test_scans_rest_as_long_as_they_have_worked(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 1)
    node.poll()
    first, second, third = (node.connect() for _ in range(3))
    taken = first.take

    def take(data: bytes) -> int:
        node.now += WORK_S
        return taken(data)

    first.take = take  # type: ignore[method-assign]
    first.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    second.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    third.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert not second.answers("subscribed")
    node.pass_time(WORK_S)
    await node.settle()
    for peer in (first, second, third):
        assert answer(peer) == recovered(1)
