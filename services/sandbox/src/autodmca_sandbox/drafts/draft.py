"""A template as its author has it in mind, and the slips of the first try.

The finished text is written down once; the first try is made from it by putting each slip's wrong words
in the place of the right ones, so that correcting a template is taking the slips back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Slip(NamedTuple):
    """The author first writes `wrong` where `right` belongs; an empty `wrong` is something forgotten."""

    right: str
    wrong: str = ""


class Draft(NamedTuple):
    """A template: `occasions` are the values its variables take, one set for each time it is used."""

    name: str
    kind: str
    body: str
    variables: tuple[str, ...]
    slips: tuple[Slip, ...]
    occasions: tuple[Mapping[str, object], ...]

    def first_try(self) -> str:
        """The body with every slip in it."""
        text = self.body
        for slip in self.slips:
            if slip.right not in text:
                raise ValueError(f"{self.name}: the finished text does not have {slip.right!r}")
            text = text.replace(slip.right, slip.wrong)
        return text
