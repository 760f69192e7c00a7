"""All that is kept of a picture: its hashes and its local features, never the picture.

Owns the form in which a fingerprint is stored and sent: version 1 is little-endian, 8 bytes a hash, then 40
bytes a feature (its place in 4 x 16 bits, its code). What has another version or length raises ValueError.
"""

from __future__ import annotations

import math
import struct
from typing import Final, NamedTuple

import numpy as np

from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.pictures import features, hashes
from autodmca_ai_detection.pictures.decoding import Decoded
from autodmca_ai_detection.pictures.features import CODE_BYTES, Features
from autodmca_ai_detection.pictures.hashes import VERSIONS, Hashes

VERSION: Final = 1
LEAST_FEATURES: Final = 8
_HEAD: Final = struct.Struct("<BHff")
_PLACE_MOST: Final = np.array([1.0, 1.0, 1.0, 2 * math.pi])
_STEPS: Final = 65_535


class Fingerprint(NamedTuple):
    """`hashes`: of the eight turned and mirrored versions, the upright one first."""

    hashes: tuple[Hashes, ...]
    features: Features


def of_reference(picture: Decoded) -> Fingerprint:
    """To be kept. Raises Unusable for a picture in which there is too little to be found again."""
    return _made(picture, features.REFERENCE_FEATURES)


def of_query(picture: Decoded) -> Fingerprint:
    """To be looked for; it may show a reference small among other things. Raises Unusable."""
    return _made(picture, features.QUERY_FEATURES)


def _made(picture: Decoded, most: int) -> Fingerprint:
    found = features.extract(picture.grey, most)
    if len(found.codes) < LEAST_FEATURES:
        raise Unusable("featureless", "it shows nothing that could be told from other pictures")
    return Fingerprint(hashes.versions(picture.grey), found)


def dump(fingerprint: Fingerprint) -> bytes:
    """The fingerprint as it is stored, about 16 kB for a reference."""
    found = fingerprint.features
    places = np.rint(np.clip(found.places / _PLACE_MOST, 0, 1) * _STEPS).astype("<u2")
    return b"".join(
        (
            _HEAD.pack(VERSION, len(found.codes), found.width, found.height),
            np.array(fingerprint.hashes, dtype="<u8").tobytes(),
            places.tobytes(),
            found.codes.tobytes(),
        )
    )


def load(data: bytes) -> Fingerprint:
    """What `dump` wrote. Raises ValueError."""
    if len(data) < _HEAD.size or data[0] != VERSION:
        raise ValueError(f"no fingerprint of version {VERSION}")
    _, count, width, height = _HEAD.unpack_from(data)
    first = _HEAD.size
    places = first + VERSIONS * 16
    codes = places + count * 8
    if len(data) != codes + count * CODE_BYTES:
        raise ValueError(f"a fingerprint of {count} features has {codes + count * CODE_BYTES} bytes")
    numbers = np.frombuffer(data, "<u8", VERSIONS * 2, first).reshape(-1, 2)
    steps = np.frombuffer(data, "<u2", count * 4, places).reshape(-1, 4)
    return Fingerprint(
        tuple(Hashes(int(phash), int(dhash)) for phash, dhash in numbers),
        Features(
            (steps / _STEPS * _PLACE_MOST).astype(np.float32),
            np.frombuffer(data, np.uint8, count * CODE_BYTES, codes).reshape(-1, CODE_BYTES).copy(),
            width,
            height,
        ),
    )
