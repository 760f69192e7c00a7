"""A file's bytes to the grey picture that fingerprints are made of, under limits.

Owns which formats are read (by their content: what a sender calls them counts for nothing), the limits of
bytes and pixels, and what stands for a picture that has frames, transparency or a turned camera. Decodes
nothing before its announced size is known to be allowed. Fails with Unusable.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from autodmca_ai_detection.errors import Unusable

Grey = npt.NDArray[np.uint8]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "HEIF")
WORKING_SIDE: Final = 512
"""Pixels of the longer side that fingerprints are made at; a smaller picture stays as it is."""
LEAST_SIDE: Final = 16
MOST_NARROW: Final = 16
"""The longer side is at most so many times the shorter one."""
MOST_FRAMES: Final = 5
_MOST_SEEKS: Final = 60
_FLAT: Final = 2.0
"""Standard deviation of grey values below which a frame shows nothing."""
_BEGINS: Final = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|....ftyp(?:hei|hev|mif1|msf1)", re.DOTALL
)
_PILLOW_FAILS: Final = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError,
    AttributeError, RuntimeError, struct.error, zlib.error, ZeroDivisionError,
)  # fmt: skip
"""What Pillow raises for damaged files, beside what its documents name."""


# A HEIC's small picture may show anything: its large one is decoded, in this thread.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


class Limits(NamedTuple):
    """What a picture may be."""

    data_bytes: int = 25 * 1024 * 1024
    pixels: int = 50_000_000
    """Of one frame."""
    all_pixels: int = 400_000_000
    """Of all frames that are decoded to get at those that are looked at."""


class Decoded(NamedTuple):
    """`grey`: height x width, at most WORKING_SIDE. The size is that of the file's picture, upright."""

    grey: Grey
    format: str
    width: int
    height: int
    frames: int


def decode(data: bytes | memoryview, limits: Limits | None = None) -> Decoded:
    """Read a picture; of an animated one, the most detailed of a few frames. Raises Unusable."""
    limits = limits or Limits()
    if not len(data):
        raise Unusable("empty", "there is no byte in it")
    if len(data) > limits.data_bytes:
        raise Unusable("too_large", f"{len(data):,} bytes; {limits.data_bytes:,} are allowed")
    with warnings.catch_warnings():
        # The size is checked here, below; other warnings are of metadata that nothing here relies on.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise Unusable("too_many_pixels", f"{limits.pixels:,} pixels are allowed") from error
        except UnidentifiedImageError as error:
            if _BEGINS.match(data):
                raise Unusable("malformed", "its head cannot be read") from error
            raise Unusable("unknown_format", "neither JPEG, PNG, WebP, GIF nor HEIC") from error
        except _PILLOW_FAILS as error:
            raise Unusable(
                "malformed", f"its head cannot be read: {' '.join(str(error).split())}"[:200]
            ) from error
        with image:
            return _decoded(image, limits)


def _decoded(image: Image.Image, limits: Limits) -> Decoded:
    width, height = image.size
    if width * height > limits.pixels:
        raise Unusable("too_many_pixels", f"{width} x {height} pixels; {limits.pixels:,} in all are allowed")
    short, long = sorted((width, height))
    if short < LEAST_SIDE:
        raise Unusable("too_small", f"{width} x {height} pixels; each side needs {LEAST_SIDE}")
    if long > MOST_NARROW * short:
        raise Unusable(
            "too_narrow", f"{width} x {height} pixels: one side over {MOST_NARROW} times the other"
        )
    name = "JPEG" if image.format == "MPO" else str(image.format)
    try:
        # What a JPEG or HEIC has beside its picture are parts and sizes of it, or others that are not shown.
        frames = 1 if name in ("JPEG", "HEIF") else int(getattr(image, "n_frames", 1))
        if frames == 1:
            image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
            grey, turned = _grey(image)
            size = (height, width) if turned else (width, height)
            return Decoded(grey, name, *size, 1)
        return Decoded(_best_frame(image, frames, limits), name, width, height, frames)
    except Image.DecompressionBombError as error:
        raise Unusable("too_many_pixels", f"{limits.pixels:,} pixels are allowed") from error
    except _PILLOW_FAILS as error:
        raise Unusable(
            "malformed", f"it is damaged or ends too early: {' '.join(str(error).split())}"[:200]
        ) from error


def _best_frame(image: Image.Image, frames: int, limits: Limits) -> Grey:
    """The frame with the most contrast among a few that are spread over all that may be decoded."""
    reachable = min(frames, _MOST_SEEKS, max(1, limits.all_pixels // (image.width * image.height)))
    wanted = sorted({reachable * n // MOST_FRAMES for n in range(MOST_FRAMES)})
    found: list[Grey] = []
    for n in wanted:
        image.seek(n)
        found.append(_grey(image.copy())[0])
    return max(found, key=lambda grey: float(grey.std()))


def _grey(image: Image.Image) -> tuple[Grey, bool]:
    """Upright, without transparency, of working size; and whether it was turned by a quarter."""
    announced = image.size
    image.load()
    if image.size != announced:
        raise ValueError(f"{announced} pixels were announced, and {image.size} are there")
    orientation = _orientation(image)
    if image.mode.startswith("I"):  # 16 bits of grey
        values: npt.NDArray[Any] = np.asarray(image, dtype=np.float64)
        image = Image.fromarray((values / max(256.0, (values.max() + 1) / 256)).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = _over(image.convert("RGBA"))
    if image.mode != "L":
        image = image.convert("L") if image.mode in ("RGB", "1", "P") else image.convert("RGB").convert("L")
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if orientation != 1:
        image = ImageOps.exif_transpose(_with(image, orientation))
    return np.ascontiguousarray(np.asarray(image, dtype=np.uint8)), orientation >= 5


def _over(image: Image.Image) -> Image.Image:
    """On white, as pages show it; on black where white would show nothing."""
    for colour in ("white", "black"):
        under = Image.new("RGBA", image.size, colour)
        under.alpha_composite(image)
        shown = under.convert("L")
        if np.asarray(shown).std() > _FLAT:
            break
    return shown


def _orientation(image: Image.Image) -> int:
    """EXIF's tag 0x0112: 1 to 8; 1 where there is none, or none that makes sense."""
    try:
        value = image.getexif().get(0x0112, 1)
    except _PILLOW_FAILS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _with(image: Image.Image, orientation: int) -> Image.Image:
    bare = Image.fromarray(np.asarray(image))
    bare.getexif()[0x0112] = orientation
    return bare
