"""Tokens that somebody made up: each is refused, for the right reason, and no part of it is repeated."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from autodmca_runtime import InvalidToken, Secret, TokenError, TokenExpired, TokenSettings, TokenVerifier
from hypothesis import given
from hypothesis import strategies as st


def segment(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: bytes | dict[str, Any], payload: bytes | dict[str, Any], key: str | bytes) -> str:
    """A token with a good HMAC, whatever its header and payload are."""
    first = f"{segment(header)}.{segment(payload)}"
    raw = key if isinstance(key, bytes) else key.encode()
    return f"{first}.{segment(hmac.digest(raw, first.encode(), hashlib.sha256))}"


HS256 = {"alg": "HS256", "typ": "JWT"}
GOOD = {"sub": "42", "exp": 4_000_000_000}


@pytest.fixture
def verifier(tmp_path: Path, keys: Any, secret: str) -> TokenVerifier:
    path = tmp_path / "public.pem"
    path.write_bytes(keys.pem("RS256") + keys.pem("ES256"))
    return TokenVerifier(
        TokenSettings(secret=Secret(secret), public_key_file=str(path), issuer="https://id", audience=("us",))
    )


@pytest.fixture
def plain(secret: str) -> TokenVerifier:
    return TokenVerifier(TokenSettings(secret=Secret(secret)))


def reason_of(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for part in token.split("."):
        assert len(part) < 8 or part not in str(caught.value)
    return caught.value.reason


MADE_UP: dict[str, tuple[str, Callable[[Any, str], str]]] = {
    "alg none": ("algorithm not allowed", lambda _k, _s: f"{segment({'alg': 'none'})}.{segment(GOOD)}."),
    "alg nOnE": ("algorithm not allowed", lambda _k, _s: f"{segment({'alg': 'nOnE'})}.{segment(GOOD)}."),
    "alg empty": ("algorithm not allowed", lambda _k, s: signed({"alg": ""}, GOOD, s)),
    "alg missing": ("malformed", lambda _k, s: signed({"typ": "JWT"}, GOOD, s)),
    "alg a list": ("malformed", lambda _k, s: signed({"alg": ["HS256"]}, GOOD, s)),
    "alg HS512": ("algorithm not allowed", lambda _k, s: jwt.encode(GOOD, s * 2, "HS512")),
    "HS256 with the public key as secret": ("signature", lambda k, _s: signed(HS256, GOOD, k.pem("RS256"))),
    "HS256 with the EC public key as secret": (
        "signature",
        lambda k, _s: signed(HS256, GOOD, k.pem("ES256")),
    ),
    "HS256 with an empty secret": ("signature", lambda _k, _s: signed(HS256, GOOD, "")),
    "HS256 with another secret": ("signature", lambda _k, s: signed(HS256, GOOD, s[::-1])),
    "ES256 header on an RS256 signature": (
        "signature",
        lambda k, _s: ".".join([segment({"alg": "ES256"}), *k.token("RS256").split(".")[1:]]),
    ),
    "all zero ES256 signature": (
        "signature",
        lambda _k, _s: f"{segment({'alg': 'ES256'})}.{segment(GOOD)}.{segment(bytes(64))}",
    ),
    "no signature": ("signature", lambda k, _s: k.token().rsplit(".", 1)[0] + "."),
    "claims swapped": (
        "signature",
        lambda k, _s: ".".join([(p := k.token().split("."))[0], segment(GOOD | {"sub": "1"}), p[2]]),
    ),
    "a key in the header": (
        "signature",
        lambda k, s: signed(
            {"alg": "HS256", "jwk": {"kty": "oct", "k": segment(b"mine")}, "jku": "http://x"}, GOOD, "mine"
        ),
    ),
    "critical extension": (
        "malformed",
        lambda _k, s: signed(HS256 | {"crit": ["b64"], "b64": False}, GOOD, s),
    ),
    "a logout token": ("type not accepted", lambda _k, s: signed(HS256 | {"typ": "logout+jwt"}, GOOD, s)),
    "header not an object": ("malformed", lambda _k, s: signed(b'["HS256"]', GOOD, s)),
    "header not UTF-8": ("malformed", lambda _k, s: signed(b'{"alg":"HS256","kid":"\xff"}', GOOD, s)),
    "header a bomb of arrays": ("malformed", lambda _k, s: signed(b"[" * 9000, GOOD, s)),
    "header with a bomb in crit": (
        "malformed",
        lambda _k, s: signed(b'{"alg":"HS256","crit":' + b"[" * 9000, GOOD, s),
    ),
    "empty": ("malformed", lambda _k, _s: ""),
    "dots": ("malformed", lambda _k, _s: ".."),
    "two segments": ("malformed", lambda k, _s: k.token().rsplit(".", 1)[0]),
    "five segments, as encrypted tokens have": ("malformed", lambda k, _s: k.token() + ".a.b"),
    "garbage": ("malformed", lambda _k, _s: "!!!.???.***"),
    "not ASCII": ("malformed", lambda k, _s: k.token() + "é"),
    "padded": ("malformed", lambda k, _s: k.token() + "="),
    "plain base64": ("malformed", lambda k, _s: k.token().rsplit(".", 1)[0] + ".ab+/"),
    "line break": ("malformed", lambda k, _s: k.token() + "\n"),
    "64 KB": ("too large", lambda _k, s: signed(HS256, GOOD | {"x": "y" * 65_536}, s)),
    "64 KB of dots": ("too large", lambda _k, _s: "." * 65_536),
}


@pytest.mark.parametrize("name", MADE_UP)
def test_a_made_up_token_is_refused(name: str, verifier: TokenVerifier, keys: Any, secret: str) -> None:
    reason, make = MADE_UP[name]
    assert reason_of(verifier, make(keys, secret)) == reason


def test_a_signature_has_one_spelling(plain: TokenVerifier, keys: Any) -> None:
    token = keys.token()
    assert plain.verify(token).user_id == 42
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [token[:-1] + last[last.index(token[-1]) | bits] for bits in (1, 2, 3)]
    assert {reason_of(plain, other) for other in others} == {"malformed"}


CLAIMS: dict[str, tuple[str, Any]] = {
    "no exp": ("claims", {"exp": None}),
    "exp a string": ("claims", {"exp": "4000000000"}),
    "exp true": ("claims", {"exp": True}),
    "exp beyond all years": ("claims", {"exp": 1e300}),
    "exp negative": ("claims", {"exp": -1}),
    "expired": ("expired", {"exp": 1}),
    "expired this second": ("expired", {"exp": int(time.time())}),
    "nbf in the future": ("not yet valid", {"nbf": 3_999_999_999}),
    "nbf a string": ("claims", {"nbf": "soon"}),
    "no sub": ("claims", {"sub": None}),
    "sub a name": ("subject", {"sub": "alice"}),
    "sub empty": ("subject", {"sub": ""}),
    "sub with a sign": ("subject", {"sub": "-1"}),
    "sub with a space": ("subject", {"sub": " 1"}),
    "sub with leading zeros": ("subject", {"sub": "007"}),
    "sub in other digits": ("subject", {"sub": "٤٢"}),
    "sub true": ("claims", {"sub": True}),
    "sub a fraction": ("claims", {"sub": 1.5}),
    "sub a list": ("claims", {"sub": [1]}),
    "sub zero": ("subject", {"sub": 0}),
    "sub beyond what JavaScript holds": ("subject", {"sub": 2**53}),
    "sub of a thousand digits": ("subject", {"sub": "9" * 1000}),
    "sub a huge number": ("subject", {"sub": 10**300}),
    "types a string": ("claims", {"types": "a"}),
    "types of numbers": ("claims", {"types": [1]}),
    "filters a list": ("claims", {"filters": ["a"]}),
    "filters nested too deep": ("claims", {"filters": {"a": {"in": {"b": 1}}}}),
    "wrong issuer": ("issuer", {"iss": "https://evil"}),
    "issuer a list": ("claims", {"iss": ["https://id"]}),
    "no issuer": ("issuer", {"iss": None}),
    "wrong audience": ("audience", {"aud": "them"}),
    "no audience": ("audience", {"aud": None}),
    "empty audience": ("audience", {"aud": []}),
    "audience of numbers": ("claims", {"aud": [1]}),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_that_do_not_hold_are_refused(name: str, verifier: TokenVerifier, keys: Any) -> None:
    reason, claims = CLAIMS[name]
    good = {"iss": "https://id", "aud": "us"}
    assert verifier.verify(keys.token(**good)).user_id == 42
    assert reason_of(verifier, keys.token(**(good | claims))) == reason


@pytest.mark.parametrize(
    "roles", ["admin", 1, True, None, {"admin": True}, [1], ["admin", 1], [["admin"]], "", 1.5], ids=repr
)
def test_roles_of_another_shape_give_no_role_and_refuse_nobody(
    roles: object, plain: TokenVerifier, secret: str
) -> None:
    assert plain.verify(signed(HS256, GOOD | {"roles": roles}, secret)).roles == frozenset()


@pytest.mark.parametrize("claim", ["types", "filters", "nbf", "iss", "aud"])
def test_a_claim_of_null_is_refused_and_does_not_lift_a_limit(
    claim: str, plain: TokenVerifier, secret: str
) -> None:
    assert reason_of(plain, signed(HS256, GOOD | {claim: None}, secret)) == "claims"


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 11_000,
        b'{"a":' * 2_000,
        b'{"sub":"42","exp":4000000000,"filters":' + b'{"a":' * 1_500,
        b'{"sub":"42","exp":4000000000,"x":' + b"[" * 10_000 + b"]" * 1_000 + b"}",
        b'{"sub":"42","exp":1e400}',
        b'{"sub":"42","exp":NaN}',
        b'{"sub":"\xff","exp":4000000000}',
        b"null",
        b"",
    ],
)
def test_signed_nonsense_is_refused(payload: bytes, plain: TokenVerifier, secret: str) -> None:
    assert reason_of(plain, signed(HS256, payload, secret)) == "claims"


def test_a_token_for_somebody_is_refused_where_no_audience_is_configured(
    plain: TokenVerifier, keys: Any
) -> None:
    assert reason_of(plain, keys.token(aud="them")) == "audience"


def test_expiry_is_told_apart_from_everything_else(plain: TokenVerifier, keys: Any) -> None:
    with pytest.raises(TokenExpired):
        plain.verify(keys.token(exp=1, nbf=4_000_000_000))
    with pytest.raises(InvalidToken, match="signature"):
        plain.verify(signed(HS256, GOOD | {"exp": 1}, "not the key"))


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret("s" * 32)))
    with pytest.raises(TokenError):
        verifier.verify(text)


@given(st.integers(0, 200), st.integers(0, 63))
def test_no_change_of_a_character_goes_unnoticed(position: int, replacement: int) -> None:
    token = signed(HS256, GOOD, "s" * 32)
    position %= len(token)
    letter = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[replacement]
    changed = token[:position] + letter + token[position + 1 :]
    verifier = TokenVerifier(TokenSettings(secret=Secret("s" * 32)))
    if changed == token:
        assert verifier.verify(changed).user_id == 42
    else:
        with pytest.raises(InvalidToken):
            verifier.verify(changed)
