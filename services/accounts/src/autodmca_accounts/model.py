"""The one door to the rules: a command goes to the room that it belongs to. Pure.

A room's `decide(entities, command, context)` reads no clock and draws no random number; it raises
CommandRefused. `entities` holds what all rooms remember of the user, so that a room may read another's.
"""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_kafka import Context, Decision, Model
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse

from autodmca_accounts import reactions
from autodmca_accounts.asking import AnswerHeard, Asked, asked_id
from autodmca_accounts.commands import AnyCommand
from autodmca_accounts.dashboard import model as dashboard
from autodmca_accounts.dashboard.commands import DashboardCommand
from autodmca_accounts.listening import EventHeard
from autodmca_accounts.notifications import inbox, system
from autodmca_accounts.notifications.commands import InboxCommand, SystemCommand
from autodmca_accounts.profiles import model as profiles
from autodmca_accounts.profiles.commands import ProfileCommand
from autodmca_accounts.state import Entity
from autodmca_accounts.submissions import model as submissions
from autodmca_accounts.submissions.state import Rules
from autodmca_accounts.webhooks import model as webhooks
from autodmca_accounts.webhooks.commands import WebhookCommand


def model(rules: Rules) -> Model[Entity, AnyCommand, Outcome]:
    """The model under these rules; it raises CommandRefused."""

    def decide(
        entities: Mapping[str, Entity], command: AnyCommand, context: Context
    ) -> Decision[Entity, Outcome]:
        if command.actor.user_id != context.user_id and not isinstance(command, SystemCommand):
            raise refuse("forbidden", "not-yours", "only the owner may do this")
        return reactions.react(entities, _decide(entities, command, context, rules), context)

    return decide


def _decide(
    entities: Mapping[str, Entity], command: AnyCommand, context: Context, rules: Rules
) -> Decision[Entity, Outcome]:
    if isinstance(command, AnswerHeard):
        return _answer(entities, command, context, rules)
    if isinstance(command, EventHeard):
        return reactions.hear(entities, command, context)
    if isinstance(command, ProfileCommand):
        return profiles.decide(entities, command, context)
    if isinstance(command, DashboardCommand):
        return dashboard.decide(entities, command, context)
    if isinstance(command, InboxCommand):
        return inbox.decide(entities, command, context)
    if isinstance(command, SystemCommand):
        return system.decide(entities, command, context)
    if isinstance(command, WebhookCommand):
        return webhooks.decide(entities, command, context)
    return submissions.decide(entities, command, context, rules)


def _answer(
    entities: Mapping[str, Entity], command: AnswerHeard, context: Context, rules: Rules
) -> Decision[Entity, Outcome]:
    """To whichever room asked."""
    about = entities.get(asked_id(command.name))
    if not isinstance(about, Asked):
        raise refuse("not_found", "no-such-question", f"nothing is known of the question {command.name}")
    if about.submission_id is not None:
        return submissions.answer(entities, about, command, context, rules)
    return profiles.answer(entities, about, command, context)
