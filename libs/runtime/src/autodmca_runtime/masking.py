"""What no log line may show: tokens, secrets, passwords, keys.

Owns the rules of what is hidden, for log events (by key and by content) and for single texts. Never drops a
key: the reader sees that something was there. Works on plain data and turns everything else into its masked
`repr`. Cannot fail on any value: a `repr` that raises is replaced by the class's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Final

MASK: Final = "[masked]"
LONGEST: Final = 16_384
"""Characters of one value that a log line keeps."""
_DEEPEST: Final = 6
"""Levels of nesting that a log line keeps."""

_WORDS: Final = frozenset(
    {"authorization", "proxyauthorization", "cookie", "setcookie", "jwt", "bearer", "credentials", "passwd"}
)
_ENDINGS: Final = ("token", "secret", "password", "passphrase", "apikey", "privatekey")
_PATTERN: Final = re.compile(
    r"(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))"
    r"|(?P<jwt>\be[yw][A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3})"
    r"|(?P<bearer>\bbearer(?:%20|[ .]))[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<pair>\b(?:(?:access|refresh|id)_?)?(?:token|secret|password|api_?key|jwt)=)[^&\s\"'#;,]+"
    r"|(?P<user>://)[^/\s:@\"']*:[^/\s@\"']+@",
    re.IGNORECASE | re.DOTALL,
)
_HINTS: Final = re.compile(r"e[yw]|bearer|=|://|PRIVATE KEY", re.IGNORECASE)


@lru_cache(maxsize=1024)
def is_sensitive(key: str) -> bool:
    """Whether what stands under `key` is hidden: `token`, `JWT_SECRET`, `set-cookie`, `apiKey`."""
    word = key.replace("_", "").replace("-", "").lower()
    return word in _WORDS or word.endswith(_ENDINGS)


def mask_text(text: str) -> str:
    """`text` without JWTs, bearer tokens, `token=...` pairs, passwords in URLs and private keys."""
    if _HINTS.search(text) is None:
        return text
    return _PATTERN.sub(_replacement, text)


def mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor: every value plain, bounded in length and depth, and masked."""
    for key, value in event.items():
        event[key] = _masked(key, value, 0)
    return event


def _replacement(match: re.Match[str]) -> str:
    kept = match["bearer"] or match["pair"] or match["user"] or ""
    return kept + MASK + ("@" if match["user"] else "")


def _masked(key: str, value: Any, depth: int) -> Any:
    if value is None or value is True or value is False:
        return value
    if is_sensitive(key):
        return MASK
    if type(value) is str:
        return _bounded(mask_text(value))
    if type(value) is int or type(value) is float:
        return value
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {(name := str(k)): _masked(name, v, depth + 1) for k, v in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_masked("", item, depth + 1) for item in value]
    return _bounded(mask_text(_text(value)))


def _text(value: object) -> str:
    try:
        return str(value) if isinstance(value, (str, BaseException)) else repr(value)
    except Exception:  # noqa: BLE001 - a log line must come out whatever a foreign __repr__ does
        return f"<{type(value).__name__}>"


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text) - LONGEST} more characters)"
