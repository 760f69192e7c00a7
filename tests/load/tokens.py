"""What generator and servers agree on: the secret, a user's token; and how each keeps to its core."""

import os
import time
from typing import Final

import jwt

SECRET: Final = "a secret of benchmarks, on loopback only"


def token(user_id: int) -> str:
    """A token of the benchmarks."""
    claims = {"sub": str(user_id), "exp": int(time.time()) + 36_000}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def pin(core: int) -> None:
    """Stay on one core, if the machine has it."""
    if hasattr(os, "sched_setaffinity") and core < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {core})
