"""What can be asked about webhooks. A new field is optional."""

from __future__ import annotations

from autodmca_service import commands

from autodmca_accounts.webhooks.state import Wanted


class _Command(commands.Command, frozen=True, kw_only=True):
    """What every command about a webhook has."""

    webhook_id: str


class CreateWebhook(_Command, frozen=True, kw_only=True, tag="create_webhook"):
    wanted: Wanted


class EditWebhook(_Command, frozen=True, kw_only=True, tag="edit_webhook"):
    """Replace what is sent, and where to."""

    wanted: Wanted


class SwitchWebhook(_Command, frozen=True, kw_only=True, tag="switch_webhook"):
    """Switch it on, or off."""

    on: bool


class DeleteWebhook(_Command, frozen=True, kw_only=True, tag="delete_webhook"):
    """Forget it, and its deliveries."""


class RotateSecret(_Command, frozen=True, kw_only=True, tag="rotate_webhook_secret"):
    """Sign with a new secret; for a day with the old one, too."""


class TryWebhook(_Command, frozen=True, kw_only=True, tag="try_webhook"):
    """Send something to try it."""


class Resend(_Command, frozen=True, kw_only=True, tag="resend_delivery"):
    """Try a delivery anew that has failed."""

    number: int


class Attempted(_Command, frozen=True, kw_only=True, tag="attempted_delivery"):
    """Checkpoint: a delivery was tried. `status`: what was answered; None where nothing was, for this
    `reason`.

    `retry_after_ms`: how long the other side asks to be left alone.
    """

    number: int
    status: int | None = None
    reason: str | None = None
    retry_after_ms: int | None = None


PersonCommand = (
    CreateWebhook | EditWebhook | SwitchWebhook | DeleteWebhook | RotateSecret | TryWebhook | Resend
)
WebhookCommand = PersonCommand | Attempted
