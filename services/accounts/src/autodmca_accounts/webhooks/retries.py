"""When a delivery is tried again, and when it is given up. Pure."""

from __future__ import annotations

import hashlib
from typing import Final

from autodmca_accounts.webhooks.state import Delivery

SECOND_MS: Final = 1_000
HOUR_MS: Final = 3_600 * SECOND_MS
DAY_MS: Final = 24 * HOUR_MS
GIVEN_UP_MS: Final = DAY_MS
"""From the first try of a delivery."""
SWITCHED_OFF_MS: Final = 3 * DAY_MS
"""A webhook to which nothing was delivered for so long, though it was tried, is switched off."""
_PAUSES_S: Final = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400)
_LONGEST_ASKED_MS: Final = 6 * HOUR_MS
"""The other side may ask for so long a pause."""


def next_try(delivery: Delivery, now: int, asked_ms: int | None) -> int | None:
    """When it is tried again after `delivery.attempts` tries; None: not any more. A fifth of each pause is
    drawn from the event's id, so that not all that failed together comes together again."""
    pause_ms = _PAUSES_S[min(delivery.attempts, len(_PAUSES_S)) - 1] * SECOND_MS
    drawn = hashlib.sha256(f"{delivery.event_id}/{delivery.attempts}".encode()).digest()
    pause_ms += pause_ms * int.from_bytes(drawn[:2], "big") // 65_536 // 5
    at = now + max(pause_ms, min(asked_ms or 0, _LONGEST_ASKED_MS))
    return at if at <= delivery.begun_at + GIVEN_UP_MS else None
