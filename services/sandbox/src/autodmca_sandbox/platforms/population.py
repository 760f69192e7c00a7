"""Who is on a network: persons, and those who pass themselves off as them, from a seed.

Owns the truth, which only tests are told. The vocabulary is this file's own: nothing that finds impersonators
learned from it. The same seed gives the same people on every network, with accounts of each network's own.
"""

from __future__ import annotations

import random
from typing import Final, Literal

from msgspec import Struct

Kind = Literal["person", "impersonator", "fan", "parody", "namesake", "unrelated"]
DAY_MS: Final = 86_400_000
_FIRST: Final = """
Mira Tobias Elena Kofi Ingrid Rafael Yuki Amara Lucas Freya Dmitri Salma Owen Priya Mateo Zofia Hugo Leila
Anders Bianca Chidi Noor Felix Tamara Jonas Aiko Pablo Greta Samir Nadia
""".split()  # noqa: SIM905
_LAST: Final = """
Halvorsen Okonkwo Ferreira Lindgren Castellano Petrenko Takahashi Moreau Bauer Rossi Kowalska Haddad Nyberg
Valdez Osei Marchetti Sorensen Ivanova Delgado Brandt Nakamura Farouk Keller Dubois Novak Adeyemi Larsen
Costa
""".split()  # noqa: SIM905
_WORK: Final = (
    "painter",
    "songwriter",
    "chess player",
    "novelist",
    "chef",
    "photographer",
    "cellist",
    "climber",
)
_JOBS: Final = (
    "Nurse",
    "Bus driver",
    "Accountant",
    "Teacher of maths",
    "Beekeeper",
    "Plumber",
    "Student",
    "Vet",
)
_TOWNS: Final = ("Bergen", "Porto", "Leeds", "Graz", "Tampere", "Ghent", "Cork", "Brno", "Aarhus", "Split")
_TIMES: Final = ("Monday", "month", "spring")
_DAYS: Final = (
    "The first pages are done and I hate all of them, which is how it always begins",
    "Somebody left a bag of lemons at the door of the studio, thank you whoever you are",
    "Two hours on the phone with the insurance, and nothing to show for it but a headache",
    "We are sold out for the whole of next week, I still cannot believe you people",
    "My old teacher came by today and did not say a word, so it must be good",
    "New shoes, long walk home, wrong decision",
    "Three things I learned this winter: rest, rest more, and answer the letters",
    "The power went out in the middle of it and we went on by candlelight",
    "Looking for a van that can be slept in, any hint is welcome",
    "Up at five again because the light in the kitchen is best before the buses come",
)
_OTHER_WORDS: Final = ("really", "again", "today", "slowly", "always", "yesterday", "nearly", "gladly")
_BAIT: Final = ("official", "support", "hq", "giveaway", "backup", "vip", "real", "team", "help", "promo")
_LURES: Final = (
    "Message me on Telegram to receive your gift",
    "Giveaway today! Winners are contacted by DM",
    "This is my backup account, the main one got hacked",
    "Crypto tips that doubled my bitcoin. WhatsApp me",
    "Official account. Private chat with my real supporters",
)
_ALIKE: Final = {"a": "а", "e": "е", "o": "о", "i": "і", "c": "с", "p": "р"}


class Member(Struct, kw_only=True):
    """An account. `person`: the number of the person whom it is about; `picture`: the seed of its avatar, the
    same for copies. `copies`: how many of its posts are the person's, with or without words of its own.
    `suspended`: its network has taken it away. `earlier`: what it was called before."""

    id: str
    handle: str
    name: str
    bio: str
    kind: Kind
    person: int | None
    picture: int
    copied: bool
    created_at: int
    followers: int
    posts: list[str]
    copies: int = 0
    suspended: bool = False
    earlier: list[str] = []


class Someone(Struct, frozen=True, kw_only=True):
    """A person who is watched."""

    number: int
    handle: str
    name: str
    bio: str
    picture: int
    followers: int
    posts: tuple[str, ...]


def persons(seed: int, count: int) -> list[Someone]:
    """The persons of a seed."""
    rng = random.Random(f"persons {seed}")  # noqa: S311 - people, no secrets
    found: list[Someone] = []
    for number in range(count):
        days = random.Random(f"days {seed} {number}").sample(_DAYS, 5)  # noqa: S311 - as above
        first, last = rng.choice(_FIRST), rng.choice(_LAST)
        work, town = rng.choice(_WORK), rng.choice(_TOWNS)
        found.append(
            Someone(
                number=number,
                handle=f"{first}{last}".lower() + ("" if number < 20 else str(number)),
                name=f"{first} {last}",
                bio=f"{work.capitalize()} from {town}. New work every {rng.choice(_TIMES)}.",
                picture=rng.getrandbits(32),
                followers=int(10 ** rng.uniform(4, 6.5)),
                posts=tuple(
                    f"{work.capitalize()} note {rng.randint(1, 999)}: {town} in the rain. {day}."
                    for day in days
                ),
            )
        )
    return found


def members(seed: int, network: str, everybody: list[Someone], now_ms: int) -> list[Member]:
    """The accounts of a network."""
    rng = random.Random(f"{network} {seed}")  # noqa: S311 - people, no secrets
    found: list[Member] = []
    taken: set[str] = set()

    def join(kind: Kind, handle: str, name: str, bio: str, **about: object) -> None:
        if handle in taken:
            return
        taken.add(handle)
        person = about.get("person")
        assert person is None or isinstance(person, Someone)
        copied = bool(about.get("copied"))
        days = {"person": 2_000, "impersonator": rng.uniform(1, 120)}.get(kind, rng.uniform(200, 3_000))
        posts, copies = _posts(kind, name, person, copied, random.Random(f"posts {seed} {network} {handle}"))  # noqa: S311
        followers = {"impersonator": rng.randint(0, 300)}.get(kind, int(10 ** rng.uniform(1, 4)))
        found.append(
            Member(
                id=str(rng.randrange(10**17, 10**18)),
                handle=handle,
                name=name,
                bio=bio,
                kind=kind,
                person=None if person is None else person.number,
                picture=person.picture if person is not None and copied else rng.getrandbits(32),
                copied=copied and kind != "person",
                created_at=now_ms - int(days * DAY_MS),
                followers=person.followers if kind == "person" and person is not None else followers,
                posts=posts,
                copies=copies,
            )
        )

    for who in everybody:
        join("person", who.handle, who.name, who.bio, person=who, copied=True)
        for _ in range(6):
            handle, name, bio = _impersonator(who, rng)
            join("impersonator", handle, name, bio, person=who, copied=rng.random() < 0.8)
        for word in rng.sample(("fans", "daily", "fanclub", "archive", "news"), 2):
            bio = f"Fan account about {who.name}. Not affiliated."
            join(
                "fan",
                f"{who.handle}_{word}",
                f"{who.name} {word}",
                bio,
                person=who,
                copied=rng.random() < 0.5,
            )
        join("parody", f"not{who.handle}", f"Not {who.name}", "Parody. All in good fun.", person=who)
        for _ in range(2):
            handle = f"{who.handle}{rng.randint(50, 99)}"
            join("namesake", handle, who.name, f"{rng.choice(_JOBS)}, {rng.choice(_TOWNS)}", person=who)
    for _ in range(12 * len(everybody)):
        first, last = rng.choice(_FIRST), rng.choice(_LAST)
        handle = f"{first}{rng.choice('._')}{last}{rng.choice(('', rng.randint(1, 99)))}".lower()
        if not any(f"{first} {last}" == who.name for who in everybody):
            join("unrelated", handle, f"{first} {last}", f"{rng.choice(_JOBS)} in {rng.choice(_TOWNS)}")
    return found


def _posts(
    kind: Kind, name: str, who: Someone | None, copied: bool, rng: random.Random
) -> tuple[list[str], int]:
    """What an account says, and how much of it somebody else has said: an impersonator says what the person
    said, one post in two with other words in it; a fan quotes one of them now and then."""
    own = [
        f"{name} says hello",
        rng.choice(_LURES) if kind == "impersonator" else f"A quiet {rng.choice(_TIMES)}",
    ]
    if kind == "person" and who is not None:
        return list(who.posts), 0
    if who is None or not copied:
        return own, 0
    if kind == "fan":
        return [*own, f"So good! {rng.choice(who.posts)}"], 1
    taken = [_reworded(post, rng) if rng.random() < 0.5 else post for post in rng.sample(who.posts, 3)]
    return [*taken, *own], len(taken)


def _reworded(post: str, rng: random.Random) -> str:
    """One word in six is another one."""
    words = post.split()
    for at in rng.sample(range(len(words)), len(words) // 6):
        words[at] = rng.choice(_OTHER_WORDS)
    return " ".join(words)


def _impersonator(who: Someone, rng: random.Random) -> tuple[str, str, str]:
    handle = who.handle
    match rng.randrange(5):
        case 0:
            handle = f"{handle}{rng.choice(('_', '.', ''))}{rng.choice(_BAIT)}"
        case 1:
            letter = rng.choice([each for each in handle if each in _ALIKE] or [handle[0]])
            handle = handle.replace(letter, _ALIKE.get(letter, letter), 1)
        case 2:
            at = rng.randrange(1, len(handle))
            handle = handle[:at] + handle[at - 1] + handle[at:]
        case 3:
            handle = f"{rng.choice(_BAIT)}_{handle}"
        case 4:
            handle = handle.replace("l", "1", 1).replace("o", "0", 1) + rng.choice(("", "_", "2"))
    name = rng.choice((who.name, f"{who.name} Official", f"{who.name} ✅"))
    bio = rng.choice((who.bio, rng.choice(_LURES), f"{who.bio} {rng.choice(_LURES)}"))
    return handle, name, bio
