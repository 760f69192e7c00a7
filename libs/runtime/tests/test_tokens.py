"""Tokens that are good, and how they are remembered."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from autodmca_runtime import (
    Claims,
    ConfigError,
    InvalidToken,
    Secret,
    TokenExpired,
    TokenSettings,
    TokenVerifier,
)
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@pytest.fixture
def pem_file(tmp_path: Path, keys: Any) -> str:
    path = tmp_path / "public.pem"
    path.write_bytes(b"".join(keys.pem(algorithm) for algorithm in ("RS256", "ES256", "EdDSA")))
    return str(path)


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
def test_each_algorithm_is_verified_with_the_key_that_is_meant_for_it(
    algorithm: str, keys: Any, other_keys: Any, secret: str, pem_file: str
) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret), public_key_file=pem_file))
    assert verifier.verify(keys.token(algorithm, sub="7")).user_id == 7
    assert verifier.verify(keys.token(algorithm, kid="ignored for a static key")).user_id == 42
    if algorithm != "HS256":
        with pytest.raises(InvalidToken, match="signature"):
            verifier.verify(other_keys.token(algorithm))


def test_all_claims_are_handed_over(keys: Any, secret: str) -> None:
    filters = {"platforms": ["x", "y"], "confidence": {"gte": 0.5, "in": [1, None]}, "ok": True}
    expires_at = int(time.time()) + 60
    token = keys.token(
        sub=12345,
        roles=["admin", "author"],
        exp=expires_at + 0.9,
        types=["a", "b"],
        filters=filters,
        iat=1,
        jti="x",
    )
    claims = TokenVerifier(TokenSettings(secret=Secret(secret))).verify(token)
    digest = sha256(token.encode()).digest()
    assert claims == Claims(
        12345, frozenset({"admin", "author"}), expires_at, ("a", "b"), filters, digest, "x"
    )


@pytest.mark.parametrize("jti", [None, "", 5, ["x"], {"x": 1}, "x" * 257])
def test_a_jti_that_names_nothing_is_passed_over(keys: Any, secret: str, jti: Any) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret)))
    assert verifier.verify(keys.token(jti=jti)).token_id is None
    assert verifier.verify(keys.token(jti="x" * 256)).token_id == "x" * 256


def test_absent_limits_are_none_and_an_empty_list_of_types_is_a_limit(keys: Any, secret: str) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret)))
    claims = verifier.verify(keys.token())
    assert (claims.roles, claims.types, claims.filters) == (frozenset(), None, None)
    assert verifier.verify(keys.token(types=[])).types == ()


@pytest.mark.parametrize("audience", ["b", ["b"], ["x", "b"]])
def test_issuer_and_audience_are_accepted_when_they_match(audience: Any, keys: Any, secret: str) -> None:
    settings = TokenSettings(secret=Secret(secret), issuer="https://id", audience=("a", "b"))
    assert TokenVerifier(settings).verify(keys.token(iss="https://id", aud=audience)).user_id == 42


def test_a_token_is_good_until_the_second_in_which_it_expires(keys: Any, secret: str, clock: Any) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret)), clock=clock)
    expires_at = int(clock.now) + 10
    token = keys.token(exp=expires_at)
    clock.now = expires_at - 0.001
    assert verifier.verify(token).expires_at == expires_at
    clock.now = expires_at
    for _ in range(2):  # remembered, and then no longer
        with pytest.raises(TokenExpired) as caught:
            verifier.verify(token)
        assert caught.value.expired_at == expires_at


def test_leeway_forgives_a_clock_that_is_off(keys: Any, secret: str, clock: Any) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret), leeway_seconds=5), clock=clock)
    token = keys.token(exp=int(clock.now) + 1, nbf=int(clock.now) + 4)
    assert verifier.verify(token).user_id == 42
    clock.now += 5
    assert verifier.verify(token).user_id == 42
    clock.now += 1.001
    with pytest.raises(TokenExpired):
        verifier.verify(token)


def test_a_verified_token_is_remembered_and_the_least_recently_used_is_forgotten(
    keys: Any, secret: str
) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret)), cache_size=2)
    first, second, third = (keys.token(sub=n) for n in (1, 2, 3))
    one, two = verifier.verify(first), verifier.verify(second)
    assert verifier.verify(first) is one
    verifier.verify(third)
    assert verifier.verify(first) is one
    assert verifier.verify(second) is not two


def test_a_refused_token_is_not_remembered(keys: Any, secret: str, clock: Any) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret)), clock=clock)
    token = keys.token(nbf=int(clock.now) + 100)
    with pytest.raises(InvalidToken, match="not yet valid"):
        verifier.verify(token)
    clock.now += 101
    assert verifier.verify(token).user_id == 42


def test_without_an_address_there_is_nothing_to_refresh_and_nothing_to_report(secret: str) -> None:
    assert TokenVerifier(TokenSettings(secret=Secret(secret))).problem() is None


async def test_refreshing_without_an_address_does_nothing(keys: Any, secret: str) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret)))
    assert await verifier.refresh() is False
    assert (await verifier.check(keys.token())).user_id == 42


def test_a_public_key_as_secret_is_a_configuration_error(keys: Any) -> None:
    with pytest.raises(ConfigError, match="JWT_PUBLIC_KEY_FILE") as caught:
        TokenVerifier(TokenSettings(secret=Secret(keys.pem("RS256").decode())))
    assert "BEGIN" not in str(caught.value)


def test_algorithms_that_fit_no_key_are_a_configuration_error(secret: str) -> None:
    with pytest.raises(ConfigError, match="JWT_ALGORITHMS"):
        TokenVerifier(TokenSettings(secret=Secret(secret), algorithms=("RS256",)))


def test_an_allow_list_shuts_out_a_key_that_is_there(keys: Any, secret: str, pem_file: str) -> None:
    settings = TokenSettings(secret=Secret(secret), public_key_file=pem_file, algorithms=("ES256",))
    verifier = TokenVerifier(settings)
    assert verifier.verify(keys.token("ES256")).user_id == 42
    for algorithm in ("HS256", "RS256", "EdDSA"):
        with pytest.raises(InvalidToken, match="algorithm not allowed"):
            verifier.verify(keys.token(algorithm))


def test_key_files_of_no_use_are_configuration_errors(tmp_path: Path, keys: Any) -> None:
    def public(private: Any) -> bytes:
        return bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    private = keys.private["ES256"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    contents = {
        "cannot be read": None,
        "holds no PEM block": b"ssh-rsa AAAA",
        "holds a private key": private,
        "neither RSA of 2048 bits": public(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - too short on purpose
        "nor P-256": public(ec.generate_private_key(ec.SECP384R1())),
        "is of no use": b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    }
    for number, (reason, content) in enumerate(contents.items()):
        path = tmp_path / f"{number}.pem"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigError, match=reason):
            TokenVerifier(TokenSettings(public_key_file=str(path)))


def test_claims_go_through_json_numbers_of_every_spelling(keys: Any, secret: str) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret)))
    assert verifier.verify(keys.token(exp=4e9)).expires_at == 4_000_000_000
    assert verifier.verify(keys.token(sub=2**53 - 1)).user_id == 2**53 - 1
    assert verifier.verify(keys.token(roles=["b", "a", "a"])).roles == {"a", "b"}
