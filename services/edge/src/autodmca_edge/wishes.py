"""What members want of everybody's events, those who want the same together.

Owns the groups: members without filters by the types that they want, members with filters one by one.
Synchronous; writes to nobody.
"""

from autodmca_edge.member import Member
from autodmca_edge.records import EVERYBODYS
from autodmca_edge.subscriptions import Interest

__all__ = ["Wishes"]


class Wishes:
    """The groups of one hub, or of those whom it serves apart."""

    def __init__(self) -> None:
        self.plain: dict[int, dict[Member, int]] = {}
        """By the bits of the types: who wants them whatever they hold, and the handle to write to."""
        self.filtering: dict[Member, Interest] = {}
        self._masks: dict[Member, int] = {}

    def join(self, member: Member, overall: Interest) -> None:
        """Register a member, who must not be here."""
        if overall.filtered & EVERYBODYS:
            self.filtering[member] = overall
        elif mask := overall.plain & EVERYBODYS:
            self.plain.setdefault(mask, {})[member] = member.outbox.handle
            self._masks[member] = mask

    def leave(self, member: Member) -> None:
        """Forget a member. Does nothing for who is not here."""
        self.filtering.pop(member, None)
        mask = self._masks.pop(member, None)
        if mask is not None:
            del self.plain[mask][member]
            if not self.plain[mask]:
                del self.plain[mask]
