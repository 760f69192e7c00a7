"""Verification keys, each meant for exactly one algorithm (RFC 8725, sections 2.1, 3.1 and 3.5).

A key decides the algorithm, never the token: a public key cannot be used as an HS256 secret, and `none` has
no key. Owns reading keys from a secret, PEM text and a JWK set; the set's keys that we cannot or must not use
are left out and told about. Never opens a connection. A key file that cannot be used fails with
`ConfigError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jwt
import msgspec
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ..environment import Secret
from ..errors import ConfigError, Problem

_SMALLEST_RSA: Final = 2048
"""Bits: RFC 7518, section 3.3."""
_MOST_KEYS: Final = 100
"""Keys of one JWK set that we look at."""
_PEM: Final = re.compile(rb"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.DOTALL)

log = structlog.get_logger()


class Key(msgspec.Struct, frozen=True):
    """A key, the one algorithm it is for, and, in a JWK set, its name."""

    algorithm: str
    kid: str | None
    fingerprint: bytes
    """Tells two keys apart: for public keys only, empty for a secret."""
    verify: Callable[[bytes, bytes], bool]
    """`verify(signed, signature)`"""


class _Set(msgspec.Struct):
    keys: list[dict[str, Any]]


def secret_key(secret: Secret) -> Key:
    """The HS256 key. Raises ConfigError when the secret is a public key or a certificate."""
    algorithm = jwt.get_algorithm_by_name("HS256")
    try:
        prepared = algorithm.prepare_key(secret.reveal())
    except jwt.InvalidKeyError:
        problem = Problem("JWT_SECRET", "is an asymmetric key; put its public half into JWT_PUBLIC_KEY_FILE")
        raise ConfigError([problem]) from None
    return Key("HS256", None, b"", lambda signed, signature: algorithm.verify(signed, prepared, signature))


def pem_keys(path: str) -> list[Key]:
    """The public keys in a PEM file (one or several, for a rotation by hand). Raises ConfigError."""

    def bad(reason: str) -> ConfigError:
        return ConfigError([Problem("JWT_PUBLIC_KEY_FILE", reason, "/etc/jwt/public.pem")])

    try:
        blocks = _PEM.findall(Path(path).read_bytes())
    except OSError as error:
        raise bad(f"cannot be read: {error.strerror}") from None
    if not blocks:
        raise bad("holds no PEM block")
    keys = []
    for block in blocks:
        if b"PRIVATE" in block.split(b"\n", 1)[0]:
            raise bad("holds a private key; a verifier needs the public one only")
        try:
            keys.append(_public(load_pem_public_key(block), None))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise bad(f"holds a key that is of no use: {error}") from None
    return keys


def jwks_keys(document: bytes) -> list[Key]:
    """The usable keys of a JWK set (RFC 7517, section 5: others are ignored). ValueError if none."""
    try:
        found = msgspec.json.decode(document, type=_Set).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError("not a JWK set") from None
    if len(found) > _MOST_KEYS:
        raise ValueError(f"more than {_MOST_KEYS} keys")
    keys = []
    for jwk in found:
        try:
            keys.append(_from_jwk(jwk))
        except (ValueError, KeyError, TypeError, jwt.PyJWTError, UnsupportedAlgorithm) as error:
            log.warning("key of the JWK set left out", kid=jwk.get("kid"), reason=str(error))
    if not keys:
        raise ValueError("a JWK set without a key of use")
    return keys


def _from_jwk(jwk: dict[str, Any]) -> Key:
    if "d" in jwk or jwk.get("kty") == "oct":
        raise ValueError("a private or symmetric key was published: it must be replaced")
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ("verify",)):
        raise ValueError("not for signatures")
    families = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
    if (algorithm := families.get(str(jwk.get("kty")))) is None:
        raise ValueError("of an unknown kind")
    kid = jwk.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("its kid is not a string")
    key = _public(jwt.get_algorithm_by_name(algorithm).from_jwk(jwk), kid)
    if jwk.get("alg", key.algorithm) != key.algorithm:
        raise ValueError("meant for an algorithm that is not supported")
    return key


def _public(public: Any, kid: str | None) -> Key:
    name = _algorithm_for(public)
    if name is None:
        raise ValueError(f"neither RSA of {_SMALLEST_RSA} bits or more, nor P-256, nor Ed25519")
    algorithm = jwt.get_algorithm_by_name(name)
    fingerprint = bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return Key(name, kid, fingerprint, lambda signed, signature: algorithm.verify(signed, public, signature))


def _algorithm_for(public: Any) -> str | None:
    """The one algorithm that we let a key of this kind be used with."""
    if isinstance(public, RSAPublicKey):
        return "RS256" if public.key_size >= _SMALLEST_RSA else None
    if isinstance(public, EllipticCurvePublicKey):
        return "ES256" if isinstance(public.curve, SECP256R1) else None
    return "EdDSA" if isinstance(public, (Ed25519PublicKey, Ed448PublicKey)) else None
