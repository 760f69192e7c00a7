"""What files are read, and what each kind of bad one is told."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.pictures.decoding import WORKING_SIDE, Limits, decode
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

RAMP = np.tile(np.arange(0, 256, 2, dtype=np.uint8), (96, 1))
"""128 x 96, from black on the left to white on the right."""


def ramp(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(RAMP).convert(mode)


def file_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + b"".join(chunks) + png_chunk(b"IEND", b"")


JPEG = file_of(ramp(), "JPEG")
PNG = file_of(ramp(), "PNG")
WEBP = file_of(ramp(), "WEBP")
GIF = file_of(ramp(), "GIF")
HEIC = file_of(ramp(), "HEIF", quality=90)
APNG = file_of(ramp(), "PNG", save_all=True, append_images=[ramp().rotate(9), ramp().rotate(99)])
MOVING = file_of(ramp(), "WEBP", save_all=True, append_images=[ramp().rotate(9), ramp().rotate(99)])
MOVING_GIF = file_of(ramp(), "GIF", save_all=True, append_images=[ramp().rotate(9), ramp().rotate(99)])


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose head says so."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


def heic_of(width: int, height: int) -> bytes:
    """A HEIC whose head says so."""
    at = HEIC.index(b"ispe") + 8
    return HEIC[:at] + struct.pack(">II", width, height) + HEIC[at + 8 :]


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "one byte": (b"\xff", "unknown_format"),
    "words": (b"this is no picture", "unknown_format"),
    "HTML": (b"<!doctype html><html><body><img src=x onerror=alert(1)></body></html>", "unknown_format"),
    "SVG, which would have scripts and references": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "unknown_format",
    ),
    "PDF": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "unknown_format"),
    "EPS, which would be a program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unknown_format"),
    "TIFF of two pages": (
        file_of(ramp(), "TIFF", save_all=True, append_images=[ramp()]), "unknown_format",
    ),
    "BMP": (file_of(ramp(), "BMP"), "unknown_format"),
    "ICO": (file_of(ramp(), "ICO"), "unknown_format"),
    "ZIP": (b"PK\x03\x04" + bytes(60), "unknown_format"),
    "zeros": (bytes(4_096), "unknown_format"),
    "JPEG's first bytes alone": (b"\xff\xd8\xff", "malformed"),
    "JPEG cut in its head": (JPEG[:40], "malformed"),
    "JPEG cut in its middle": (JPEG[: len(JPEG) - 60], "malformed"),
    "PNG's first bytes alone": (PNG[:8], "malformed"),
    "PNG cut in its middle": (PNG[: len(PNG) // 2], "malformed"),
    "PNG without data": (png(64, 64), "malformed"),
    "PNG of a depth that there is not": (png(64, 64, depth=3), "malformed"),
    "PNG with data of nonsense": (png(64, 64, png_chunk(b"IDAT", b"nonsense")), "malformed"),
    "PNG with too little data": (png(64, 64, png_chunk(b"IDAT", zlib.compress(bytes(99)))), "malformed"),
    "PNG bomb: a large picture of few bytes": (
        png(40_000, 40_000, png_chunk(b"IDAT", zlib.compress(bytes(9_999)))), "too_many_pixels",
    ),
    "PNG of the most that can be announced": (png(2**31 - 1, 2**31 - 1), "too_many_pixels"),
    "PNG with a text that unpacks to 100 MB": (
        png(64, 64, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000), 1))), "malformed",
    ),
    "PNG of no width": (png(0, 64), "malformed"),
    "WebP cut": (WEBP[: len(WEBP) // 2], "malformed"),
    "WebP of nonsense": (b"RIFF\x40\0\0\0WEBPVP8 " + bytes(64), "malformed"),
    "GIF cut": (GIF[: len(GIF) // 2], "malformed"),
    "GIF that announces 65,535 x 65,535": (b"GIF89a\xff\xff\xff\xff\0\0\0;", "malformed"),
    "JPEG that announces 65,500 x 65,500": (jpeg_of(65_500, 65_500), "too_many_pixels"),
    "JPEG of no height": (jpeg_of(128, 0), "malformed"),
    "JPEG of CMYK, cut": (file_of(ramp("CMYK"), "JPEG")[:-200], "malformed"),
    "progressive JPEG, cut": (file_of(ramp(), "JPEG", progressive=True)[:-200], "malformed"),
    "PNG of 16 bits, cut": (
        file_of(Image.fromarray(RAMP.astype(np.uint16) * 257), "PNG")[:-60], "malformed",
    ),
    "PNG with alpha, cut": (file_of(ramp("RGBA"), "PNG")[:-60], "malformed"),
    "PNG that moves, cut in its second frame": (APNG[: len(APNG) * 5 // 10], "malformed"),
    "PNG that announces more frames than it has": (APNG[: APNG.index(b"fdAT") - 4], "malformed"),
    "WebP that moves, cut in its second frame": (MOVING[: len(MOVING) * 5 // 10], "malformed"),
    "WebP that announces 16,383 x 16,383": (
        b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xfe\xbf\xff\x0f" + bytes(9), "too_many_pixels",
    ),
    "GIF that moves, cut in its second frame": (MOVING_GIF[: len(MOVING_GIF) * 5 // 10], "malformed"),
    "HEIC's first bytes alone": (HEIC[:20], "malformed"),
    "HEIC cut in its head": (HEIC[:120], "malformed"),
    "HEIC cut in its middle": (HEIC[: len(HEIC) - 40], "malformed"),
    "HEIC whose head is nonsense": (HEIC[:48] + bytes(len(HEIC) - 48), "malformed"),
    "HEIC whose picture is nonsense": (HEIC[:-300] + b"\x5a" * 300, "malformed"),
    "HEIC that announces 40,000 x 40,000": (heic_of(40_000, 40_000), "too_many_pixels"),
    "HEIC that announces another size than it has": (heic_of(1_280, 960), "malformed"),
    "HEIC of 40 x 8": (file_of(ramp().resize((40, 8)), "HEIF"), "too_small"),
    "AVIF": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(200), "unknown_format"),
    "AVIF that says it is HEIC": (b"\0\0\0\x1cftypheic\0\0\0\0avifmif1miaf" + bytes(200), "malformed"),
    "MP4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(200), "unknown_format"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), "unknown_format"),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), "unknown_format"),
    "Photoshop's": (b"8BPS\0\1" + bytes(60), "unknown_format"),
    "1 x 1": (file_of(ramp().resize((1, 1)), "PNG"), "too_small"),
    "30,000 x 1": (file_of(Image.new("L", (30_000, 1)), "PNG"), "too_small"),
    "16,000 x 20": (file_of(Image.new("L", (16_000, 20)), "PNG"), "too_narrow"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_file_is_refused_with_its_reason(name: str) -> None:
    data, code = HOSTILE[name]
    with pytest.raises(Unusable) as caught:
        decode(data)
    assert (caught.value.code, bool(caught.value.reason)) == (code, True)


def test_more_bytes_than_allowed_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(Unusable) as caught:
        decode(JPEG, Limits(data_bytes=len(JPEG) - 1))
    assert caught.value.code == "too_large"


GOOD: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: JPEG,
    "progressive JPEG": lambda: file_of(ramp(), "JPEG", progressive=True),
    "JPEG of CMYK": lambda: file_of(ramp("CMYK"), "JPEG"),
    "JPEG of grey": lambda: file_of(ramp("L"), "JPEG"),
    "PNG": lambda: PNG,
    "PNG with a palette": lambda: file_of(ramp("P"), "PNG"),
    "PNG of 16 bits": lambda: file_of(Image.fromarray(RAMP.astype(np.uint16) * 257), "PNG"),
    "PNG with alpha": lambda: file_of(ramp("RGBA"), "PNG"),
    "PNG of grey with alpha": lambda: file_of(ramp("LA"), "PNG"),
    "WebP": lambda: WEBP,
    "WebP without loss": lambda: file_of(ramp(), "WEBP", lossless=True),
    "GIF": lambda: GIF,
    "HEIC": lambda: HEIC,
    "HEIC of grey": lambda: file_of(ramp("L"), "HEIF", quality=90),
    "HEIC with alpha": lambda: file_of(ramp("RGBA"), "HEIF", quality=90),
    "HEIC of 10 bits": lambda: file_of(Image.fromarray(RAMP.astype(np.uint16) * 257), "HEIF", quality=90),
    "HEIC of several pictures": lambda: file_of(
        ramp(), "HEIF", quality=90, save_all=True, append_images=[ramp().rotate(180)]
    ),
    "HEIC that goes on as HTML": lambda: HEIC + b"<script>alert(1)</script>",
    "JPEG that goes on as a ZIP": lambda: JPEG + b"PK\x03\x04" + bytes(64),
    "PNG that goes on as HTML": lambda: PNG + b"<script>alert(1)</script>",
    "JPEG with EXIF of nonsense": lambda: file_of(ramp(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    "JPEG with an ICC profile of nonsense": lambda: file_of(ramp(), "JPEG", icc_profile=b"nonsense"),
}


@pytest.mark.parametrize("name", GOOD)
def test_each_kind_of_file_gives_the_same_grey_picture(name: str) -> None:
    decoded = decode(GOOD[name]())
    assert (decoded.width, decoded.height, decoded.frames) == (128, 96, 1)
    assert np.abs(decoded.grey.astype(int) - RAMP).mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "HEIF"])
def test_a_turned_camera_gives_an_upright_picture(orientation: int, kind: str) -> None:
    back: dict[int, Image.Transpose] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = ramp() if orientation == 1 else ramp().transpose(back[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "HEIF":
        stored.info["exif"] = exif.tobytes()  # of which a box is made that says the same
        data = file_of(stored, kind, quality=95)
    else:
        data = file_of(stored, kind, exif=exif, quality=95)
    decoded = decode(data)
    assert (decoded.width, decoded.height) == (128, 96)
    assert np.abs(decoded.grey.astype(int) - RAMP).mean() < 4


def test_a_heic_is_turned_by_its_own_box_and_not_by_its_exif() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode(file_of(ramp(), "HEIF", exif=exif, quality=95))
    assert (decoded.width, decoded.height) == (128, 96)
    assert np.abs(decoded.grey.astype(int) - RAMP).mean() < 4


def test_a_picture_that_white_would_hide_is_put_on_black() -> None:
    image = Image.new("RGBA", (128, 96), (255, 255, 255, 0))
    image.putalpha(Image.fromarray(RAMP))
    assert decode(file_of(image, "PNG")).grey.std() > 50


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_known_by_the_frame_that_shows_most(kind: str) -> None:
    blank = Image.new("RGB", (128, 96), "black")
    data = file_of(blank, kind, save_all=True, append_images=[ramp(), ramp(), ramp()], duration=100)
    decoded = decode(data)
    assert decoded.frames >= 2
    assert np.abs(decoded.grey.astype(int) - RAMP).mean() < 8


def test_a_large_picture_is_made_smaller() -> None:
    decoded = decode(file_of(ramp().resize((4_000, 3_000)), "JPEG"))
    assert (decoded.width, decoded.height) == (4_000, 3_000)
    assert max(decoded.grey.shape) == WORKING_SIDE


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from((JPEG, PNG, WEBP, GIF, HEIC))))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode(bytes(damaged))
    except Unusable:
        return
    assert max(decoded.grey.shape) <= WORKING_SIDE
