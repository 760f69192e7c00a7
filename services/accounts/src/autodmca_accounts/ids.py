"""Names of what the service keeps. Pure, but for the random part of a new name."""

from __future__ import annotations

import hashlib
import secrets

from autodmca_service.names import name_for


def new_profile_id(user_id: int, key: str | None) -> int:
    """A new profile's number, of 15 digits at most; the same for the same idempotency key."""
    name = f"{user_id}\0{key or secrets.token_hex(16)}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % (10**15 - 1) + 1


def new_submission_id(user_id: int, key: str | None) -> str:
    """A new submission's id; the same for the same idempotency key."""
    return f"sub_{user_id}_{name_for(key)}"


def profile_id(number: int) -> str:
    """The entity of a profile."""
    return f"profile_{number}"


def activity_id(number: int, slot: int) -> str:
    """The entity of a line of a profile's feed."""
    return f"profile_{number}.activity.{slot:04}"


def profile_scan_id(number: int) -> str:
    """The entity of a profile's newest scan."""
    return f"profile_{number}.scan"


def material_id(submission: str) -> str:
    """The entity of what a submission sends."""
    return f"{submission}.material"


def entry_id(submission: str, slot: int) -> str:
    """The entity of an entry of a submission's trail."""
    return f"{submission}.trail.{slot:04}"


def link_id(request: str) -> str:
    """The entity that says whose part a request is."""
    return f"link_{request}"


def reference(submission: str, engine: str, attempt: int) -> str:
    """What delisting is told as our name for a part: the same for every repetition of one attempt."""
    return f"{submission}-{engine}-{attempt}"
