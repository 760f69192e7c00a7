"""Tokens for development: signed with the secret that the edge was started with.

In production an identity service issues tokens; this is for a person at a terminal, the local run and tests.
Needs the `cli` extra (PyJWT). HS256 wants a secret of 32 bytes (RFC 7518, section 3.2): a shorter one is
refused.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import jwt

SHORTEST_SECRET = 32


def development_token(
    secret: str,
    user_id: int,
    *,
    roles: Iterable[str] = (),
    ttl_s: int = 3600,
    types: Iterable[str] | None = None,
    filters: Mapping[str, Any] | None = None,
    now_s: int | None = None,
) -> str:
    """A token for `user_id` that expires after `ttl_s` seconds.

    `types` and `filters` limit every subscription made with it. Raises ValueError for too short a secret.
    """
    if len(secret.encode()) < SHORTEST_SECRET:
        raise ValueError(f"the secret has {len(secret.encode())} bytes, HS256 needs {SHORTEST_SECRET}")
    now = int(time.time()) if now_s is None else now_s
    claims: dict[str, Any] = {"sub": str(user_id), "roles": list(roles), "iat": now, "exp": now + ttl_s}
    if types is not None:
        claims["types"] = list(types)
    if filters is not None:
        claims["filters"] = dict(filters)
    return jwt.encode(claims, secret, algorithm="HS256")
