"""Verification of JSON Web Tokens (RFC 7519): the verifier and what it hands back."""

from .claims import LONGEST_TOKEN_ID, Claims
from .verifier import TokenVerifier

__all__ = ["LONGEST_TOKEN_ID", "Claims", "TokenVerifier"]
