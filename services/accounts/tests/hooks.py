"""A user's webhook with the service behind it, and what a receiver makes of what is posted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from autodmca_accounts.metrics import Metrics
from autodmca_accounts.webhooks.model import due
from autodmca_accounts.webhooks.sending import Poster
from autodmca_accounts.webhooks.signing import Keys
from autodmca_accounts.webhooks.work import Deliveries
from autodmca_service.outside import networks
from autodmca_service.testing import Site, perform_due
from prometheus_client import CollectorRegistry
from standardwebhooks import Webhook as Verifier

from services.accounts.tests.endpoint import Endpoint
from services.accounts.tests.site import KEYS, tell
from services.accounts.tests.test_notifications import critical

ADA: Final = 11
SECOND_MS: Final = 1_000
HOUR_MS: Final = 3_600 * SECOND_MS
PATH: Final = "/v1/webhooks"
HERE: Final = networks(["127.0.0.1"])
INCIDENT: Final = "social_media_incident"


class Life:
    """A user's webhook, and the time that passes for it."""

    def __init__(self, site: Site, at: Endpoint, keys: Keys = KEYS) -> None:
        self.site = site
        self.log = site.log
        self.at = at
        self.registry = CollectorRegistry()
        poster = Poster(allowed=HERE, seconds=0.5)
        self.deliveries = Deliveries(
            self.log.table, poster, keys, Metrics(self.registry), now_ms=lambda: self.log.now_ms
        )
        self.path = ""

    async def make(self, *types: str, **more: Any) -> dict[str, Any]:
        body = {"url": self.at.url, "types": types or [INCIDENT], **more}
        answer = await self.site(ADA, "POST", PATH, body)
        assert answer.status_code == 201, answer.text
        self.path = answer.headers["location"]
        made: dict[str, Any] = answer.json()
        return made

    async def work(self, seconds: float = 0.0) -> int:
        """Let time pass, and do what is due then; how many tries that were."""
        self.log.now_ms += int(seconds * SECOND_MS)
        return len(await perform_due(self.log, due, self.deliveries.deliver))

    async def secret(self) -> str:
        found: str = (await self.site(ADA, "GET", f"{self.path}/secret")).json()["secret"]
        return found

    async def kept(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.site(ADA, "GET", f"{self.path}/deliveries")).json()["items"]
        return found

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.site(ADA, "GET", self.path)).json()
        return found

    def incident(self, name: str) -> None:
        tell(self.log, ADA, critical(name, self.log.now_ms))

    def tries(self, answer: str) -> float:
        return (
            self.registry.get_sample_value("autodmca_accounts_webhook_posts_total", {"answer": answer}) or 0
        )


def signers(received: tuple[dict[str, str], bytes], *secrets: str) -> list[bool]:
    """Which of the secrets have signed it, whenever that was."""
    headers, body = received
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    signed = headers["webhook-signature"].split(" ")
    return [Verifier(each).sign(headers["webhook-id"], moment, body.decode()) in signed for each in secrets]


def verified(received: tuple[dict[str, str], bytes], *secrets: str) -> Any:
    """The body, if every one of the secrets verifies it."""
    headers, body = received
    for each in secrets:
        Verifier(each).verify(body, headers)
    return json.loads(body)
