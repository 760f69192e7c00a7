"""What a command on a webhook is answered with over HTTP. Pure."""

from __future__ import annotations

from autodmca_service.answers import json_answer
from autodmca_service.commands import Outcome
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer

from autodmca_accounts.shapes import Find
from autodmca_accounts.webhooks import views
from autodmca_accounts.webhooks.commands import Attempted, CreateWebhook, DeleteWebhook, WebhookCommand
from autodmca_accounts.webhooks.state import Webhook, webhook_entity


def answered(command: WebhookCommand, find: Find, outcome: Outcome) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    if isinstance(command, Attempted):
        return None
    if isinstance(command, DeleteWebhook):
        return json_answer(EmptyBody())
    found = find(webhook_entity(command.webhook_id))
    if not isinstance(found, Webhook) or found.revision < outcome.revision:
        return None
    if isinstance(command, CreateWebhook):
        return json_answer(views.webhook(found), 201, {"location": f"/v1/webhooks/{found.id}"})
    return json_answer(views.webhook(found))
