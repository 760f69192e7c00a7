"""What people do to a picture before they post it again: an edit by each name. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

Edit = Callable[[Image.Image, random.Random], Image.Image]


def _smaller(image: Image.Image, rng: random.Random) -> Image.Image:
    part = rng.uniform(0.35, 0.8)
    return image.resize((int(image.width * part), int(image.height * part)), Image.Resampling.LANCZOS)


def _cropped(image: Image.Image, rng: random.Random) -> Image.Image:
    width, height = (int(side * rng.uniform(0.65, 0.9)) for side in image.size)
    left, top = rng.randrange(image.width - width + 1), rng.randrange(image.height - height + 1)
    return image.crop((left, top, left + width, top + height))


def _mirrored(image: Image.Image, _rng: random.Random) -> Image.Image:
    return ImageOps.mirror(image)


def _turned(image: Image.Image, rng: random.Random) -> Image.Image:
    angle = rng.choice((-1, 1)) * rng.uniform(4, 25)
    return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def _grey(image: Image.Image, rng: random.Random) -> Image.Image:
    grey = ImageOps.grayscale(image).convert("RGB")
    return ImageEnhance.Contrast(grey).enhance(rng.uniform(0.8, 1.4))


def _captioned(image: Image.Image, rng: random.Random) -> Image.Image:
    """As memes are: words above and below."""
    bar = image.height // 6
    made = Image.new("RGB", (image.width, image.height + 2 * bar), "white")
    made.paste(image, (0, bar))
    draw = ImageDraw.Draw(made)
    font = ImageFont.load_default(bar * 0.5)
    for y, words in ((bar // 5, ("when the code compiles", "nobody:")), (made.height - bar, ("every time",))):
        draw.text((image.width // 10, y), rng.choice(words), fill="black", font=font)
    return made


def _posted(image: Image.Image, rng: random.Random) -> Image.Image:
    """As a screenshot of a post shows it."""
    made = Image.new("RGB", (image.width + 160, image.height + 260), "#f4f5f7")
    draw = ImageDraw.Draw(made)
    draw.ellipse((40, 30, 100, 90), fill=(rng.randrange(200), rng.randrange(200), rng.randrange(200)))
    draw.text((120, 44), "somebody - 2 h", fill="#333", font=ImageFont.load_default(24))
    made.paste(image, (80, 120))
    draw.text((80, made.height - 90), "12 likes   3 replies", fill="#555", font=ImageFont.load_default(22))
    return made


def _logo(image: Image.Image, rng: random.Random) -> Image.Image:
    made = image.copy()
    draw = ImageDraw.Draw(made)
    width, height = image.width // 3, image.height // 8
    left, top = rng.randrange(image.width - width), rng.randrange(image.height - height)
    draw.rectangle((left, top, left + width, top + height), fill="#c2185b")
    draw.text((left + 10, top + 6), "FREE4ALL", fill="white", font=ImageFont.load_default(height * 0.6))
    return made


EDITS: Final[Mapping[str, Edit]] = {
    "smaller": _smaller,
    "cropped": _cropped,
    "mirrored": _mirrored,
    "turned": _turned,
    "grey": _grey,
    "captioned": _captioned,
    "posted": _posted,
    "logo": _logo,
}
