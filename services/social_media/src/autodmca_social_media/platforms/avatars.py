"""Avatars fetched from a platform, as perceptual hashes.

Owns the bounds on what a stranger's server sends: bytes, pixels, time; where its address may lead is
`autodmca_service.outside`'s to say. A picture that cannot be had, or is none, has no hash: the comparison
goes on without it. Decoding runs off the event loop.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from typing import Final

import imagehash
from autodmca_service.outside import FetchCode, Fetcher, FetchLimits, Network, NotFetched
from PIL import Image

from autodmca_social_media.metrics import Metrics

LIMITS: Final = FetchLimits(data_bytes=4_000_000, seconds=10.0, redirects=2)
"""For the whole of a picture: a sender that drips is cut off."""
MOST_PIXELS: Final = 16_000_000
_COUNTED: Final[Mapping[FetchCode, str]] = {
    "status": "absent",
    "empty": "absent",
    "too_large": "too large",
    "bad_url": "refused",
    "scheme_refused": "refused",
    "credentials_refused": "refused",
    "port_refused": "refused",
    "address_refused": "refused",
}


def fetcher(allowed: Sequence[Network] = ()) -> Fetcher:
    """Fetches avatars. `allowed`: what they may lead to beside the public Internet."""
    return Fetcher(LIMITS, allowed=allowed)


async def hash_of(fetcher: Fetcher, metrics: Metrics, address: str | None) -> str | None:
    """The 64-bit pHash of the picture at `address` in hexadecimal."""
    if address is None:
        return None
    try:
        content = (await fetcher.fetch(address)).data
    except NotFetched as error:
        metrics.avatar(_COUNTED.get(error.code, "unreachable"))
        return None
    hashed = await asyncio.to_thread(_hashed, content)
    metrics.avatar("unreadable" if hashed is None else "hashed")
    return hashed


def _hashed(content: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "GIF", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            return str(imagehash.phash(image.convert("RGB")))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
