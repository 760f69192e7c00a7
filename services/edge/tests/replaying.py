"""What the tests of replays share: who writes, who listens, and what must have come."""

from autodmca_edge.testing import FakeLog, FakeNode, FakePeer
from autodmca_events import partition_for, user_key
from autodmca_events.topics import events_topic

USAGE, APPROVAL, INCIDENT, NOTICE = (
    "template_usage",
    "template_approval",
    "social_media_incident",
    "system_notification",
)
TEMPLATES = events_topic("templates")
EPOCH = "1970-01-01T00:00:00Z"


def place(stored: FakeLog, user: int = 7) -> tuple[str, int]:
    return TEMPLATES, partition_for(user_key(user), stored.partitions)


def neighbour(stored: FakeLog, of: int = 7) -> int:
    """Another user of the same partition."""
    return next(user for user in range(100, 999) if place(stored, user) == place(stored, of))


def offsets(peer: FakePeer) -> list[int]:
    return [int(each["cursor"].rpartition(":")[2]) for each in peer.events()]


def answer(peer: FakePeer, name: str = "s") -> dict[str, object]:
    found = [each for each in peer.answers("subscribed") if each["subscriptionId"] == name]
    return {key: found[-1].get(key) for key in ("recovered", "replayed", "reason")}


def emit(stored: FakeLog, count: int, user: int | None = 7, type_name: str = USAGE) -> None:
    for _ in range(count):
        stored.emit(type_name, user)


def recovered(replayed: int) -> dict[str, object]:
    return {"recovered": True, "replayed": replayed, "reason": None}


def lost(reason: str, replayed: int = 0) -> dict[str, object]:
    return {"recovered": False, "replayed": replayed, "reason": reason}


def known(node: FakeNode, *types: str, user: int = 7) -> list[str]:
    """The cursors of a client that was connected until now."""
    peer = node.connect(str(user))
    peer.subscribe("s", *(types or (USAGE,)))
    peer.leave()
    return peer.cursors()


async def stuck(node: FakeNode, peer: FakePeer, cursors: list[str], *types: str) -> None:
    """A replay under way that waits for the log."""
    node.stored.stuck = True
    peer.subscribe("s", *(types or (USAGE,)), resume=cursors)
    await node.settle()
    assert node.hub.gates


async def free(node: FakeNode) -> None:
    node.stored.away = node.stored.stuck = False
    for _ in range(3):
        node.pass_time(1)
        await node.settle()


async def live_after(node: FakeNode, peer: FakePeer) -> None:
    before = len(peer.events())
    node.stored.emit(USAGE, 7)
    node.poll()
    await node.settle()
    assert len(peer.events()) == before + 1
    assert node.hub.gates == {}
