"""Which addresses a URL of a caller's may lead to: those of the public Internet, and what was allowed by
name.

Owns the rules. An address that wraps another (IPv4-mapped, 6to4, Teredo, NAT64) is refused whatever it
wraps: the public Internet is reached without. Read: RFC 6890 (special-purpose registries), RFC 4291, RFC
6052.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

_UNICAST: Final = IPv6Network("2000::/3")
_WRAPPING: Final = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))
_RELAYS: Final = IPv4Network("192.88.99.0/24")


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks, or single addresses, as they stand in settings. Raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def is_allowed(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether a connection to this address may be made. `allowed`: what may be reached beside the public."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if any(parsed.version == each.version and parsed in each for each in allowed):
        return True
    if parsed.is_multicast or not parsed.is_global:
        return False
    match parsed:
        case IPv4Address():
            return parsed not in _RELAYS
        case IPv6Address():
            return (
                parsed.scope_id is None
                and parsed in _UNICAST
                and not any(parsed in network for network in _WRAPPING)
            )
