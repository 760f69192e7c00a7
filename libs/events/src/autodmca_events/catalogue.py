"""The event types, each with its service, family, topic and class.

Owns what is said once about a type; the payload's shape is in the module of its service. A type's name
is its struct's name in snake_case. Never changes at run time.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from autodmca_events import accounts, ai_detection, delisting, social_media, templates
from autodmca_events.errors import InvalidEvent
from autodmca_events.payload import Payload
from autodmca_events.topics import BROADCAST, events_topic

FAMILIES: Final = (
    "dashboard",
    "submissions",
    "profiles",
    "ai",
    "social-media",
    "templates",
    "delisting",
    "notifications",
)


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every event of one type.

    `kind` state: only the newest per entity matters, and older ones may be conflated; fact: each one
    counts. `entity` is the payload's wire field that names a state's entity, None where that is the user
    itself (and for facts). `everybody`: the event has no user and is on BROADCAST.
    """

    name: str
    payload: type[Payload]
    service: str
    family: str
    topic: str
    kind: Literal["state", "fact"]
    entity: str | None
    everybody: bool


def _fact(payload: type[Payload], family: str, *, everybody: bool = False) -> EventType:
    return _event(payload, family, "fact", None, everybody)


def _state(payload: type[Payload], family: str, entity: str | None, *, everybody: bool = False) -> EventType:
    return _event(payload, family, "state", entity, everybody)


def _event(
    payload: type[Payload], family: str, kind: Literal["state", "fact"], entity: str | None, everybody: bool
) -> EventType:
    service = payload.__module__.rpartition(".")[2]
    return EventType(
        name=re.sub(r"(?<!^)(?=[A-Z])", "_", payload.__name__).lower(),
        payload=payload,
        service=service,
        family=family,
        topic=BROADCAST if everybody else events_topic(service),
        kind=kind,
        entity=entity,
        everybody=everybody,
    )


_TYPES: Final = (
    _state(accounts.DashboardStatsUpdate, "dashboard", None),
    _state(accounts.SubmissionProgress, "submissions", "id"),
    _fact(accounts.SubmissionStatusChange, "submissions"),
    _fact(accounts.ProfileActivity, "profiles"),
    _state(accounts.ProfileScanUpdate, "profiles", "scanId"),
    _fact(ai_detection.AiDetectionResult, "ai"),
    _state(ai_detection.AiModelTrainingUpdate, "ai", "jobId"),
    _state(ai_detection.AiBatchJobStatus, "ai", "jobId"),
    _fact(social_media.SocialMediaIncident, "social-media"),
    _state(social_media.SocialMediaScanStatus, "social-media", "scanId"),
    _state(social_media.SocialMediaPlatformStatus, "social-media", "platform", everybody=True),
    _fact(templates.TemplateValidation, "templates"),
    _fact(templates.TemplateApproval, "templates"),
    _state(templates.TemplateUsage, "templates", "templateId"),
    _fact(delisting.DelistingRequestStatus, "delisting"),
    _fact(delisting.VisibilityChange, "delisting"),
    _fact(delisting.EngineResponse, "delisting"),
    _fact(accounts.SystemNotification, "notifications", everybody=True),
    _fact(accounts.UserNotification, "notifications"),
)

CATALOGUE: Final[Mapping[str, EventType]] = MappingProxyType({each.name: each for each in _TYPES})
_BY_PAYLOAD: Final = {each.payload: each for each in _TYPES}


def event_type_of(payload: Payload) -> EventType:
    """The type of an event with this payload; raises InvalidEvent for an object inside a payload."""
    found = _BY_PAYLOAD.get(type(payload))
    if found is None:
        raise InvalidEvent(f"{type(payload).__name__} is no payload of the catalogue", path="$.payload")
    return found
