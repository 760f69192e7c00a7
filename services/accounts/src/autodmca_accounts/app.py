"""The wiring of the service: a replica of its model, its relay, its operations over HTTP."""

from __future__ import annotations

from typing import Final

from autodmca_service.app import serve_service
from autodmca_service.commands import Outcome
from autodmca_service.replica import Replica
from autodmca_service.work import Work

from autodmca_accounts.answers import answered
from autodmca_accounts.commands import AnyCommand
from autodmca_accounts.config import AccountsSettings
from autodmca_accounts.desk import Accounts
from autodmca_accounts.hearing import ASKED, SERVICE, TOLD, TOPICS, heard
from autodmca_accounts.metrics import Metrics
from autodmca_accounts.model import model
from autodmca_accounts.operations import operations
from autodmca_accounts.state import Entity
from autodmca_accounts.submissions.work import due, proceed
from autodmca_accounts.webhooks import model as webhooks
from autodmca_accounts.webhooks.sending import Poster
from autodmca_accounts.webhooks.work import Deliveries
from autodmca_accounts.work import clocked

_POSTS: Final = 64
"""Deliveries that are tried at a time."""
DESCRIPTION: Final = "Protected profiles and submissions, and what their user is told of them."


async def run(settings: AccountsSettings) -> None:
    """Serve until told to stop. Raises what `serve_service` raises."""
    replica: Replica[Entity, AnyCommand, Outcome] = Replica(
        SERVICE,
        settings,
        model=model(settings.rules()),
        answer=answered,
        state=Entity,
        command=AnyCommand,
        asks=ASKED,
        follows=TOLD,
        hears_clients=True,
    )
    poster = Poster(allowed=settings.networks(), seconds=settings.webhook_s)
    deliveries = Deliveries(replica.table, poster, settings.keys(), Metrics(replica.registry))
    await serve_service(
        replica,
        settings,
        operations=operations(Accounts(replica), settings.engines, settings.keys()),
        description=DESCRIPTION,
        work=[
            Work(replica, due, proceed),
            *clocked(replica),
            Work(replica, webhooks.due, deliveries.deliver, at_once=_POSTS, per_user=_POSTS // 8),
        ],
        relays=[replica.relay(TOPICS, heard)],
    )
