"""What each domain service is asked in its benchmark: an input that changes state, and nothing of which leads
outside. Those of templates, delisting, ai_detection and accounts tell an event as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from autodmca_accounts.listening import EventHeard
from autodmca_ai_detection.model.commands import Detect
from autodmca_ai_detection.model.state import Finding
from autodmca_delisting import ids as delisting_ids
from autodmca_delisting.model.commands import Create as MakeDraft
from autodmca_events import SocialMediaIncident, encode, envelope, new_id, rfc3339
from autodmca_events.requests.delisting import Notice
from autodmca_events.requests.social_media import Person, PutWatch
from autodmca_service.commands import Actor
from autodmca_templates import ids as templates_ids
from autodmca_templates.commands import Create as MakeTemplate
from autodmca_templates.state import Content

_CONTENT: Final = Content(
    name="Search engines",
    kind="takedown",
    body="My work {{ work }} is copied without permission at {{ url }}. " * 8,
    variables=("work", "url"),
)


def incident(user: int, number: int, now_ms: int, **more: Any) -> SocialMediaIncident:
    """An incident of a user's profile 1; others by their numbers."""
    told: dict[str, Any] = {"status": "detected", "severity": "high", **more}
    return SocialMediaIncident(
        incident_id=f"inc_{user}_{number}",
        profile_id=1,
        platform="mastodon",
        incident_type="impersonation",
        account_handle=f"ada_{number}",
        account_url=f"https://m.example/@ada_{number}",
        similarity_score=0.9,
        signals=(),
        detected_at=rfc3339(now_ms),
        **told,
    )


def _heard(user: int, number: int) -> msgspec.Struct:
    now_ms = time.time_ns() // 1_000_000
    event = envelope(incident(user, number, now_ms), user_id=user, timestamp_ms=now_ms, id=new_id())
    return EventHeard(actor=Actor(user), event=msgspec.Raw(encode(event)))


def _template(user: int, number: int) -> msgspec.Struct:
    name = templates_ids.template_id(user, f"{number}")
    return MakeTemplate(actor=Actor(user), template_id=name, content=_CONTENT)


def _draft(user: int, number: int) -> msgspec.Struct:
    name = delisting_ids.request_id(user, f"{number}")
    return MakeDraft(actor=Actor(user), request_id=name, engine="google", notice=Notice(text="It is mine."))


def _watch(user: int, number: int) -> msgspec.Struct:
    person = Person(handles=("ada",), names=("Ada Lovelace",), bio=f"Version {number}")
    return PutWatch(actor=Actor(user), profile_id=number % 50 + 1, person=person)


def _detection(user: int, number: int) -> msgspec.Struct:
    finding = Finding(verdict="no_match", method="pdq", model_version="1")
    url = f"https://copies.example/{number}.jpg"
    return Detect(actor=Actor(user), profile_id=1, content_url=url, finding=finding)


INPUTS: Final[Mapping[str, Callable[[int, int], msgspec.Struct]]] = {
    "templates": _template,
    "delisting": _draft,
    "social_media": _watch,
    "ai_detection": _detection,
    "accounts": _heard,
}
"""By service: the input of a user, by its number."""
