"""The input by which this service hears an event of another: the event as it was written.

Owns which types are heard. Every room reads the same input, so that an event is one input, however many rooms
it means something to. Fails with InvalidEvent for an event that cannot be read, which becomes a dead letter
of the relay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from autodmca_events import CATALOGUE, Envelope, decode
from autodmca_kafka import Told
from autodmca_service.commands import Actor, Command

SERVICE: Final = "accounts"
_STATES: Final = frozenset({"ai_batch_job_status", "ai_model_training_update", "social_media_scan_status"})
HEARD: Final = frozenset(
    name
    for name, each in CATALOGUE.items()
    if each.service != SERVICE and not each.everybody and (each.kind == "fact" or name in _STATES)
)
"""The types of other services' events that are heard: every fact, and how jobs and scans stand."""
HEARD_TOPICS: Final = frozenset(CATALOGUE[name].topic for name in HEARD)


class EventHeard(Command, frozen=True, kw_only=True, tag="event_heard"):
    """`event`: the envelope, as the other service wrote it."""

    event: msgspec.Raw

    def envelope(self) -> Envelope:
        """The event. Raises InvalidEvent."""
        return decode(bytes(self.event))


def heard(told: Told) -> Iterable[EventHeard]:
    """What a record of another service's events means here; see `autodmca_kafka.relayed.Translate`."""
    if told.topic not in HEARD_TOPICS or told.type not in HEARD or told.value is None:
        return ()
    told.event()
    return (EventHeard(actor=Actor(told.user_id), event=msgspec.Raw(told.value)),)
