"""The rules of profiles: what a user may write, and what is noted of what other services tell. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from autodmca_events.accounts import ActivityType, Infringement
from autodmca_events.requests.ai_detection import NoteReferences
from autodmca_events.requests.ai_detection import Reference as Noted
from autodmca_events.requests.social_media import Person, PutWatch, StopWatch
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.asking import AnswerHeard, Asked, asked_id
from autodmca_accounts.changes import Changes
from autodmca_accounts.profiles import scanning, telling
from autodmca_accounts.profiles.commands import (
    CreateProfile,
    EditProfile,
    IncidentHeard,
    ProfileCommand,
    ScanHeard,
    TellScan,
)
from autodmca_accounts.profiles.feed import note
from autodmca_accounts.profiles.state import MOST_PROFILES, Content, Profile
from autodmca_accounts.state import Entity


def decide(
    entities: Mapping[str, Entity], command: ProfileCommand, context: Context
) -> Decision[Entity, Outcome]:
    """Decide on one command about profiles. Raises CommandRefused."""
    changes = Changes(entities, context)
    match command:
        case CreateProfile():
            return changes.decision(_create(changes, command))
        case EditProfile():
            return changes.decision(_edit(changes, command))
        case ScanHeard():
            scanning.heard(changes, command)
        case IncidentHeard():
            _incident(changes, command)
        case TellScan():
            telling.tell(changes)
    return changes.decision()


def _create(changes: Changes, command: CreateProfile) -> int:
    if changes.find(ids.profile_id(command.profile_id), Profile) is not None:
        raise refuse("conflict", "profile-exists", f"there is a profile {command.profile_id} already")
    if changes.count(Profile) >= MOST_PROFILES:
        raise refuse("conflict", "too-many-profiles", f"a user has {MOST_PROFILES} profiles at most")
    content = command.content
    profile = Profile(id=command.profile_id, content=content, created_at=changes.now, updated_at=changes.now)
    profile = note(changes, profile, "created", f"Profile {content.name} was created", by="user")
    return _written(changes, profile, None)


def _edit(changes: Changes, command: EditProfile) -> int:
    profile = changes.need(ids.profile_id(command.profile_id), Profile)
    if command.expected_revision not in (None, profile.revision):
        raise refuse("precondition", "profile-changed", f"its revision is {profile.revision} by now")
    before, after = profile.content, command.content
    if after == before:
        return profile.revision
    profile = structs.replace(profile, content=after, revision=profile.revision + 1, updated_at=changes.now)
    profile = note(changes, profile, "updated", f"Profile {after.name} was changed", by="user")
    return _written(changes, profile, before)


def _written(changes: Changes, profile: Profile, before: Content | None) -> int:
    """Note what is new in the content, have copies of its pictures found, and the profile watched by it."""
    handles = () if before is None else before.handles
    for handle in profile.content.handles:
        if handle not in handles:
            text = f"{handle.handle} on {handle.platform} was added"
            profile = note(changes, profile, "handle_added", text, by="user")
    known = set() if before is None else {reference.url for reference in before.references}
    for reference in profile.content.references:
        if reference.url not in known:
            text = f"The reference picture {reference.label or reference.url} was added"
            profile = note(changes, profile, "reference_image_added", text, by="user")
    pictures = _noted(profile.content)
    if pictures != (() if before is None else _noted(before)):
        told = NoteReferences(actor=changes.actor, profile_id=profile.id, references=pictures)
        changes.ask("ai_detection", told, Asked(profile_id=profile.id, step="references"))
    request = _watch(changes, profile.id, profile.content)
    stays = StopWatch(actor=changes.actor, profile_id=profile.id)  # of one that was not there before
    if request != (stays if before is None else _watch(changes, profile.id, before)):
        changes.ask("social_media", request, Asked(profile_id=profile.id, step="watch"))
    return profile.revision


def answer(
    entities: Mapping[str, Entity], about: Asked, command: AnswerHeard, context: Context
) -> Decision[Entity, Outcome]:
    """Note whether the other service has taken what it was told. Raises CommandRefused."""
    changes = Changes(entities, context)
    changes.put(asked_id(command.name), None)
    profile = changes.need(ids.profile_id(about.profile_id or 0), Profile)
    if about.step == "references":
        noted = structs.replace(profile, references_error=command.refused)
    else:
        noted = structs.replace(profile, watch_error=command.refused)
    if noted != profile:
        changes.put(ids.profile_id(profile.id), noted)
    return changes.decision()


def _noted(content: Content) -> tuple[Noted, ...]:
    """The pictures, each by a name that follows from its URL."""
    urls = dict.fromkeys(each.url for each in content.references)
    return tuple(Noted(reference_id=hashlib.sha256(url.encode()).hexdigest(), url=url) for url in urls)


def _watch(changes: Changes, profile_id: int, content: Content) -> PutWatch | StopWatch:
    """What social_media is told of a profile with this content."""
    if not content.watched:
        return StopWatch(actor=changes.actor, profile_id=profile_id)
    return PutWatch(
        actor=changes.actor,
        profile_id=profile_id,
        person=_watched(content),
        platforms=content.platforms,
        interval_ms=None if content.interval_seconds is None else content.interval_seconds * 1000,
    )


def _watched(content: Content) -> Person:
    """Whom impersonators are compared with."""
    handles = tuple(dict.fromkeys(each.handle for each in content.handles))
    hashes = dict.fromkeys(each.hash for each in content.references if each.hash is not None)
    return Person(
        handles=handles,
        names=tuple(dict.fromkeys((content.name, *content.names))),
        bio=content.bio,
        posts=content.posts,
        avatar_hashes=tuple(hashes),
        own=tuple(f"{each.platform}:{each.handle}" for each in content.handles),
    )


def _incident(changes: Changes, command: IncidentHeard) -> None:
    profile = changes.need(ids.profile_id(command.profile_id), Profile)
    about = Infringement(
        id=command.incident_id,
        title=command.title,
        url=command.url,
        platform=command.platform,
        status=command.status,
        confidence=command.confidence,
    )
    kind: ActivityType = "infringement_updated"
    text = f"{command.title}: {command.status.replace('_', ' ')}"
    if command.status == "detected":
        kind, text = "infringement_detected", f"{command.title} was found"
    elif command.status == "reported":
        kind, text = "takedown_sent", f"{command.title} was reported to {command.platform}"
    note(changes, profile, kind, text, infringement=about)
