"""The claims of a token: their form, and whether they hold now, here.

Owns `exp nbf iss aud sub roles types filters jti`; other claims are ignored. Knows neither keys nor
signatures: it is given the payload only after the signature was good. Fails with `InvalidToken`, which names
the claim and never quotes it. RFC 7519, section 4.1; `sub`, `roles`, `types` and `filters` as the wire
protocol says.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from ..errors import InvalidToken, TokenExpired

_LARGEST_USER: Final = 2**53 - 1
"""The largest integer that every client can hold: JavaScript's numbers are doubles."""
_LATEST: Final = 253_402_300_799
"""The end of the year 9999, in seconds: no timestamp can say more."""

LONGEST_TOKEN_ID: Final = 256
"""Characters of a `jti` that is kept."""

_Scalar = str | int | float | bool | None
_Operand = _Scalar | list[_Scalar]
Filters = dict[str, Any]


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says. `expires_at` is in seconds since 1970, UTC; `leeway_s` is how many more
    are forgiven.

    `types` and `filters` are limits that the issuer puts on every subscription; None is no limit, an empty
    `types` allows none at all. `token_digest` is the SHA-256 of the token, `token_id` its `jti`, or None
    where that is not of 1 to 256 characters. Shared between all users of one token: do not change `filters`.
    """

    user_id: int
    roles: frozenset[str]
    expires_at: int
    types: tuple[str, ...] | None = None
    filters: Filters | None = None
    token_digest: bytes = b""
    token_id: str | None = None
    leeway_s: int = 0

    @property
    def good_until(self) -> int:
        """From this second on (since 1970, UTC, by the wall clock) the token is not good."""
        return self.expires_at + self.leeway_s


class _Payload(msgspec.Struct, frozen=True):
    """The wire form. A claim that is null is refused: a limit must not vanish by mistake."""

    sub: int | str
    exp: int | float
    nbf: int | float | UnsetType = UNSET
    iss: str | UnsetType = UNSET
    aud: str | list[str] | UnsetType = UNSET
    roles: Any = ()  # rights and no limit: of another shape they give none, and refuse nobody
    types: tuple[str, ...] | UnsetType = UNSET
    filters: dict[str, _Operand | dict[str, _Operand]] | UnsetType = UNSET
    jti: Any = None  # a name and no limit: one that is not as it should be is no reason to refuse


_payload: Final = msgspec.json.Decoder(_Payload).decode


def check_claims(
    payload: bytes, *, now: float, leeway_s: int, issuer: str | None, audience: frozenset[str]
) -> Claims:
    """Read and check the claims at `now` (seconds since 1970).

    Raises TokenExpired, or InvalidToken (`claims`, `not yet valid`, `issuer`, `audience`, `subject`).
    """
    try:
        claims = _payload(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = (
            str(error) if isinstance(error, msgspec.ValidationError) else "not a JSON object as it should be"
        )
        raise InvalidToken("claims", reason) from None
    if not 0 <= claims.exp <= _LATEST:
        raise InvalidToken("claims", "`exp` is no time")
    expires_at = int(claims.exp)
    if now >= expires_at + leeway_s:
        raise TokenExpired(expires_at)
    if claims.nbf is not UNSET and claims.nbf > now + leeway_s:
        raise InvalidToken("not yet valid")
    if issuer is not None and claims.iss != issuer:
        raise InvalidToken("issuer")
    _check_audience(claims.aud, audience)
    return Claims(
        _user_id(claims.sub),
        _roles(claims.roles),
        expires_at,
        None if claims.types is UNSET else claims.types,
        None if claims.filters is UNSET else claims.filters,
        token_id=claims.jti
        if isinstance(claims.jti, str) and 0 < len(claims.jti) <= LONGEST_TOKEN_ID
        else None,
        leeway_s=leeway_s,
    )


def _check_audience(found: str | list[str] | UnsetType, accepted: frozenset[str]) -> None:
    if found is UNSET:
        if accepted:
            raise InvalidToken("audience", "the token names none")
        return
    if not accepted:  # RFC 7519, section 4.1.3: a token for somebody is not for who does not know that name
        raise InvalidToken("audience", "the token names one, and none is configured")
    if accepted.isdisjoint([found] if isinstance(found, str) else found):
        raise InvalidToken("audience")


def _roles(found: Any) -> frozenset[str]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return frozenset()
    return frozenset(found)


def _user_id(subject: int | str) -> int:
    if isinstance(subject, str):
        digits = subject.isascii() and subject.isdecimal() and len(subject) <= 16
        if not digits or (subject[0] == "0"):
            raise InvalidToken("subject", "not a user id in decimal")
        subject = int(subject)
    if not 0 < subject <= _LARGEST_USER:
        raise InvalidToken("subject", "out of range")
    return subject
