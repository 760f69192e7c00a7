"""Names for what a request makes."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_BYTES: Final = 10


def name_for(key: str | None) -> str:
    """Twenty hexadecimal digits: the same for the same idempotency key, so that a request which is sent again
    names the same thing; random ones without a key."""
    return (
        secrets.token_hex(_BYTES) if key is None else hashlib.sha256(key.encode()).hexdigest()[: 2 * _BYTES]
    )
