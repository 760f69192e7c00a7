"""Ids of templates and submissions. A template's id names its owner, so whoever has the id can find it.

With an Idempotency-Key an id derives from the key, so that a request which is sent again names the same
thing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

_RANDOM_BYTES: Final = 10
_TEMPLATE_ID: Final = re.compile(r"tpl_([1-9][0-9]{0,15})_[0-9a-f]{20}")


def template_id(owner: int, key: str | None) -> str:
    """An id for a new template of `owner`."""
    return f"tpl_{owner}_{_suffix(key)}"


def submission_id(key: str | None) -> str:
    """An id for a submission that the caller did not name."""
    return f"sub_{_suffix(key)}"


def owner_of(template_id: str) -> int | None:
    """The owner that a template's id names; None for what is no template's id."""
    match = _TEMPLATE_ID.fullmatch(template_id)
    return int(match.group(1)) if match else None


def request_key(user_id: int, header: str) -> str:
    """What is remembered of an Idempotency-Key: keys of different users never meet."""
    return hashlib.sha256(f"{user_id}:{header}".encode()).hexdigest()[:32]


def _suffix(key: str | None) -> str:
    if key is None:
        return secrets.token_hex(_RANDOM_BYTES)
    return hashlib.sha256(key.encode()).hexdigest()[: 2 * _RANDOM_BYTES]
