"""Watched persons who do not exist, with names, handles and bios in many languages, from a seed."""

from __future__ import annotations

import random
from functools import cache
from typing import Final, NamedTuple

from autodmca_social_media.matching.folding import latin
from autodmca_social_media.matching.profiles import Person
from faker import Faker

_LOCALES: Final = (
    "en_US",
    "en_GB",
    "en_US",
    "es_ES",
    "pt_BR",
    "fr_FR",
    "de_DE",
    "it_IT",
    "pl_PL",
    "tr_TR",
    "nl_NL",
    "sv_SE",
    "ru_RU",
    "ja_JP",
    "ko_KR",
    "zh_CN",
    "ar_AA",
    "hi_IN",
    "id_ID",
    "cs_CZ",
)
NOW_MS: Final = 1_790_000_000_000
DAY_MS: Final = 86_400_000


class Watched(NamedTuple):
    """A person, as they write themselves: `name` for people, `slug` in Latin letters, `bios` of strangers of
    the same place."""

    person: Person
    name: str
    slug: str
    faker: Faker


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


def watched(seed: int) -> Watched:
    """The person of this seed."""
    rng = random.Random(seed)
    faker = _faker(rng.choice(_LOCALES))
    faker.seed_instance(seed)
    words = _faker("en_US")
    words.seed_instance(seed)
    style = rng.random()
    if style < 0.6:
        name = f"{faker.first_name()} {faker.last_name()}"
        parts = [_ascii(part) for part in name.split()]
        handle = rng.choice(
            ("{0}{1}", "{0}.{1}", "{0}_{1}", "{1}{0}", "{0}{1}", "{0:.1}{1}", "{0}{1:.1}")
        ).format(*parts[:2])
    elif style < 0.85:
        stage = [word.lower() for word in words.words(rng.choice((1, 2, 2)))]
        name = rng.choice((" ".join(stage).title(), "".join(stage).title(), "DJ " + stage[0].title()))
        handle = _ascii(name)
    else:
        name = words.company().replace(",", "").removesuffix(" Inc").removesuffix(" LLC").removesuffix(" PLC")
        handle = _ascii(name)
    if len(handle) < 3:
        handle += _ascii(words.word())
    if rng.random() < 0.1:
        handle += rng.choice(("hq", "official", "tv", "music", "42", "7"))
    handles = [handle]
    if rng.random() < 0.3:
        handles.append(handle.replace(".", "").replace("_", "") + rng.choice(("", "x", "_", "real")))
    person = Person(
        handles=tuple(dict.fromkeys(handles)),
        names=(name,),
        bio=bio(faker, rng) if rng.random() < 0.85 else "",
        avatar_hashes=(avatar(rng),) if rng.random() < 0.8 else (),
        followers=int(10 ** rng.uniform(3.5, 8)) if rng.random() < 0.85 else None,
        created_at=NOW_MS - int(rng.uniform(700, 5_000)) * DAY_MS if rng.random() < 0.8 else None,
    )
    return Watched(person, name, _ascii(handle), faker)


def bio(faker: Faker, rng: random.Random) -> str:
    """What somebody without ill intent writes."""
    job, city, sentence = faker.job(), faker.city(), faker.sentence(nb_words=rng.randint(3, 9))
    return rng.choice(
        (
            f"{job} in {city}. {sentence}",
            f"{job} | {city}",
            sentence,
            f"{sentence} {faker.sentence()}",
            f"{city} 📍 {job}",
            f"{job}. Views are my own.",
        )
    )


def avatar(rng: random.Random) -> str:
    """A pHash."""
    return f"{rng.getrandbits(64):016x}"


def near(avatar: str, bits: int, rng: random.Random) -> str:
    """The hash of the same picture, cut or compressed."""
    value = int(avatar, 16)
    for bit in rng.sample(range(64), bits):
        value ^= 1 << bit
    return f"{value:016x}"


def _ascii(text: str) -> str:
    text = text if text.isascii() else latin(text)
    return "".join(letter for letter in text.lower() if letter.isalnum() and letter.isascii())
