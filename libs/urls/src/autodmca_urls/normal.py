"""The one form in which every spelling of a URL is the same string.

Owns: parsing as a browser parses (WHATWG URL, by `ada`: host in A-labels, default ports, dot segments, what
may not stand unescaped), percent-encoding (RFC 3986, 6.2.2.1 and 6.2.2.2), dropping fragments that only
scroll, and known trackers. The order of query parameters, path case, `www.` and the scheme stay: servers
tell them apart. Fails with `NotNormal`, which says why. Does no I/O.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import ada_url

from autodmca_urls.domains import registrable_domain
from autodmca_urls.trackers import TRACKER

Reason = Literal["malformed", "not_web", "not_public", "unknown_suffix"]

_PARTS: Final = re.compile(
    r"(https?:|ftp:)//(?:[^/?#@]*@)?(\[[^]]*\]|[^/?#:]*)(:\d+)?(/[^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL
)
"""Of a URL that `ada` has written."""
_ESCAPED: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_UNESCAPED: Final = {f"%{ord(char):02X}": char for char in _UNRESERVED}
_ROUTE: Final = re.compile(r"#(?:!|/|[A-Z]?!)")
"""A fragment that a page's script reads as an address: `#!/post`, `#/album`, `#F!key`."""


class NormalUrl(NamedTuple):
    """`url` is the normal form; `domain` the registrable domain under the Public Suffix List, private part
    too."""

    url: str
    host: str
    domain: str


class NotNormal(ValueError):
    """The text is no URL of the public web; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def normalise(url: str) -> NormalUrl:
    """The normal form of an absolute URL. Raises NotNormal."""
    try:
        whole = _PARTS.match(ada_url.normalize_url(url))
    except ValueError as error:
        raise NotNormal("malformed") from error
    if whole is None:
        raise NotNormal("not_web")
    scheme, hostname, port, path, search, fragment = whole.groups(default="")
    host, domain = _public(hostname)
    query = _same_escapes(_without_trackers(search))
    kept = fragment if _ROUTE.match(fragment) else ""
    return NormalUrl(f"{scheme}//{host}{port}{_same_escapes(path)}{query}{kept}", host, domain)


def _without_trackers(search: str) -> str:
    if len(search) < 2:
        return ""
    pairs = search[1:].split("&")
    kept = [pair for pair in pairs if pair and not TRACKER.fullmatch(pair.partition("=")[0])]
    return f"?{'&'.join(kept)}" if kept else ""


def _same_escapes(part: str) -> str:
    return _ESCAPED.sub(_one_escape, part) if "%" in part else part


def _one_escape(run: re.Match[str]) -> str:
    escapes = run.group().upper()
    return "".join(_UNESCAPED.get(each := escapes[at : at + 3], each) for at in range(0, len(escapes), 3))


@lru_cache(maxsize=16_384)
def _public(hostname: str) -> tuple[str, str]:
    """The host without its root dot, and its registrable domain; an IP address is its own. Raises
    NotNormal."""
    host = hostname.rstrip(".")
    if not host:
        raise NotNormal("malformed")
    if host[-1] == "]" or host.rpartition(".")[2].isdecimal():  # WHATWG URL, 3.5: it ends in a number
        if not ipaddress.ip_address(host.strip("[]")).is_global:
            raise NotNormal("not_public")
        return host, host
    domain = registrable_domain(host)
    if domain is None:
        raise NotNormal("not_public" if "." not in host else "unknown_suffix")
    return host, domain
