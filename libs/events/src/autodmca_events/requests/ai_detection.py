"""What ai_detection may be asked by other services."""

from typing import Annotated

from msgspec import Meta, Struct

from autodmca_events.requests.command import Command
from autodmca_events.requests.social_media import ProfileId


class Reference(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A work of the profile's, by the sender's name for it, to be fetched from `url`."""

    reference_id: Annotated[str, Meta(min_length=1, max_length=200)]
    url: Annotated[str, Meta(min_length=1, max_length=2_000, pattern="^https?://")]


class NoteReferences(Command, frozen=True, kw_only=True, tag="note_references"):
    """These are the profile's references that are fetched: those noted before and not named any more are
    forgotten; what was uploaded stays."""

    profile_id: ProfileId
    references: Annotated[tuple[Reference, ...], Meta(max_length=1_000)] = ()


class ForgetProfile(Command, frozen=True, kw_only=True, tag="forget_profile"):
    """Forget all references of a profile, those that were uploaded too."""

    profile_id: ProfileId
