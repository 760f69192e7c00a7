"""The map of owners that goes with an assignment, and the lease by which an owner knows that it is one."""

from __future__ import annotations

import msgspec
import pytest
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from autodmca_kafka.owners import AddressedAssignor, Lease, Owners
from hypothesis import given
from hypothesis import strategies as st

TOPIC = "autodmca.notes-inputs.v1"


class Member:
    """A member of the group: its assignor, and what it was told."""

    def __init__(self, address: str) -> None:
        self.owners: Owners = {}
        self.assigned: frozenset[int] = frozenset()
        self.assignor = AddressedAssignor(address, self._told)

    def _told(self, owners: Owners) -> None:
        self.owners = owners

    def joins(self) -> bytes:
        encoded: bytes = self.assignor.metadata([TOPIC]).encode()
        return encoded

    def takes(self, assignment: bytes) -> None:
        decoded = ConsumerProtocolMemberAssignment.decode(assignment)
        self.assignor.on_assignment(decoded)
        self.assigned = frozenset(tp.partition for tp in decoded.partitions())


class Cluster(ClusterMetadata):  # type: ignore[misc]
    def __init__(self, partitions: int) -> None:
        super().__init__()
        self._count = partitions

    def topics(self) -> set[str]:
        return {TOPIC}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(self._count)) if topic == TOPIC else set()


def rebalance(partitions: int, leader: Member, *members: Member) -> None:
    joined = {
        str(number): ConsumerProtocolMemberMetadata.decode(member.joins())
        for number, member in enumerate(members)
    }
    assigned = leader.assignor.assign(Cluster(partitions), joined)
    for number, member in enumerate(members):
        member.takes(assigned[str(number)].encode())


@given(partitions=st.integers(1, 24), rounds=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_every_member_knows_every_owner(partitions: int, rounds: list[int]) -> None:
    members = [Member(f"replica-{number}:8081") for number in range(5)]
    for count in rounds:
        now = members[:count]
        rebalance(partitions, now[-1], *now)
        truth = {
            partition: f"replica-{number}:8081"
            for number, member in enumerate(now)
            for partition in member.assigned
        }
        assert set(truth) == set(range(partitions))
        assert all(member.owners == truth for member in now)


def test_a_member_that_stays_keeps_its_partitions() -> None:
    one, two = Member("one:1"), Member("two:1")
    rebalance(12, one, one, two)
    before = one.assigned
    three = Member("three:1")
    rebalance(12, two, one, two, three)
    assert one.assigned < before
    assert len(one.assigned) == 4


@pytest.mark.parametrize("about", [b"", b"\xff", b"[]", b'{"address":7}', b'{"sticky":"AA"}'])
def test_a_member_of_another_version_has_no_address(about: bytes) -> None:
    one, two = Member("one:1"), Member("two:1")
    theirs = ConsumerProtocolMemberMetadata(0, [TOPIC], about)
    ours = ConsumerProtocolMemberMetadata.decode(one.joins())
    assigned = two.assignor.assign(Cluster(4), {"one": ours, "other": theirs})
    one.takes(assigned["one"].encode())
    assert sorted(set(one.owners.values())) == ["", "one:1"]


@pytest.mark.parametrize("told", [b"", b"{", b'{"zero":"one:1"}', msgspec.json.encode([1])])
def test_a_map_that_cannot_be_read_names_nobody(told: bytes) -> None:
    one = Member("one:1")
    one.takes(ConsumerProtocolMemberAssignment(0, [(TOPIC, [0, 2])], told).encode())
    assert one.owners == {}
    assert one.assigned == {0, 2}


def test_a_lease_lasts_a_session_from_when_the_heartbeat_was_sent() -> None:
    now = [100.0]
    lease = Lease(10, clock=lambda: now[0])

    def holds_at(moment: float) -> bool:
        now[0] = moment
        return lease.holds

    assert not lease.holds
    lease.renew(lease.now())
    assert holds_at(109.9)
    lease.renew(95.0)  # an older heartbeat's answer that was late
    assert lease.left_s == pytest.approx(0.1)
    assert not holds_at(110.0)
    lease.renew(108.0)
    assert holds_at(117.9)
    lease.end()
    assert not holds_at(117.9)
