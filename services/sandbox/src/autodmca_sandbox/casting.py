"""With which names and numbers a round of a story is played: from a seed, the author and the turn. Pure.

An author speaks for others: in each round for another person, about another work, at other addresses.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from autodmca_sandbox.drafts import Draft
from autodmca_sandbox.people import AUTHORS
from autodmca_sandbox.platforms.population import Someone, persons

_THINGS: Final = (
    "Cranes",
    "Lanterns",
    "Orchards",
    "Rooftops",
    "Glaciers",
    "Tides",
    "Staircases",
    "Sparrows",
    "Railways",
    "Gardens",
)
_MOODS: Final = (
    "before rain",
    "at noon",
    "in winter",
    "after the storm",
    "for beginners",
    "by night",
    "without words",
    "from above",
)
_HOSTS: Final = (
    "Vaultbox",
    "Filelagoon",
    "Clipstream",
    "Pagehaven",
    "Codebarn",
    "Readershelf",
    "Printsandmore",
)
_STREETS: Final = ("Harbor Street", "Storgatan", "Rue des Tisserands", "Köpenicker Straße", "Mill Lane")
_TOWNS: Final = (
    "Oakland, CA 94607",
    "903 26 Umeå, Sweden",
    "69001 Lyon, France",
    "10997 Berlin, Germany",
    "Leeds",
)
_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "September", "October", "November")
_WORD: Final = re.compile(r"[^\W_]+")


class Round(NamedTuple):
    """`number`: no other round has it; `someone`: whom it is about; `values`: what stands in a notice, by the
    names that drafts give their variables."""

    number: int
    someone: Someone
    values: Mapping[str, Any]

    @property
    def work(self) -> str:
        """The title of the work."""
        return str(self.values["work_title"])

    def played(self, draft: Draft) -> Draft:
        """The draft with this round's number and values."""
        occasions = tuple(
            {**occasion, **{name: value for name, value in self.values.items() if name in occasion}}
            for occasion in draft.occasions
        )
        return draft._replace(name=f"{draft.name}, {self.number}", occasions=occasions)


def cast(seed: int, author: int, turn: int) -> Round:
    """The round that is the `turn`th of an author; both count from 0."""
    number = turn * len(AUTHORS) + author
    someone = persons(seed, number + 1)[number]
    rng = random.Random(f"round {seed} {number}")  # noqa: S311 - a story, no secret
    title = f"{rng.choice(_THINGS)} {rng.choice(_MOODS)}, no. {rng.randint(2, 999)}"
    host, email = rng.choice(_HOSTS), f"rights@{someone.handle}.example"
    pages = tuple(f"https://{host.lower()}.example/p/{rng.randint(1_000, 99_999)}" for _ in range(3))
    phone = f"+1 415 555 {rng.randint(100, 9_999):04}"
    address = f"{rng.randint(1, 199)} {rng.choice(_STREETS)}, {rng.choice(_TOWNS)}"
    date = f"{rng.randint(1, 28)} {rng.choice(_MONTHS)} 2026"
    values = {
        **dict.fromkeys(("owner_name", "signer_name", "subscriber_name"), someone.name),
        **dict.fromkeys(("owner_email", "subscriber_email"), email),
        **dict.fromkeys(("owner_phone", "subscriber_phone"), phone),
        **dict.fromkeys(("owner_address", "subscriber_address"), address),
        **dict.fromkeys(("notice_date", "removal_date"), date),
        **dict.fromkeys(("host_name", "provider_name"), host),
        "work_title": title,
        "work_url": f"https://{someone.handle}.example/{slug(title)}",
        "material_url": pages[0],
        "urls": list(pages),
    }
    return Round(number, someone, values)


def slug(title: str) -> str:
    """The title as it stands in a URL."""
    return "-".join(_WORD.findall(title.lower()))
