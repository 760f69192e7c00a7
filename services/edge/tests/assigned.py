"""What the tests of reading only what is needed share."""

from autodmca_edge.testing import FakeLog, FakeNode
from autodmca_events.topics import BROADCAST

from services.edge.tests.replaying import place

GRACE_S = 5


def read(node: FakeNode) -> set[tuple[str, int]]:
    followed = {(each.topic, each.number) for each in node.log if each.followed}
    assert followed == set(node.reader.positions)
    return followed - {(BROADCAST, 0)}


def needed(node: FakeNode) -> int:
    return sum(each.demand.count for each in node.log if not each.everybody)


def elsewhere(stored: FakeLog) -> int:
    """A user of another partition than user 7."""
    return next(user for user in range(100) if place(stored, user) != place(stored))
