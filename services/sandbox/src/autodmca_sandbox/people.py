"""The people of the story: who writes templates, who reviews them, and the tokens they carry.

Tokens are made here from the development secret, as an identity provider would make them; they are
renewed well before they expire. Nothing here talks to anybody.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import jwt

TOKEN_LIFETIME_S = 3600


class Person(NamedTuple):
    """Somebody with an account. `roles` are the claims the token carries."""

    name: str
    user_id: int
    roles: tuple[str, ...] = ()


AUTHORS = (
    Person("Ada Okafor", 12345),
    Person("Jonas Lindqvist", 12346),
    Person("Mireille Tan", 12347),
)
REVIEWERS = (
    Person("Ruth Feldman", 900, ("reviewer",)),
    Person("Tomasz Wrona", 901, ("reviewer",)),
)

OPERATOR = Person("Noor Haddad", 1, ("admin",))
"""Sees everybody's events, and the figures of nodes."""


def token_for(
    person: Person, secret: str, *, now_s: float | None = None, lifetime_s: int = TOKEN_LIFETIME_S
) -> str:
    """A token of `person` that is valid from `now_s` (default: now) for `lifetime_s` seconds."""
    issued = int(time.time() if now_s is None else now_s)
    claims = {
        "sub": str(person.user_id),
        "roles": list(person.roles),
        "name": person.name,
        "iat": issued,
        "exp": issued + lifetime_s,
    }
    return jwt.encode(claims, secret, algorithm="HS256")
