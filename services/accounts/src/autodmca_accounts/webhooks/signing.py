"""Secrets of webhooks, and the headers that Standard Webhooks asks for. Pure.

A secret is derived from the service's key, so that none is kept in the log: it is the same on every replica,
and another with each generation. A new key changes every secret; those of the former key sign beside them for
a while, so that receivers have time to take the new ones.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final, NamedTuple

from autodmca_runtime import Secret
from standardwebhooks import Webhook as Signer

from autodmca_accounts.webhooks.state import Delivery, Webhook

BOTH_MS: Final = 86_400_000
"""So long a secret signs beside the one that follows it."""


class Keys(NamedTuple):
    """What secrets are derived from: `newest`, and before `until`, in ms since the Unix epoch, `former`, too.
    An empty `newest`: there are no webhooks."""

    newest: Secret
    former: Secret = Secret("")
    until: int = 0

    def at(self, now: int) -> tuple[Secret, ...]:
        """Those that count at a moment, the newest first."""
        return (self.newest, self.former) if self.former.reveal() and now < self.until else (self.newest,)


def secret(key: Secret, user_id: int, webhook_id: str, generation: int) -> str:
    """A webhook's secret, as its owner keeps it: `whsec_` and 32 bytes in base64."""
    about = f"webhook/{user_id}/{webhook_id}/{generation}".encode()
    made = hmac.new(key.reveal().encode(), about, hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(made).decode()}"


def several_until(keys: Keys, webhook: Webhook, now: int) -> int | None:
    """Until when a secret signs beside the newest one; None where none does."""
    ends = [each.until for each in webhook.former if now < each.until]
    if len(keys.at(now)) > 1:
        ends.append(keys.until)
    return max(ends, default=None)


def headers(keys: Keys, user_id: int, webhook: Webhook, delivery: Delivery, now: int) -> dict[str, str]:
    """What a request has beside its body; signed at `now` with every secret that counts, the newest first."""
    generations = [webhook.generation, *(each.generation for each in webhook.former if now < each.until)]
    secrets = [secret(key, user_id, webhook.id, each) for key in keys.at(now) for each in generations]
    moment = datetime.fromtimestamp(now // 1_000, UTC)
    signed = [Signer(each).sign(delivery.event_id, moment, delivery.body or "") for each in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "AutoDMCA-Webhooks/1",
        "webhook-id": delivery.event_id,
        "webhook-timestamp": str(now // 1_000),
        "webhook-signature": " ".join(signed),
    }
