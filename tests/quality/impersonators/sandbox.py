"""The sandbox's population as labelled pairs: another generator, with words and people of its own."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Final

import imagehash
from autodmca_sandbox.platforms.pictures import picture
from autodmca_sandbox.platforms.population import Member, Someone, members, persons
from autodmca_social_media.matching.content import Content
from autodmca_social_media.matching.profiles import Account, Person
from PIL import Image

from tests.quality.impersonators.judged import Judged, judge
from tests.quality.impersonators.pairs import Pair
from tests.quality.impersonators.people import NOW_MS

SEED: Final = 11
PERSONS: Final = 16


def population() -> Judged:
    """Every account beside the person whom it is about; strangers beside one person after another."""
    return judge(_pairs())


def copies() -> str:
    """A Markdown table: which posts of an account are taken for copies of the person's, by kind."""
    rows = [
        "| kind | posts | copies | taken for copies | of those no copies |",
        "| --- | --- | --- | --- | --- |",
    ]
    counts: dict[str, Counter[str]] = {}
    for _, person, member in _beside():
        count = counts.setdefault(member.kind, Counter())
        taken = len(_content(person).copies(member.posts))
        count.update(posts=len(member.posts), copies=member.copies, taken=taken)
        count["wrong"] += max(0, taken - member.copies)
    rows += [
        f"| {kind} | {of['posts']} | {of['copies']} | {of['taken']} | {of['wrong']} |"
        for kind, of in counts.items()
    ]
    return "\n".join(rows)


def _pairs() -> Iterator[Pair]:
    for network, person, member in _beside():
        assert member.kind != "person"
        yield Pair(person, _account(network, member, _content(person)), member.kind)


def _beside() -> Iterator[tuple[str, Person, Member]]:
    everybody = persons(SEED, PERSONS)
    watched = [_watched(who) for who in everybody]
    for network in ("mastodon", "bluesky"):
        for number, member in enumerate(members(SEED, network, everybody, NOW_MS)):
            if member.kind != "person":
                yield network, watched[number % PERSONS if member.person is None else member.person], member


@cache
def _content(person: Person) -> Content:
    return Content(person.posts)


def _watched(who: Someone) -> Person:
    return Person(
        handles=(who.handle,),
        names=(who.name,),
        bio=who.bio,
        avatar_hashes=(_hash(who.picture, copied=False),),
        followers=who.followers,
        posts=who.posts,
    )


def _account(network: str, member: Member, content: Content) -> Account:
    return Account(
        handle=member.handle,
        platform=network,
        display_name=member.name,
        bio=member.bio,
        avatar_hash=_hash(member.picture, copied=member.copied),
        followers=member.followers,
        created_at=member.created_at,
        seen_at=NOW_MS,
        posts_checked=len(member.posts),
        content_matches=len(content.copies(member.posts)),
    )


@cache
def _hash(seed: int, *, copied: bool) -> str:
    with Image.open(io.BytesIO(picture(seed, copied=copied))) as image:
        return str(imagehash.phash(image))
