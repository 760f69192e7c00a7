"""What people do to pictures before they post them again: each kind is a function of a picture and a seed."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Edit = Callable[[Image.Image, random.Random], Image.Image]

WORDS: Final = (
    "when",
    "the",
    "build",
    "is",
    "green",
    "but",
    "nobody",
    "wrote",
    "a",
    "test",
    "so",
    "we",
    "ship",
    "it",
)


def jpeg(picture: Image.Image, rng: random.Random) -> Image.Image:
    return again(picture, rng.choice((10, 20, 30, 50, 70, 90)))


def again(picture: Image.Image, quality: int) -> Image.Image:
    """The picture as JPEG gives it back."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def resize(picture: Image.Image, rng: random.Random) -> Image.Image:
    side = round(64 * (2000 / 64) ** rng.random())
    factor = side / max(picture.size)
    return picture.resize((max(16, round(picture.width * factor)), max(16, round(picture.height * factor))))


def crop(picture: Image.Image, rng: random.Random) -> Image.Image:
    kept = rng.uniform(0.3, 0.9)
    aspect = rng.uniform(max(kept, 0.75), 1 / max(kept, 0.75))
    width = min(1.0, math.sqrt(kept * aspect))
    height = kept / width
    x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - min(1, height))
    w, h = picture.size
    return picture.crop((round(x * w), round(y * h), round((x + width) * w), round((y + height) * h)))


def border(picture: Image.Image, rng: random.Random) -> Image.Image:
    fill = tuple(rng.choice(((0, 0, 0), (255, 255, 255), (rng.randrange(256), 90, 160))))
    if rng.random() < 0.5:
        width = round(max(picture.size) * rng.uniform(0.03, 0.25))
        return ImageOps.expand(picture, width, fill)
    target = rng.choice((16 / 9, 9 / 16, 1.0, 2.2))
    w, h = picture.size
    size = (max(w, round(h * target)), max(h, round(w / target)))
    canvas = Image.new("RGB", size, fill)
    canvas.paste(picture, ((size[0] - w) // 2, (size[1] - h) // 2))
    return canvas


def overlay(picture: Image.Image, rng: random.Random) -> Image.Image:
    made = picture.copy()
    draw = ImageDraw.Draw(made)
    w, h = made.size
    part = rng.uniform(0.05, 0.25)
    colour = tuple(rng.randrange(256) for _ in range(3))
    if rng.random() < 0.5:
        height = round(h * part)
        top = rng.choice((0, h - height, rng.randrange(h - height)))
        draw.rectangle((0, top, w, top + height), fill=colour)
        _write(draw, (w * 0.05, top + height * 0.2), height * 0.5, _words(rng, 4))
    else:
        side = math.sqrt(part)
        x, y = rng.uniform(0, 1 - side) * w, rng.uniform(0, 1 - side) * h
        draw.ellipse((x, y, x + side * w, y + side * h), fill=colour)
        _write(draw, (x + side * w * 0.25, y + side * h * 0.35), side * h * 0.25, "LOGO")
    return made


def picture_in_picture(picture: Image.Image, rng: random.Random) -> Image.Image:
    canvas = background(rng, (1000, 700))
    factor = rng.uniform(0.4, 0.75) * min(1000 / picture.width, 700 / picture.height)
    small = picture.resize((round(picture.width * factor), round(picture.height * factor)))
    canvas.paste(small, (rng.randrange(1000 - small.width), rng.randrange(700 - small.height)))
    return canvas


def rotate(picture: Image.Image, rng: random.Random) -> Image.Image:
    return picture.rotate(
        rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=rng.random() < 0.6, fillcolor=(20, 20, 20)
    )


def mirror(picture: Image.Image, rng: random.Random) -> Image.Image:
    return ImageOps.mirror(picture) if rng.random() < 0.7 else ImageOps.flip(picture)


def perspective(picture: Image.Image, rng: random.Random) -> Image.Image:
    w, h = picture.size
    corners = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    moved = corners + np.array(
        [(rng.uniform(-0.15, 0.15) * w, rng.uniform(-0.15, 0.15) * h) for _ in range(4)], np.float32
    )
    moved -= moved.min(axis=0)
    size = moved.max(axis=0).astype(int)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return Image.fromarray(cv2.warpPerspective(np.asarray(picture), matrix, (int(size[0]), int(size[1]))))


def screenshot(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Of a post, as a telephone shows it."""
    width = 540
    shown = picture.resize((width, max(60, round(picture.height * width / picture.width))))
    shown = shown.crop((0, 0, width, min(shown.height, 800)))
    canvas = Image.new("RGB", (width, 1100), "white" if rng.random() < 0.6 else (18, 18, 20))
    draw = ImageDraw.Draw(canvas)
    ink = (140, 140, 140)
    draw.ellipse((16, 70, 60, 114), fill=ink)
    _write(draw, (72, 74), 18, "some.account - Follow", ink)
    _write(draw, (20, 20), 16, "9:41                      5G 87%", ink)
    canvas.paste(shown, (0, 130))
    for n in range(3):
        draw.ellipse((20 + 50 * n, 145 + shown.height, 48 + 50 * n, 173 + shown.height), outline=ink, width=3)
    _write(draw, (20, 190 + shown.height), 18, f"{rng.randrange(9000)} likes  " + _words(rng, 6), ink)
    return again(canvas, 80)


def blur(picture: Image.Image, rng: random.Random) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 640 * rng.uniform(1, 4)))


def noise(picture: Image.Image, rng: random.Random) -> Image.Image:
    grains = np.random.default_rng(rng.randrange(2**32)).normal(
        0, rng.uniform(8, 35), (*picture.size[::-1], 3)
    )
    return Image.fromarray(np.clip(np.asarray(picture) + grains, 0, 255).astype(np.uint8))


def colour(picture: Image.Image, rng: random.Random) -> Image.Image:
    picture = ImageEnhance.Color(picture).enhance(rng.uniform(0.2, 2.2))
    picture = ImageEnhance.Contrast(picture).enhance(rng.uniform(0.5, 1.8))
    return ImageEnhance.Brightness(picture).enhance(rng.uniform(0.6, 1.5))


def grey(picture: Image.Image, _rng: random.Random) -> Image.Image:
    return picture.convert("L").convert("RGB")


def meme(picture: Image.Image, rng: random.Random) -> Image.Image:
    made = picture.copy()
    draw = ImageDraw.Draw(made)
    size = made.width / 12
    for y in (made.height * 0.03, made.height * 0.97 - size):
        _write(draw, (made.width * 0.05, y), size, _words(rng, 4).upper(), "white", stroke=2)
    return made


def collage(picture: Image.Image, rng: random.Random) -> Image.Image:
    canvas = Image.new("RGB", (1200, 900), "white")
    place = rng.randrange(4)
    for n in range(4):
        tile = picture if n == place else background(rng, (600, 450))
        canvas.paste(ImageOps.fit(tile, (594, 444)), (n % 2 * 600 + 3, n // 2 * 450 + 3))
    return canvas


KINDS: Final[dict[str, Edit]] = {
    "JPEG 10-90": jpeg,
    "resized 64-2000": resize,
    "cropped to 30-90 %": crop,
    "border, letterbox": border,
    "banner, logo to 25 %": overlay,
    "picture in picture": picture_in_picture,
    "rotated": rotate,
    "mirrored": mirror,
    "perspective": perspective,
    "screenshot": screenshot,
    "blur": blur,
    "noise": noise,
    "colour, contrast": colour,
    "grey": grey,
    "meme": meme,
    "collage of four": collage,
}


def chain(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Three different kinds, one after the other."""
    for kind in rng.sample(sorted(KINDS), 3):
        picture = KINDS[kind](picture, rng)
    return picture


EDITS: Final[dict[str, Edit]] = {**KINDS, "chain of three": chain}

BACKGROUNDS: list[Image.Image] = []
"""Pictures of no reference, for what an edit needs beside; its caller fills it."""


def background(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """Some other picture, or a plain colour where there is none."""
    if not BACKGROUNDS:
        return Image.new("RGB", size, tuple(rng.randrange(256) for _ in range(3)))
    return ImageOps.fit(rng.choice(BACKGROUNDS), size)


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(count))


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    size: float,
    text: str,
    fill: str | tuple[int, ...] = "white",
    *,
    stroke: int = 0,
) -> None:
    font = ImageFont.load_default(max(8, round(size)))
    draw.text(place, text, fill=fill, font=font, stroke_width=stroke, stroke_fill="black")
