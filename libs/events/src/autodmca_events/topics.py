"""Names of the topics.

Owns the naming scheme, `autodmca.<what>.v1`; never talks to a broker. All topics keyed by user have
the same number of partitions; BROADCAST and EDGE_CONTROL have one.
"""

import re
from typing import Final

SERVICES: Final = ("ai_detection", "social_media", "templates", "delisting", "accounts")
BROADCAST: Final = "autodmca.broadcast.v1"
CLIENT_ACTIONS: Final = "autodmca.client-actions.v1"
EDGE_CONTROL: Final = "autodmca.edge-control.v1"

_SERVICE: Final = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


def events_topic(service: str) -> str:
    """Where `service` writes events that have a user; like all of these, raises ValueError for a bad name."""
    return _name(service, "")


def inputs_topic(service: str) -> str:
    """What `service` is to apply, in order, per user."""
    return _name(service, "-inputs")


def outcomes_topic(service: str) -> str:
    """What became of each input of `service`."""
    return _name(service, "-outcomes")


def state_topic(service: str) -> str:
    """The compacted state of `service`, keyed by `partitions.entity_key`."""
    return _name(service, "-state")


def dead_letters_topic(service: str) -> str:
    """Inputs that `service` could not apply, each with its error and position."""
    return _name(service, "-dead-letters")


def _name(service: str, suffix: str) -> str:
    if not _SERVICE.fullmatch(service):
        raise ValueError(f"{service!r} is no service name: lower case words joined by _ or -")
    # Kafka treats . and _ alike in metric names, so topics hold no _.
    return f"autodmca.{service.replace('_', '-')}{suffix}.v1"


USER_EVENT_TOPICS: Final = tuple(events_topic(service) for service in SERVICES)
