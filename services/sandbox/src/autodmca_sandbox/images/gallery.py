"""What there is on the host of pictures, by number: copies of works, other pictures, and what is no picture.

Owns the truth about each. A picture is made when it is asked for; which one it is follows from the seed and
its number, so there is no end to them. Its name tells nobody what it is.
"""

from __future__ import annotations

import hashlib
import io
import random
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from PIL import Image

from autodmca_sandbox.images.drawings import work
from autodmca_sandbox.images.edits import EDITS

WORKS: Final = 6
"""Of each person."""
Kind = Literal["copy", "other", "broken"]
BROKEN: Final = ("gone", "page", "cut", "tiny")
"""An address that answers 404, one that has HTML, a file that ends too early, and a picture of one pixel."""
_OF_TEN: Final[tuple[Kind, ...]] = ("copy",) * 5 + ("other",) * 4 + ("broken",)


class Item(NamedTuple):
    """One address. `owner` and `work`: whose work is copied, and which; `how`: the edit, or what is
    broken."""

    number: int
    name: str
    kind: Kind
    how: str
    owner: int = 0
    work: int = 0


class File(NamedTuple):
    """What an address answers."""

    status: int
    media_type: str
    data: bytes


class Gallery:
    """The pictures of `owners` people, numbered from 0, who have WORKS works each."""

    def __init__(self, seed: int, owners: int) -> None:
        self._seed = seed
        self._owners = owners

    def item(self, number: int) -> Item:
        """What stands at a number, from 0."""
        rng = random.Random(f"{self._seed} item {number}")  # noqa: S311 - a story, no secret
        name = f"{number}-{hashlib.sha256(f'{self._seed}/{number}'.encode()).hexdigest()[:10]}.jpg"
        kind = rng.choice(_OF_TEN)
        if kind == "copy":
            how = rng.choice(tuple(EDITS))
            return Item(number, name, kind, how, rng.randrange(self._owners), rng.randrange(WORKS))
        return Item(number, name, kind, rng.choice(BROKEN) if kind == "broken" else "")

    def named(self, name: str) -> Item | None:
        """The item of that name."""
        number = name.partition("-")[0]
        if not (number.isascii() and number.isdecimal() and len(number) < 10):
            return None
        item = self.item(int(number))
        return item if item.name == name else None

    def file(self, item: Item) -> File:
        """What is served for it."""
        return _file(self._seed, item)

    def original(self, owner: int, number: int) -> bytes:
        """A person's work as they have it themselves."""
        return _jpeg(work(f"{self._seed}/{owner}/{number}"), 95)


@lru_cache(maxsize=256)
def _file(seed: int, item: Item) -> File:
    rng = random.Random(f"{seed} file {item.number}")  # noqa: S311 - as above
    match item.kind, item.how:
        case "copy", how:
            made = EDITS[how](work(f"{seed}/{item.owner}/{item.work}"), rng)
            return File(200, "image/jpeg", _jpeg(made, rng.randrange(45, 92)))
        case "other", _:
            return File(200, "image/jpeg", _jpeg(work(f"{seed}/other/{item.number}"), rng.randrange(60, 92)))
        case _, "gone":
            return File(404, "text/html", b"<h1>404 Not Found</h1>")
        case _, "page":
            return File(200, "image/jpeg", b"<!doctype html><title>Sign in to see this picture</title>")
        case _, "cut":
            data = _jpeg(work(f"{seed}/other/{item.number}"), 80)
            return File(200, "image/jpeg", data[: len(data) // 3])
    return File(200, "image/gif", _encoded(Image.new("L", (1, 1)), "GIF"))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    return _encoded(image, "JPEG", quality=quality)


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()
