"""How many submissions of a user are kept: beyond that, the oldest that has ended makes room. Pure.

What goes with a submission goes all at once: its material, its trail, and the links of its requests.
"""

from __future__ import annotations

from typing import Final

from autodmca_service.errors import refuse

from autodmca_accounts import ids
from autodmca_accounts.changes import Changes
from autodmca_accounts.submissions.state import TRAIL, Link, Submission

MOST: Final = 2_000
"""Of one user."""
_OPEN: Final = frozenset({"pending", "processing", "active"})


def make_room(changes: Changes, most: int = MOST) -> None:
    """For one more. Raises CommandRefused where none has ended."""
    every = list(changes.all(Submission))
    if len(every) < most:
        return
    ended = [each for each in every if each.status not in _OPEN]
    if not ended:
        raise refuse("conflict", "too-many-submissions", f"{most} submissions have not ended")
    oldest = min(ended, key=lambda each: (each.created_at, each.id))
    changes.drop(oldest.id)
    changes.drop(ids.material_id(oldest.id))
    for slot in range(1, min(oldest.entries, TRAIL) + 1):
        changes.drop(ids.entry_id(oldest.id, slot))
    for name, each in changes.entities.items():
        if isinstance(each, Link) and each.submission_id == oldest.id:
            changes.drop(name)
