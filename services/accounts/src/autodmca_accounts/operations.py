"""Every operation of the HTTP interface, room by room."""

from __future__ import annotations

from autodmca_events.scalars import Engine
from autodmca_service.http.operations import Operation

from autodmca_accounts.dashboard import operations as dashboard
from autodmca_accounts.desk import Accounts
from autodmca_accounts.notifications import operations as notifications
from autodmca_accounts.profiles import operations as profiles
from autodmca_accounts.submissions import operations as submissions
from autodmca_accounts.webhooks import operations as webhooks
from autodmca_accounts.webhooks.signing import Keys


def operations(accounts: Accounts, engines: tuple[Engine, ...], keys: Keys) -> tuple[Operation, ...]:
    """All of them, bound to `accounts`. `engines`: those that a notice goes to unless it says so; `keys`:
    what the secrets of webhooks are derived from."""
    return (
        *profiles.operations(accounts),
        *submissions.operations(accounts, engines),
        *dashboard.operations(accounts),
        *notifications.operations(accounts),
        *webhooks.operations(accounts, keys),
    )  # fmt: skip
