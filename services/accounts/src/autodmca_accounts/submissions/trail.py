"""A submission's audit trail: who did what when. Pure."""

from __future__ import annotations

from autodmca_events.scalars import Engine
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.changes import Changes
from autodmca_accounts.shapes import Find
from autodmca_accounts.submissions.state import TRAIL, TRAIL_HEAD, Entry, Submission


def note(
    changes: Changes,
    submission: Submission,
    by: str,
    said: str,
    *,
    engine: Engine | None = None,
    request_id: str | None = None,
    external_reference: str | None = None,
    http_status: int | None = None,
) -> Submission:
    """Add an entry; the submission with it, which is still to be put."""
    number = submission.entries + 1
    entry = Entry(
        submission_id=submission.id,
        number=number,
        at=changes.now,
        by=by,
        said=said[:1_000],
        engine=engine,
        request_id=request_id,
        external_reference=external_reference,
        http_status=http_status,
    )
    changes.put(ids.entry_id(submission.id, _slot(number)), entry)
    return structs.replace(submission, entries=number)


def kept(submission: Submission, find: Find) -> list[Entry]:
    """The entries that are kept, oldest first."""
    slots = range(1, min(submission.entries, TRAIL) + 1)
    found = (find(ids.entry_id(submission.id, slot)) for slot in slots)
    return sorted((each for each in found if isinstance(each, Entry)), key=lambda each: each.number)


def _slot(number: int) -> int:
    """Where an entry is kept: the first stay for ever, of the others the newest."""
    if number <= TRAIL_HEAD:
        return number
    return TRAIL_HEAD + 1 + (number - TRAIL_HEAD - 1) % (TRAIL - TRAIL_HEAD)
