"""Event ids: `msg_<seconds>_<suffix>`, unique per event and the same on every delivery of it.

Random ones for events that start something; derived ones for events that follow from a record, so
that applying it again gives the same ids.
"""

import base64
import hashlib
import os
import time


def new_id() -> str:
    """A fresh id: the present second and 80 random bits."""
    return _format(time.time_ns() // 1_000_000_000, os.urandom(10))


def derived_id(topic: str, partition: int, offset: int, timestamp_ms: int, index: int) -> str:
    """The id of the `index`th event that follows from the record at this position.

    The record's timestamp takes part, so that a topic which was deleted and created anew, and starts
    again at offset 0, does not repeat ids.
    """
    origin = f"{topic}/{partition}/{offset}/{timestamp_ms}/{index}".encode()
    return _format(timestamp_ms // 1000, hashlib.blake2b(origin, digest_size=10).digest())


def _format(seconds: int, suffix: bytes) -> str:
    return f"msg_{seconds}_{base64.b32encode(suffix).decode().lower()}"
