"""Names of what the service keeps: each says whose it is, and those of one request begin alike. Pure."""

from __future__ import annotations

import re
from typing import Final

from autodmca_service.names import name_for

SETTINGS: Final = "settings"
_REQUEST: Final = re.compile(r"dr_([1-9][0-9]{0,15})_[0-9a-z]{8,32}")


def request_id(user_id: int, key: str | None) -> str:
    """A new request's id; the same for the same idempotency key."""
    return f"dr_{user_id}_{name_for(key)}"


def following_id(user_id: int, made: str) -> str:
    """The id of a request that follows by itself from something; `made` is an id that the model made."""
    return f"dr_{user_id}_{name_for(made)}"


def owner_of(request: str) -> int | None:
    """The user whose request this is; None for what is no id of a request."""
    match = _REQUEST.fullmatch(request)
    return int(match.group(1)) if match else None


def part_id(request: str, number: int) -> str:
    """The entity of a request's `number`th part."""
    return f"{request}.{number:04}"


def copy_id(request: str, number: int) -> str:
    """The entity of the copy of a part that is filed with Lumen."""
    return f"{request}.{number:04}.lumen"


def watch_id(request: str, number: int) -> str:
    """The entity of the `number`th group of watched URLs."""
    return f"{request}.watch.{number:04}"


def reference(request: str, number: int, attempt: int) -> str:
    """What an engine is told as our name for a part: its idempotency key. A new attempt has another one."""
    return f"{request}.{number:04}-{attempt}"
