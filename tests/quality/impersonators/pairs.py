"""Accounts of every kind beside a watched person, each labelled, from a seed.

What is not known of an account is left out, as often as platforms leave it out, but never that by which alone
its kind can be told: a namesake keeps something of its own, a fan with a silent handle the bio that says so.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, get_args

from autodmca_social_media.matching.profiles import Account, Person
from msgspec import structs

from tests.quality.impersonators import phrases
from tests.quality.impersonators.disguise import MISREAD, TACTICS, disguised
from tests.quality.impersonators.people import DAY_MS, NOW_MS, Watched, avatar, bio, near, watched

Kind = Literal["impersonator", "fan", "parody", "namesake", "unrelated", "second"]
"""`second`: another account of the person's own, on the person's list."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class Pair(NamedTuple):
    person: Person
    account: Account
    kind: Kind

    @property
    def guilty(self) -> bool:
        return self.kind == "impersonator"


def pairs(seeds: range, half: int) -> Iterator[Pair]:
    """Ten accounts for each person, one person a seed."""
    words = phrases.half(half)
    for seed in seeds:
        rng = random.Random(seed * 7919)
        whom = watched(seed)
        for _ in range(4):
            yield Pair(whom.person, _impersonator(whom, words, rng), "impersonator")
        yield Pair(whom.person, _fan(whom, words, rng), "fan")
        yield Pair(whom.person, _fan(whom, words, rng), "fan")
        yield Pair(whom.person, _parody(whom, words, rng), "parody")
        yield Pair(whom.person, _namesake(whom, words, rng), "namesake")
        for _ in range(2):
            yield Pair(whom.person, _unrelated(whom, words, rng), "unrelated")


def _impersonator(whom: Watched, words: phrases.Phrases, rng: random.Random) -> Account:
    handle = rng.choice((*whom.person.handles, whom.slug, whom.slug))
    if rng.random() < 0.1:
        return _quiet(whom, handle, rng)
    style, as_fan = rng.random(), False
    if style < 0.12:
        pass
    elif style < 0.45:
        handle = disguised(handle, rng.choice(TACTICS), rng)
    elif style < 0.8:
        handle = _around(handle, rng.choice(words.bait if rng.random() < 0.85 else words.region), rng)
    elif style < 0.95:
        handle = _around(
            disguised(handle, rng.choice(TACTICS), rng), rng.choice((*words.bait, *words.region)), rng
        )
    else:
        handle, as_fan = _around(handle, rng.choice(("fan", "fans", "fanpage")), rng), True
    name = whom.name
    style = rng.random()
    if style < 0.3:
        name = rng.choice(words.display_bait).format(name=name)
    elif style < 0.45:
        name = disguised(name.lower(), rng.choice(("homoglyph", "hidden", "mark")), rng).title()
    elif style < 0.5:
        name = name.upper()
    scam, claim = rng.choice(words.scam), rng.choice(words.claim)
    said = (
        scam
        if as_fan
        else rng.choice(
            (
                whom.person.bio or claim,
                whom.person.bio or scam,
                f"{whom.person.bio} {scam}",
                scam,
                claim,
                f"{claim}. {scam}",
                "",
            )
        )
    )
    said = said.replace("{name}", whom.name).replace("{slug}", whom.slug)
    hashes = whom.person.avatar_hashes
    plain = bool(hashes) and rng.random() < 0.12
    if plain:
        said = bio(whom.faker, rng)
    elif said == whom.person.bio and rng.random() < 0.4:
        said = said[: int(len(said) * rng.uniform(0.6, 0.95))] + rng.choice(("", " 💫", " Follow!"))
    picture = (
        near(hashes[0], rng.randint(0, 8), rng) if hashes and (plain or rng.random() < 0.8) else avatar(rng)
    )
    account = _account(
        handle,
        name,
        said,
        picture,
        rng,
        days=rng.choice((rng.uniform(0, 60), rng.uniform(0, 400), rng.uniform(0, 300 if plain else 1_500))),
        followers=int(10 ** rng.uniform(0, 4)),
        posts=rng.random() < 0.5,
        copied=plain or rng.random() < 0.75,
    )
    return account if plain or as_fan else _thinned(account, rng, 0.35)


def _quiet(whom: Watched, handle: str, rng: random.Random) -> Account:
    """Nothing but a handle that is meant to be misread, beside the person's name; what its bio says is not
    understood, as in a language of which no word is known."""
    account = _account(
        disguised(handle, rng.choice(MISREAD), rng),
        whom.name,
        bio(whom.faker, rng),
        avatar(rng),
        rng,
        days=rng.uniform(0, 400),
        followers=int(10 ** rng.uniform(0, 3)),
        posts=False,
        copied=False,
    )
    return _without(account, tuple(what for what in ("avatar", "age", "followers") if rng.random() < 0.7))


def _fan(whom: Watched, words: phrases.Phrases, rng: random.Random) -> Account:
    says_in_handle = rng.random() < 0.75
    handle = (
        _around(whom.slug, rng.choice(words.fan), rng)
        if says_in_handle
        else _around(whom.slug, rng.choice(("xx", "luv", "77", "4ever", "x", "br")), rng)
    )
    name = rng.choice((*words.display_fan, *words.display_fan, "{name}", "{name} 💜", "✨{name}✨")).format(
        name=whom.name
    )
    said = (
        rng.choice(words.fan_bio).format(name=whom.name, slug=whom.slug)
        if not says_in_handle or rng.random() < 0.85
        else ""
    )
    hashes = whom.person.avatar_hashes
    picture = near(hashes[0], rng.randint(0, 8), rng) if hashes and rng.random() < 0.5 else avatar(rng)
    account = _account(
        handle,
        name,
        said,
        picture,
        rng,
        days=rng.uniform(20, 3_000),
        followers=int(10 ** rng.uniform(1, 5)),
        posts=rng.random() < 0.5,
        copied=rng.random() < 0.4,
    )
    return _thinned(account, rng, 0.3, bare=says_in_handle)


def _parody(whom: Watched, words: phrases.Phrases, rng: random.Random) -> Account:
    style = rng.random()
    if style < 0.4:
        handle = rng.choice(words.parody_before) + rng.choice(("", "_", "")) + whom.slug
    elif style < 0.8:
        handle = whom.slug + rng.choice(("", "_", ".")) + rng.choice(words.parody_after)
    else:
        handle = disguised(whom.slug, rng.choice(("drop", "double", "separator", "digits")), rng)
    name = rng.choice(
        words.display_parody if style < 0.6 or rng.random() < 0.6 else ("{name}", "{name} 🤡")
    ).format(name=whom.name)
    said = (
        rng.choice(words.parody_bio).format(name=whom.name, slug=whom.slug)
        if style >= 0.8 or rng.random() < 0.85
        else ""
    )
    hashes = whom.person.avatar_hashes
    picture = near(hashes[0], rng.randint(0, 8), rng) if hashes and rng.random() < 0.5 else avatar(rng)
    account = _account(
        handle,
        name,
        said,
        picture,
        rng,
        days=rng.uniform(20, 3_000),
        followers=int(10 ** rng.uniform(1, 5)),
        posts=rng.random() < 0.4,
        copied=rng.random() < 0.1,
    )
    return _thinned(account, rng, 0.3, bare=style < 0.8)


def _namesake(whom: Watched, words: phrases.Phrases, rng: random.Random) -> Account:
    """Somebody else of the same name; at least two things that are known say so."""
    tail = rng.choice(
        (
            str(rng.randint(1950, 2012)),
            str(rng.randint(1, 99)),
            whom.faker.last_name(),
            rng.choice("abcdefghijklm"),
            *(rng.choice(words.trade) for _ in range(8)),
            "",
        )
    )
    handle = _around(whom.slug, "".join(letter for letter in tail.lower() if letter.isalnum()), rng)
    name = whom.name if rng.random() < 0.85 else f"{whom.name} {whom.faker.last_name()}"
    said = bio(whom.faker, rng)
    account = _account(
        handle,
        name,
        said,
        avatar(rng),
        rng,
        days=rng.uniform(200, 5_000),
        followers=int(10 ** rng.uniform(0.7, 4)),
        posts=rng.random() < 0.5,
        copied=False,
    )
    what = rng.choice(("nothing", "nothing", "avatar", "age", "followers", "posts"))
    return _without(account, () if what == "nothing" else (what,))


def _unrelated(whom: Watched, words: phrases.Phrases, rng: random.Random) -> Account:
    other = watched(rng.randrange(10**6, 10**9))
    name, handle = other.name, other.slug
    style = rng.random()
    if style < 0.2:
        handle = _around(handle, rng.choice((*words.bait, *words.fan)), rng)
    elif style < 0.4:
        first = whom.name.split()[0]
        name = f"{first} {other.name.split()[-1]}"
        handle = f"{whom.slug[: len(whom.slug) // 2]}{other.slug[-5:]}"
    elif style < 0.55:
        handle, name = _another_word(whom.slug, rng), other.name
    elif style < 0.65:
        name = f"{other.name.split()[0]} {whom.name.split()[-1]}"
        handle = other.slug[:5] + whom.slug[len(whom.slug) // 2 :]
    said = (
        bio(other.faker, rng)
        if rng.random() < 0.8
        else rng.choice(words.scam).format(name=name, slug=other.slug)
    )
    account = _account(
        handle,
        name,
        said,
        avatar(rng),
        rng,
        days=rng.uniform(0, 4_000),
        followers=int(10 ** rng.uniform(0, 7)),
        posts=rng.random() < 0.4,
        copied=False,
    )
    return _thinned(account, rng, 0.3)


def _another_word(slug: str, rng: random.Random) -> str:
    """Two or three letters differ, none of them alike: mrbeast, mrbean."""
    changed = list(slug)
    for at in rng.sample(range(len(changed)), min(len(changed), rng.choice((2, 2, 3)))):
        changed[at] = rng.choice("bcdfghkmnpqrstvwxyz")
    return "".join(changed)


def _around(handle: str, word: str, rng: random.Random) -> str:
    separator = rng.choice(("", "_", ".", "", "-"))
    if not word:
        return handle
    return f"{word}{separator}{handle}" if rng.random() < 0.3 else f"{handle}{separator}{word}"


def _account(
    handle: str,
    name: str,
    said: str,
    picture: str,
    rng: random.Random,
    *,
    days: float,
    followers: int,
    posts: bool,
    copied: bool,
) -> Account:
    checked = rng.randint(3, 40) if posts else 0
    return Account(
        handle=handle,
        platform=rng.choice(("mastodon", "bluesky")),
        display_name=name,
        bio=said,
        avatar_hash=picture,
        followers=followers,
        created_at=NOW_MS - int(days * DAY_MS),
        seen_at=NOW_MS,
        posts_checked=checked,
        content_matches=rng.randint(1, checked) if copied and checked else 0,
    )


def _thinned(account: Account, rng: random.Random, chance: float, *, bare: bool = True) -> Account:
    """Without what is not known of it: now and then all but what it is called, or (`bare`) all but its
    handle."""
    style = rng.random()
    if bare and style < 0.12:
        return Account(handle=account.handle, platform=account.platform)
    if style < 0.27:
        return Account(
            handle=account.handle,
            platform=account.platform,
            display_name=account.display_name,
            bio=account.bio,
        )
    return _without(
        account, tuple(what for what in ("avatar", "age", "followers", "posts") if rng.random() < chance)
    )


def _without(account: Account, what: tuple[str, ...]) -> Account:
    changes: dict[str, object] = {}
    for each in what:
        match each:
            case "avatar":
                changes["avatar_hash"] = None
            case "age":
                changes["created_at"] = None
            case "followers":
                changes["followers"] = None
            case "posts":
                changes["posts_checked"] = changes["content_matches"] = 0
    return structs.replace(account, **changes)
