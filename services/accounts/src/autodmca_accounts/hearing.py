"""What other services' records mean to this one: each room turns those that it follows into inputs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from autodmca_events.topics import CLIENT_ACTIONS, events_topic, outcomes_topic
from autodmca_kafka.relayed import Told
from autodmca_service.commands import Actor, Outcome

from autodmca_accounts import listening
from autodmca_accounts.asking import AnswerHeard
from autodmca_accounts.commands import AnyCommand
from autodmca_accounts.notifications import actions as notifications
from autodmca_accounts.profiles import hearing as profiles
from autodmca_accounts.submissions import hearing as submissions

SERVICE: Final = "accounts"
ASKED: Final = ("social_media", "templates", "delisting", "ai_detection")
"""Whom this service asks."""
TOLD: Final = ("social_media", "templates", "delisting", "ai_detection")
"""Whose events it follows."""
TOPICS: Final = (*map(outcomes_topic, ASKED), *map(events_topic, TOLD), CLIENT_ACTIONS)
_OUTCOME: Final = msgspec.json.Decoder(Outcome)


def heard(told: Told) -> Iterator[AnyCommand]:
    """The inputs that follow from a record: of an answer one, of an event one for each room."""
    if told.type is None:
        if told.answers(SERVICE):
            yield _answer(told)
        return
    yield from profiles.heard(told)
    yield from submissions.heard(told)
    yield from listening.heard(told)
    yield from notifications.heard(told)


def _answer(told: Told) -> AnswerHeard:
    actor, name = Actor(told.user_id), told.request or ""
    if told.failed or told.value is None:
        return AnswerHeard(actor=actor, name=name, refused="it was not understood")
    outcome = _OUTCOME.decode(told.value)
    refused = None if outcome.refusal is None else outcome.refusal.detail
    return AnswerHeard(actor=actor, name=name, refused=refused, result=outcome.result)
