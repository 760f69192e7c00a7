"""A profile's activity feed: a line is kept and told. Pure."""

from __future__ import annotations

from autodmca_events import ProfileActivity, rfc3339
from autodmca_events.accounts import ActivityType, Infringement
from autodmca_events.accounts import Actor as By
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.changes import Changes
from autodmca_accounts.profiles.state import FEED, Activity, Profile


def note(
    changes: Changes,
    profile: Profile,
    type_: ActivityType,
    description: str,
    *,
    by: By = "system",
    infringement: Infringement | None = None,
) -> Profile:
    """Add a line; the profile with it, which is put."""
    number = profile.lines + 1
    line = Activity(
        profile_id=profile.id,
        number=number,
        type=type_,
        description=description,
        by=by,
        at=changes.now,
        infringement=infringement,
    )
    noted = structs.replace(profile, lines=number)
    changes.put(ids.activity_id(profile.id, number % FEED), line)
    changes.put(ids.profile_id(profile.id), noted)
    changes.tell(
        ProfileActivity(
            profile_id=profile.id,
            profile_name=profile.content.name,
            type=type_,
            description=description,
            actor=by,
            occurred_at=rfc3339(changes.now),
            infringement=infringement,
        )
    )
    return noted
