"""Everything that can be asked of the service: the commands of its rooms, which join here by a line each."""

from __future__ import annotations

from autodmca_accounts.asking import AnswerHeard
from autodmca_accounts.dashboard.commands import DashboardCommand
from autodmca_accounts.listening import EventHeard
from autodmca_accounts.notifications.commands import NotificationCommand
from autodmca_accounts.profiles.commands import ProfileCommand
from autodmca_accounts.submissions.commands import SubmissionCommand
from autodmca_accounts.webhooks.commands import WebhookCommand

AnyCommand = (
    AnswerHeard
    | ProfileCommand
    | SubmissionCommand
    | EventHeard
    | DashboardCommand
    | NotificationCommand
    | WebhookCommand
)  # fmt: skip
