"""Everything that the service remembers: the entities of its rooms, which join here by a line each."""

from __future__ import annotations

from autodmca_service.receipts import Receipt, Receipts

from autodmca_accounts.asking import Asked
from autodmca_accounts.dashboard.state import DashboardEntity
from autodmca_accounts.notifications.state import NotificationEntity
from autodmca_accounts.profiles.state import ProfileEntity
from autodmca_accounts.submissions.state import SubmissionEntity
from autodmca_accounts.webhooks.state import WebhookEntity

Entity = (
    Asked
    | ProfileEntity
    | SubmissionEntity
    | DashboardEntity
    | NotificationEntity
    | WebhookEntity
    | Receipt
    | Receipts
)  # fmt: skip
