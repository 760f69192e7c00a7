"""Handles that an impersonator of a person may have taken, in the order in which they are worth a call.

Owns the generation, not the search. The same person gives the same variants in the same order, so that a
search that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, zip_longest
from typing import Final

from autodmca_social_media.matching.folding import latin, local_part, visible
from autodmca_social_media.matching.profiles import Person

AFFIXES: Final = (
    "official",
    "support",
    "hq",
    "giveaway",
    "backup",
    "real",
    "fan",
    "team",
    "help",
    "vip",
    "promo",
    "private",
)
REGIONS: Final = ("us", "uk", "de", "fr", "es", "it", "br", "mx", "in", "jp")
_LEET: Final = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4", "s": "5", "t": "7", "b": "8"}
_ALIKE: Final = {"l": "I", "m": "rn", "w": "vv", "i": "l", "o": "0"}
_HOMOGLYPHS: Final = {
    "a": "а",
    "e": "е",
    "o": "о",
    "p": "р",
    "c": "с",
    "x": "х",
    "y": "у",
    "i": "і",
    "s": "ѕ",
}


def variants(person: Person, most: int) -> tuple[str, ...]:
    """At most `most` searches: names and handles first, then one variant of each kind in turn."""
    handles = [visible(local_part(handle)) for handle in person.handles]
    slugs = [*handles, *("".join(filter(str.isalnum, visible(name))) for name in person.names)]
    slugs += [latin(name) for name in person.names]
    slugs = list(dict.fromkeys(slug for slug in slugs if len(slug) > 1))
    whole = [*handles, *person.names, *slugs]
    return tuple(islice(dict.fromkeys(chain(whole, _mixed(slugs))), most))


def _mixed(slugs: list[str]) -> Iterator[str]:
    kinds = [kind(slug) for slug in slugs for kind in (_affixed, _regional, _separated, _replaced, _misspelt)]
    for turn in zip_longest(*kinds):
        yield from (each for each in turn if each)


def _affixed(slug: str) -> Iterator[str]:
    for affix in AFFIXES:
        yield from (
            f"{slug}_{affix}",
            f"{slug}{affix}",
            f"{slug}.{affix}",
            f"{affix}{slug}",
            f"{affix}_{slug}",
        )


def _regional(slug: str) -> Iterator[str]:
    for region in REGIONS:
        yield from (f"{slug}_{region}", f"{slug}{region}")


def _separated(slug: str) -> Iterator[str]:
    plain = "".join(filter(str.isalnum, slug))
    if plain != slug:
        yield plain
    yield from (f"{slug}_", f"_{slug}", f"{slug}1", f"the{slug}", f"real{slug}")
    for at in range(2, len(plain) - 1):
        yield from (f"{plain[:at]}_{plain[at:]}", f"{plain[:at]}.{plain[at:]}")


def _replaced(slug: str) -> Iterator[str]:
    for table in (_ALIKE, _LEET, _HOMOGLYPHS):
        if (whole := "".join(table.get(letter, letter) for letter in slug)) != slug:
            yield whole
        for at, letter in enumerate(slug):
            if letter in table:
                yield slug[:at] + table[letter] + slug[at + 1 :]


def _misspelt(slug: str) -> Iterator[str]:
    for at in range(len(slug)):
        yield slug[: at + 1] + slug[at] + slug[at + 1 :]
        if len(slug) > 4:
            yield slug[:at] + slug[at + 1 :]
            if at + 1 < len(slug):
                yield slug[:at] + slug[at + 1] + slug[at] + slug[at + 2 :]
