"""Waiting for a broker, topics or rights that may come later than the program that needs them.

Owns how long is waited (without end) and what is said meanwhile. Never hides an error that waiting does not
mend.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from autodmca_kafka.access import say
from autodmca_kafka.errors import RecoverableError, TopicMismatch

RETRY_S: Final = 5.0


async def until_reachable(attempt: Callable[[], Awaitable[None]]) -> None:
    """Repeat `attempt` until the broker answers, allows it, and has topics of the size that is wanted.

    `attempt` waits for a broker itself, so that a repetition follows at once. Raises FatalError.
    """
    while True:
        try:
            return await attempt()
        except RecoverableError as error:
            say("waiting for the broker", reason=str(error))
        except TopicMismatch as error:
            say("waiting for topics of the right size", reason=str(error))
            await asyncio.sleep(RETRY_S)
