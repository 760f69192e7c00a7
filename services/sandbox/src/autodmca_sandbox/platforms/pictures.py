"""Avatars: a drawing for each seed, and copies of it as impersonators make them, smaller and compressed."""

from __future__ import annotations

import io
import random
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

_SIZE: Final = 192


@lru_cache(maxsize=2_048)
def picture(seed: int, *, copied: bool) -> bytes:
    """A JPEG."""
    rng = random.Random(seed)  # noqa: S311 - a drawing, no secret
    image = Image.new("RGB", (_SIZE, _SIZE), _colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(9):
        box = sorted(rng.randrange(_SIZE) for _ in range(2)), sorted(rng.randrange(_SIZE) for _ in range(2))
        corners = (box[0][0], box[1][0], box[0][1] + 1, box[1][1] + 1)
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(corners, fill=_colour(rng))
    if copied:
        image = image.resize((120, 120))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=60 if copied else 92)
    return content.getvalue()


def _colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)
