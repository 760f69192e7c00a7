"""References of a profile that another service names by their URLs, and a profile that is forgotten. Pure.

A reference that was made of a URL goes when it is named no more; one that was uploaded stays, whatever is
named.
"""

from __future__ import annotations

from collections import Counter

from autodmca_events.requests.ai_detection import ForgetProfile, NoteReferences
from autodmca_service.errors import CommandRefused, refuse, refuse_field
from msgspec import structs

from autodmca_ai_detection import ids
from autodmca_ai_detection.model import detecting
from autodmca_ai_detection.model.changes import Changes
from autodmca_ai_detection.model.commands import Kept, NotedCommand, NotKept
from autodmca_ai_detection.model.state import MOST_TITLE, Noted, Reference


def decide(changes: Changes, command: NotedCommand) -> Reference | None:
    """The reference that was made, if one was. Raises CommandRefused."""
    match command:
        case NoteReferences():
            _note(changes, command)
        case ForgetProfile():
            _forget_profile(changes, command)
        case Kept():
            return _kept(changes, command)
        case NotKept():
            noted = changes.need(command.noted_id, Noted, "noted reference")
            _settle(changes, noted, code=command.code)
    return None


def _note(changes: Changes, command: NoteReferences) -> None:
    """Have those fetched that are new, or could not be had before; forget those that are named no more."""
    profile = command.profile_id
    wanted = {ids.noted_id(profile, each.reference_id): each for each in command.references}
    if len(wanted) < len(command.references):
        names = Counter(each.reference_id for each in command.references)
        raise refuse_field("references", f"{max(names, key=names.__getitem__)} is given twice")
    every = list(changes.all(Noted))
    held = {each.id: each for each in every if each.profile_id == profile}
    most = changes.rules.most_references
    if len(every) - len(held) + len(wanted) > most:
        raise refuse("conflict", "too-many-references", f"a user has {most:,} at most")
    for name, old in held.items():
        if name not in wanted or wanted[name].url != old.url:
            _forget(changes, old)
    for name, each in wanted.items():
        known = changes.find(name, Noted)
        if known is not None and known.code is None:
            continue
        changes.put(
            name,
            Noted(id=name, profile_id=profile, url=each.url, next_at=changes.now, run=changes.run),
        )


def _kept(changes: Changes, command: Kept) -> Reference | None:
    noted = changes.need(command.noted_id, Noted, "noted reference")
    before = changes.tally.references
    try:
        reference = detecting.keep(changes, noted.profile_id, noted.url[:MOST_TITLE], command.content)
    except CommandRefused as refused:
        _settle(changes, noted, code=refused.refusal.code)
        return None
    _settle(changes, noted, reference=reference.id, made=changes.tally.references > before)
    return reference


def _forget_profile(changes: Changes, command: ForgetProfile) -> None:
    """All its references; what was found with them stays."""
    for name, each in changes.entities.items():
        match each:
            case Noted(profile_id=command.profile_id):
                changes.drop(name)
            case Reference(profile_id=command.profile_id):
                detecting.forget(changes, name)


def run_of(changes: Changes, command: Kept | NotKept) -> int | None:
    """The run of the work that a checkpoint is of; None where it is over."""
    noted = changes.find(command.noted_id, Noted)
    return noted.run if noted is not None and noted.next_at is not None else None


def _settle(
    changes: Changes,
    noted: Noted,
    *,
    reference: str | None = None,
    made: bool = False,
    code: str | None = None,
) -> None:
    settled = structs.replace(noted, reference=reference, made=made, code=code, next_at=None, run=changes.run)
    changes.put(noted.id, settled)


def _forget(changes: Changes, noted: Noted) -> None:
    """And what was made of it, unless another URL has the same content."""
    changes.drop(noted.id)
    if noted.reference is None or not noted.made:
        return
    for name in changes.entities:
        other = changes.find(name, Noted)
        if other is not None and other.reference == noted.reference:
            changes.put(name, structs.replace(other, made=True))
            return
    if changes.get(noted.reference) is not None:  # a person may have dropped it
        detecting.forget(changes, noted.reference)
