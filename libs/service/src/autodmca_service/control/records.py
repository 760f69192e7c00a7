"""The records of `edge-control` that every process reads: revocations; and the form that all of them have.

Owns that form: each is a tagged JSON object with the tag in a header too, so that a reader of some kinds need
not decode the others. Owns the keys of revocations as well; the topic keeps the newest record of each key.
What edge nodes ask of each other is defined in the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from autodmca_runtime import LONGEST_TOKEN_ID
from msgspec import Meta

from autodmca_service.control.revocations import Revoked, TokenId

KIND: Final = "kind"
DIGEST: Final = r"^[0-9a-f]{64}\Z"
LARGEST_USER_ID: Final = 2**53 - 1
UserId = Annotated[int, Meta(gt=0, le=LARGEST_USER_ID)]
_REVOKED_USER: Final = "revoked-user:"
_REVOKED_TOKEN: Final = "revoked-token:"  # noqa: S105 - a key
_REVOKED_JTI: Final = "revoked-jti:"


class Unknown(Exception):
    """A record that this program cannot read."""


class Misplaced(Unknown):
    """A record under another's key, whose place in the log it would take."""


class ControlRecord(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field=KIND, omit_defaults=True
):
    """Anything that is said."""

    @property
    def key(self) -> str:
        """The record's: of those with one key the newest is kept for long."""
        raise NotImplementedError

    @property
    def once(self) -> str:
        """The key under which nodes wrote it before keys had prefixes: it is read under both."""
        raise NotImplementedError


class Revoke(ControlRecord, frozen=True, kw_only=True, tag="revoke"):
    """Cut off a user, or a token by the SHA-256 of it in hexadecimal or by its `jti`, until then; the past
    lifts it."""

    user_id: UserId | None = None
    token_digest: Annotated[str, Meta(pattern=DIGEST)] | None = None
    jti: Annotated[str, Meta(min_length=1, max_length=LONGEST_TOKEN_ID)] | None = None
    until_ms: int

    def __post_init__(self) -> None:
        if [self.user_id, self.token_digest, self.jti].count(None) != 2:
            raise ValueError("a revocation is of a user, of a token or of a jti")

    @classmethod
    def of(cls, revoked: Revoked, until_ms: int) -> Revoke:
        """The record that says so."""
        match revoked:
            case int():
                return cls(user_id=revoked, until_ms=until_ms)
            case TokenId(jti):
                return cls(jti=jti, until_ms=until_ms)
            case _:
                return cls(token_digest=revoked, until_ms=until_ms)

    @property
    def revoked(self) -> Revoked:
        """Who or what is."""
        if self.user_id is not None:
            return self.user_id
        return TokenId(self.jti) if self.jti is not None else self.token_digest or ""

    @property
    def key(self) -> str:
        return of_revocation(self.revoked)

    @property
    def once(self) -> str:
        return once_of_revocation(self.revoked)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Revoke).decode


def of_revocation(revoked: Revoked) -> str:
    """The key that a user or a token is cut off under, or is so no more."""
    match revoked:
        case int():
            return f"{_REVOKED_USER}{revoked}"
        case TokenId(jti):
            return _REVOKED_JTI + jti
        case digest:
            return _REVOKED_TOKEN + digest


def once_of_revocation(revoked: Revoked) -> str:
    """The same before there were prefixes."""
    return f"revoked jti {revoked.jti}" if isinstance(revoked, TokenId) else f"revoked {revoked}"


def is_revocation(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Whether a record with these headers is one, before it is decoded."""
    return any(name == KIND and value == b"revoke" for name, value in headers)


def encode(record: ControlRecord) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A record's value and its headers."""
    return _encode(record), [(KIND, str(record.__struct_config__.tag).encode())]


def decode_revocation(key: bytes | None, value: bytes | None) -> Revoke:
    """The revocation in a record that is one. Raises Unknown, Misplaced."""
    try:
        known = _decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Unknown(str(fault)) from None
    in_its_place(key, known)
    return known


def in_its_place(key: bytes | None, record: ControlRecord) -> None:
    """Raises Misplaced for a record under a key that is not its own."""
    if key not in {record.key.encode(), record.once.encode()}:
        raise Misplaced("the record is under a key that is not its own")
