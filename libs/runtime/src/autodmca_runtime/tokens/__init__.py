"""Verification of JSON Web Tokens (RFC 7519): the verifier and what it hands back."""

from .claims import Claims
from .verifier import TokenVerifier

__all__ = ["Claims", "TokenVerifier"]
