"""What a close code asks of the client, and how long to wait before the next attempt.

Pure: takes a code, an attempt number and a random generator, gives a policy or a delay. The table is the
one of the wire protocol, "Errors and close codes"; a code it does not list (1006: the network failed)
means reconnect. Delays are "full jitter": uniform between nothing and a window that doubles with each attempt
(Marc Brooker, "Exponential Backoff And Jitter", 2015), so that a thousand clients do not return at once. A
busy edge may say when to come back (protocol, "When there are too many"): then nobody returns before that.
"""

import enum
import random
import re

import msgspec


class Policy(enum.Enum):
    """What to do after a connection ended."""

    STAY_AWAY = "stay away"
    RECONNECT = "reconnect and resume"
    NEW_TOKEN = "get a new token, then reconnect"  # noqa: S105 - not a password
    BACK_OFF = "back off, then reconnect"


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Windows of the random delay, in seconds."""

    first_s: float = 0.5
    longest_s: float = 30.0
    stable_s: float = 10.0  # a connection that stood this long starts the count of attempts anew
    busy_steps: int = 3  # a busy edge (4429, 4503) starts this many doublings later


_HINT = re.compile(r"\bretry after (\d{1,9}) ms\b")

_POLICIES = {
    1000: Policy.STAY_AWAY,
    1009: Policy.STAY_AWAY,
    1012: Policy.RECONNECT,
    4400: Policy.STAY_AWAY,
    4401: Policy.NEW_TOKEN,
    4403: Policy.STAY_AWAY,
    4408: Policy.RECONNECT,
    4410: Policy.RECONNECT,
    4429: Policy.BACK_OFF,
    4503: Policy.BACK_OFF,
}


def policy_of(code: int) -> Policy:
    """The policy for a WebSocket close code."""
    return _POLICIES.get(code, Policy.RECONNECT)


def policy_of_status(status: int) -> Policy:
    """The policy for an HTTP status that refused the handshake (a proxy's, or not an edge at all)."""
    if status == 401:
        return Policy.NEW_TOKEN
    if status in (408, 429) or status >= 500:
        return Policy.BACK_OFF
    return Policy.STAY_AWAY


def hint_s(reason: str) -> float | None:
    """In how many seconds the edge asks to be tried again, by its close reason; None: it does not say."""
    found = _HINT.search(reason)
    return int(found[1]) / 1000 if found else None


def delay_s(
    policy: Policy, attempt: int, backoff: Backoff, rng: random.Random, *, hint_s: float | None = None
) -> float:
    """Seconds to wait before attempt number `attempt` (the first is 0) under `policy`.

    `hint_s` is what a busy edge asked for: it is kept, up to the longest window, and the random delay comes
    on top of it, without the further doublings.
    """
    busy = policy is Policy.BACK_OFF
    least = min(hint_s, backoff.longest_s) if busy and hint_s is not None else 0.0
    steps = attempt + (backoff.busy_steps if busy and hint_s is None else 0)
    window = min(backoff.longest_s, backoff.first_s * 2.0 ** min(steps, 32))
    return least + rng.uniform(0.0, window)
