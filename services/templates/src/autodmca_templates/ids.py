"""Ids of templates and submissions. A template's id names its owner, so whoever has the id can find it.

With an Idempotency-Key an id derives from the key, so that a request which is sent again names the same
thing.
"""

from __future__ import annotations

import re
from typing import Final

from autodmca_service.names import name_for

_TEMPLATE_ID: Final = re.compile(r"tpl_([1-9][0-9]{0,15})_[0-9a-f]{20}")


def template_id(owner: int, key: str | None) -> str:
    """An id for a new template of `owner`."""
    return f"tpl_{owner}_{name_for(key)}"


def submission_id(key: str | None) -> str:
    """An id for a submission that the caller did not name."""
    return f"sub_{name_for(key)}"


def owner_of(template_id: str) -> int | None:
    """The owner that a template's id names; None for what is no template's id."""
    match = _TEMPLATE_ID.fullmatch(template_id)
    return int(match.group(1)) if match else None
