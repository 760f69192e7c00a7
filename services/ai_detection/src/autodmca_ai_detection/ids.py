"""Names of what the service keeps. Pure."""

from __future__ import annotations

import hashlib
from typing import Final

from autodmca_service.names import name_for

TALLY: Final = "tally"


def reference_id(user_id: int, profile_id: int, digest: str) -> str:
    """The reference of a profile that this content is: the same, however often it is given."""
    name = hashlib.sha256(f"{profile_id}\0{digest}".encode()).hexdigest()[:20]
    return f"ref_{user_id}_{name}"


def noted_id(profile_id: int, name: str) -> str:
    """A profile's reference that another service knows by this name."""
    return f"noted_{profile_id}_{hashlib.sha256(name.encode()).hexdigest()[:20]}"


def content_url(digest: str) -> str:
    """Where content is that nobody has named a URL of."""
    return f"urn:sha256:{digest}"


def detection_id(user_id: int, number: int) -> str:
    """The user's `number`th detection, from 0."""
    return f"det_{user_id}_{number:08}"


def examples_id(reference: str) -> str:
    """The pairs to learn from that were made of a reference."""
    return f"{reference}.examples"


def batch_id(user_id: int, key: str | None) -> str:
    """A new batch's id; the same for the same idempotency key."""
    return f"batch_{user_id}_{name_for(key)}"


def model_id(user_id: int, key: str | None) -> str:
    """A new model's id; the same for the same idempotency key."""
    return f"model_{user_id}_{name_for(key)}"


def pairs_id(model: str, number: int) -> str:
    """The `number`th part of the pairs that a model learns from."""
    return f"{model}.{number:04}.pairs"


def part_id(batch: str, number: int) -> str:
    """How far a batch's `number`th part is."""
    return f"{batch}.{number:04}"


def items_id(batch: str, number: int) -> str:
    """The items of a batch's `number`th part."""
    return f"{batch}.{number:04}.items"
