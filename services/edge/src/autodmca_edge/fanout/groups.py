"""The members that want everybody's events, those that are sent the same bytes together.

Owns the groups: members without filters by their treatment and by the types that they want, members with
filters one by one. Synchronous; writes to nobody.
"""

from autodmca_edge.fanout.member import Member
from autodmca_edge.fanout.records import EVERYBODYS
from autodmca_edge.fanout.subscriptions import Interest
from autodmca_edge.fanout.treatment import Treatment

__all__ = ["Groups"]

Alike = tuple[Treatment | None, int]
"""What the members of a group have in common: their treatment, and the bits of the types that they want."""


class Groups:
    """The groups of one hub."""

    def __init__(self) -> None:
        self.plain: dict[Alike, dict[Member, int]] = {}
        """The members that want all events of some types, each with the handle to write to."""
        self.filtering: dict[Member, Interest] = {}
        self._of: dict[Member, Alike] = {}

    def join(self, member: Member, overall: Interest) -> None:
        """Register a member, which must not be here."""
        if overall.filtered & EVERYBODYS:
            self.filtering[member] = overall
        elif mask := overall.plain & EVERYBODYS:
            alike = self._of[member] = member.treatment, mask
            self.plain.setdefault(alike, {})[member] = member.outbox.handle

    def leave(self, member: Member) -> None:
        """Forget a member. Does nothing for one that is not here."""
        self.filtering.pop(member, None)
        alike = self._of.pop(member, None)
        if alike is not None:
            del self.plain[alike][member]
            if not self.plain[alike]:
                del self.plain[alike]
