"""Works: a drawing for each seed, with the detail that a photograph has.

Pure: the same seed gives the same picture. Nothing else of the world is known here.
"""

from __future__ import annotations

import random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

SIZE: Final = (720, 540)
_OCTAVES: Final = ((6, 90), (20, 60), (70, 40), (200, 22))
"""Of the ground: how many patches lie side by side, and how much they stand out."""
_SHAPES: Final = 46


def work(seed: str) -> Image.Image:
    """A picture: a ground like clouds or stone, shapes on it, and a few words."""
    rng = random.Random(f"work {seed}")  # noqa: S311 - a drawing, no secret
    image = _ground(rng)
    draw = ImageDraw.Draw(image)
    for _ in range(_SHAPES):
        _shape(rng, draw)
    for _ in range(3):
        word = "".join(rng.choice("abcdefghiklmnoprstu") for _ in range(rng.randrange(4, 9)))
        place = rng.randrange(SIZE[0] - 200), rng.randrange(SIZE[1] - 60)
        draw.text(place, word, fill=_colour(rng), font=ImageFont.load_default(rng.randrange(22, 54)))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def _ground(rng: random.Random) -> Image.Image:
    """Noise of several sizes, one on the other, in two colours."""
    grey = Image.new("L", SIZE, 128)
    for across, strength in _OCTAVES:
        down = max(1, across * SIZE[1] // SIZE[0])
        noise = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        spread = noise.resize(SIZE, Image.Resampling.BICUBIC).point(
            lambda value, by=strength: 128 + (value - 128) * by // 128
        )
        grey = ImageChops.add(grey, spread, offset=-128)
    return ImageOps.colorize(grey, _colour(rng, 0, 110), _colour(rng, 140, 256))


def _shape(rng: random.Random, draw: ImageDraw.ImageDraw) -> None:
    x, y = rng.randrange(SIZE[0]), rng.randrange(SIZE[1])
    reach = rng.randrange(10, 110)
    kind = rng.random()
    if kind < 0.35:
        points = [(x + rng.randrange(-reach, reach), y + rng.randrange(-reach, reach)) for _ in range(4)]
        draw.polygon(points, fill=_colour(rng), outline=_colour(rng))
    elif kind < 0.6:
        draw.ellipse((x - reach // 2, y - reach // 3, x + reach // 2, y + reach // 3), fill=_colour(rng))
    elif kind < 0.8:
        draw.line((x, y, x + reach, y + rng.randrange(-reach, reach)), fill=_colour(rng), width=5)
    else:
        for column in range(4):  # windows, say
            left = x + column * reach // 4
            draw.rectangle((left, y, left + reach // 6, y + reach // 4), fill=_colour(rng))


def _colour(rng: random.Random, least: int = 0, most: int = 256) -> tuple[int, int, int]:
    return rng.randrange(least, most), rng.randrange(least, most), rng.randrange(least, most)
