"""Names of what the service keeps. Pure."""

from __future__ import annotations

import hashlib

from autodmca_social_media.model.state import Incident


def watch_id(profile_id: int) -> str:
    """The entity of a watched profile."""
    return f"watch_{profile_id}"


def platform_id(platform: str) -> str:
    """The entity of a platform's state."""
    return f"platform_{platform}"


def incident_id(user_id: int, profile_id: int, platform: str, account_id: str) -> str:
    """The incident of an account: the same, whoever finds it and however often."""
    name = hashlib.sha256(f"{profile_id}\0{platform}\0{account_id}".encode()).hexdigest()[:20]
    return f"inc_{user_id}_{name}"


def reference(incident: Incident) -> str:
    """What a platform is told as our name for a report: the same for every repetition of one attempt."""
    return f"{incident.id}-{incident.attempt}"
