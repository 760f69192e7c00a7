"""A creator's team in the console: everything that they use, started once, and the author's page on it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from autodmca_events import Envelope
from autodmca_sandbox.images.gallery import Gallery, Item
from autodmca_sandbox.people import AUTHORS
from autodmca_service.testing import Person, Process, events_of, processes
from playwright.async_api import FilePayload, Locator, Page, expect

from services.accounts.tests.endpoint import Endpoint, endpoint
from tests.brokers import Broker
from tests.integration.accounts_site import Account, Site, site
from tests.integration.console_site import ANY_ORIGIN, WAIT_MS, Console, console

GALLERY = Gallery(7, len(AUTHORS))
"""What the world serves: it has the same seed."""


class Team(NamedTuple):
    """The page, and what is behind it."""

    page: Page
    made: Console
    at: Site
    detection: Process
    account: Account
    hook: Endpoint

    @property
    def accounts(self) -> Process:
        return self.at.replicas[0]

    @property
    def author(self) -> Person:
        return self.account.person

    async def told(self) -> list[Envelope]:
        """The author's events of the accounts service, as the log has them."""
        servers = self.at.delisting.broker.bootstrap_servers
        return await events_of(servers, "accounts", self.author.user_id)

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.made.url}{path}")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def sees(self, text: str | re.Pattern[str]) -> None:
        """In the head of a view."""
        await expect(self.page.locator("header.head").get_by_text(text).first).to_be_visible(timeout=WAIT_MS)


@asynccontextmanager
async def working(broker: Broker) -> AsyncIterator[Team]:
    """All of it, with a profile and an approved template of the author's."""
    servers = broker.bootstrap_servers
    with pytest.MonkeyPatch.context() as patch, endpoint() as hook:
        patch.setenv("SERVICE_ALLOWED_ORIGINS", ANY_ORIGIN)
        patch.setenv("AI_DETECTION_ALLOWED_NETWORKS", "127.0.0.1")
        patch.setenv("AI_DETECTION_TOLD_SECONDS", "0.1")
        patch.setenv("ACCOUNTS_ALLOWED_NETWORKS", "127.0.0.1")
        async with (
            site(broker, ACCOUNTS_WEBHOOK_KEY="a-key-of-tests") as at,
            processes("ai_detection", servers) as (detection,),
            console(
                broker,
                {
                    "accounts": at.replicas[0],
                    "templates": at.templates,
                    "delisting": at.delisting.replicas[0],
                    "ai_detection": detection,
                },
            ) as made,
        ):
            author, reviewer = Person(made.author), Person(made.reviewer, "reviewer")
            account = await Account.opened(at, author, reviewer)
            page = await made.page("Author", "profiles")
            yield Team(page, made, at, detection, account, hook)


def file(data: bytes, name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def copy_of(owner: int, work: int, how: str) -> Item:
    """An address of the world that has such a copy."""
    items = (GALLERY.item(number) for number in range(10_000))
    copies = (each for each in items if each.kind == "copy" and each.how == how)
    return next(each for each in copies if (each.owner, each.work) == (owner, work))
