"""What follows for the user from what happened: figures, notifications, deliveries. Pure.

Every event meets the same rooms, whichever service made it: one of another service as it is heard, one of
this service's own as it is emitted, a notification among them. What a room emits meets them, too, so that an
event that a room makes of another must not lead back to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from autodmca_events import Envelope
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Outcome

from autodmca_accounts.consequences import Consequences
from autodmca_accounts.dashboard import model as dashboard
from autodmca_accounts.listening import EventHeard
from autodmca_accounts.notifications import inbox
from autodmca_accounts.webhooks import model as webhooks

ROOMS: Final[tuple[Callable[[Consequences, Envelope], None], ...]] = (
    dashboard.observe,
    inbox.observe,
    webhooks.observe,
)  # fmt: skip


def hear(entities: Mapping[str, Any], command: EventHeard, context: Context) -> Decision[Any, Outcome]:
    """What follows from an event of another service. Raises InvalidEvent."""
    changes = Consequences(entities, context)
    event = command.envelope()
    for observe in ROOMS:
        observe(changes, event)
    return changes.decision()


def react(
    entities: Mapping[str, Any], decision: Decision[Any, Outcome], context: Context
) -> Decision[Any, Outcome]:
    """The decision, and what follows from the events that it emits."""
    if not decision.events:
        return decision
    changes = Consequences(entities, context, decision)
    index = 0
    while index < changes.emitted:
        if not changes.is_for_everybody(index):
            event = changes.event(index)
            for observe in ROOMS:
                observe(changes, event)
        index += 1
    return changes.decision()
