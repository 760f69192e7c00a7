"""What a command on a profile is answered with over HTTP. Pure."""

from __future__ import annotations

from autodmca_service.answers import json_answer
from autodmca_service.commands import Outcome
from autodmca_service.receipts import Answer

from autodmca_accounts import ids
from autodmca_accounts.profiles import views
from autodmca_accounts.profiles.commands import CreateProfile, EditProfile
from autodmca_accounts.profiles.state import Profile
from autodmca_accounts.shapes import Find


def answered(command: object, find: Find, outcome: Outcome) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    if not isinstance(command, CreateProfile | EditProfile):
        return None
    profile = find(ids.profile_id(command.profile_id))
    if not isinstance(profile, Profile) or profile.revision < outcome.revision:
        return None
    headers = {"etag": f'"{profile.revision}"'}
    if isinstance(command, EditProfile):
        return json_answer(views.profile(profile, find), 200, headers)
    headers["location"] = f"/v1/profiles/{profile.id}"
    return json_answer(views.profile(profile, find), 201, headers)
