"""A client that goes from one way of listener to another, and from node to node."""

from autodmca_edge.testing import FakeNode

from services.edge.tests.asking import Asking, asking, settled
from services.edge.tests.replaying import USAGE, emit, known


async def test_a_client_goes_between_websocket_poll_and_stream_on_two_nodes(client: Asking) -> None:
    """Each event exactly once, in order, whichever way and node it is had from."""
    node, other = client.node, FakeNode(client.node.stored)
    seen: list[str] = []
    cursors = known(node)

    def happen() -> None:
        emit(node.stored, 3)
        for each in (node, other):
            each.poll()

    async with asking(other) as elsewhere:
        for _ in range(5):
            happen()
            peer = other.connect()
            peer.subscribe("s", USAGE, resume=cursors)
            await settled(other)
            happen()
            seen += peer.ids()
            cursors = peer.cursors()
            peer.leave()
            happen()
            ids, cursors, _ = (await client.get(USAGE, resume=cursors)).polled()
            seen += ids
            happen()
            stream = await elsewhere.stream(USAGE, resume=cursors)
            happen()
            await settled(other)
            seen += stream.ids()
            cursors = stream.last_event_id().split(",")
            stream.hang_up()
    assert seen == [f"templates-7-{n}" for n in range(len(seen))]
    assert len(seen) == 75
