"""What the operator tells everybody, for ever: maintenance, before it begins and until it is over.

Each notice has a window, a number and a reason of its own, from the seed. One that the service refuses is
logged, and the next follows.
"""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Final

import structlog

from autodmca_sandbox.accounts_api import AccountsApi
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import OPERATOR

log = structlog.get_logger()

FIRST: Final = 8
"""Steps until the first notice."""
EVERY: Final = 75
"""Steps from one notice to the next."""
AHEAD: Final = 4
"""Steps from a notice to its beginning, and so that it is scheduled."""
LASTS: Final = 20
_PARTS: Final = ("submissions", "scans", "the detection of copies", "templates", "notifications")
_WHY: Final = ("a new database", "more memory", "a newer release", "an exercise", "another network")


async def tell(accounts: AccountsApi, seed: int, pace_s: float) -> None:
    """Announce one maintenance after the other, until cancelled; a step takes `pace_s` seconds."""
    turn = 0
    await asyncio.sleep(FIRST * pace_s)
    while True:
        try:
            await accounts.announce(OPERATOR, maintenance(seed, turn, time.time(), pace_s))
            log.info("maintenance announced", by=OPERATOR.name, number=turn + 1)
        except Refused as error:
            log.warning("maintenance not announced", by=OPERATOR.name, reason=str(error))
        turn += 1
        await asyncio.sleep(EVERY * pace_s)


def maintenance(seed: int, turn: int, now_s: float, pace_s: float) -> dict[str, object]:
    """The notice of one maintenance; `now_s`: seconds since the Unix epoch."""
    rng = random.Random(f"maintenance {seed} {turn}")  # noqa: S311 - a story, no secret
    begins = now_s + AHEAD * pace_s
    ends = begins + max(1.0, LASTS * pace_s)
    part = rng.choice(_PARTS)
    return {
        "level": "maintenance",
        "code": f"maintenance.{turn + 1}",
        "title": f"Maintenance {turn + 1}: {part}",
        "message": f"Expect delays of up to {rng.randint(2, 30)} minutes: {rng.choice(_WHY)} for {part}.",
        "startsAt": _moment(begins),
        "endsAt": _moment(ends),
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
