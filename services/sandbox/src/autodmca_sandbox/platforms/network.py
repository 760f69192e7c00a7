"""A social network as its members and moderators know it, whatever API it speaks.

Owns members, search, reports and what moderators decide, which follows from the account's truth: an
impersonator is suspended, anybody else stays. Reports are looked at after a while and decided after another.
Owns no HTTP and no clock.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct

from autodmca_sandbox.platforms.population import Member

State = Literal["open", "under_review", "removed", "dismissed"]


class Review(NamedTuple):
    """How long moderators take: seconds until a report is looked at, and until it is decided."""

    looked_s: float
    decided_s: float


class Report(Struct, kw_only=True):
    id: str
    member: Member
    comment: str
    filed_at: int


class Network:
    """One network. `review`: the pace of its moderators."""

    def __init__(self, name: str, found: list[Member], review: Review) -> None:
        self.name = name
        self.members = found
        self._by_id = {member.id: member for member in found}
        self._by_handle = {member.handle: member for member in found}
        self._review = review
        self.reports: list[Report] = []

    def find(self, member_id: str, now_ms: int) -> Member | None:
        """None where nobody has the id; a member who was taken away says so."""
        self._moderate(now_ms)
        return self._by_id.get(member_id) or self._by_handle.get(member_id)

    def search(self, query: str, offset: int, limit: int, now_ms: int) -> list[Member]:
        """Those whose handle or name is like what was asked, as networks search: by words and beginnings."""
        self._moderate(now_ms)
        wanted = _plain(query)
        found = [
            member
            for member in self.members
            if not member.suspended
            and wanted
            and _is_like(wanted, _plain(member.handle), _plain(member.name))
        ]
        return found[offset : offset + limit]

    def report(self, member: Member, comment: str, now_ms: int) -> Report:
        number = len(self.reports) + 1
        report = Report(id=str(number), member=member, comment=comment, filed_at=now_ms)
        self.reports.append(report)
        return report

    def state(self, report: Report, now_ms: int) -> State:
        self._moderate(now_ms)
        if report.member.suspended:
            return "removed"
        waited_s = (now_ms - report.filed_at) / 1000
        if waited_s < self._review.looked_s:
            return "open"
        return "under_review" if waited_s < self._review.decided_s else "dismissed"

    def join(self, found: Iterable[Member]) -> list[Member]:
        """Those of them who can: nobody else has their handles."""
        joined = [member for member in found if member.handle not in self._by_handle]
        self.members.extend(joined)
        self._by_id.update((member.id, member) for member in joined)
        self._by_handle.update((member.handle, member) for member in joined)
        return joined

    def leave(self, leaving: Iterable[Member]) -> None:
        """They have no accounts any more."""
        for member in leaving:
            del self._by_id[member.id], self._by_handle[member.handle]
        self.members = [member for member in self.members if member.id in self._by_id]

    def rename(self, member_id: str, handle: str) -> None:
        """Raises ValueError."""
        member = self._by_id.get(member_id)
        if member is None or handle in self._by_handle:
            raise ValueError(f"{self.name} has no {member_id}, or {handle} is taken")
        del self._by_handle[member.handle]
        member.earlier.append(member.handle)
        member.handle = handle
        self._by_handle[handle] = member

    def _moderate(self, now_ms: int) -> None:
        for report in self.reports:
            due = now_ms - report.filed_at >= self._review.decided_s * 1000
            if due and report.member.kind == "impersonator":
                report.member.suspended = True


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def _is_like(wanted: str, handle: str, name: str) -> bool:
    return wanted in handle or wanted in name or (len(wanted) > 4 and handle.startswith(wanted[:-2]))
