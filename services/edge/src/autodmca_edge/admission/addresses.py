"""By which address a client is counted.

Owns reading X-Forwarded-For: it is believed only as far as trusted proxies wrote it, from the right, and not
at all when the peer is none of them. IPv6 clients are counted by their /64, as a household has at least that
much. Fails never: what is no address ends the reading.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Network", "Proxies"]

Address = IPv4Address | IPv6Address


class Network:
    """A network from its text, `10.0.0.0/8`. Raises ValueError."""

    def __init__(self, text: str) -> None:
        self._network = ip_network(text)

    def __contains__(self, address: Address) -> bool:
        return address in self._network

    def __repr__(self) -> str:
        return f"Network({str(self._network)!r})"


class Proxies:
    """The networks of the proxies whose word is taken."""

    __slots__ = ("_networks",)

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def client(self, peer: str, forwarded: str) -> str:
        """The rightmost address of `forwarded` that is no trusted proxy's, if `peer` is one's."""
        nearest = _address(peer)
        if nearest is None:
            return peer
        for hop in reversed(forwarded.split(",")):
            if not any(nearest in each for each in self._networks):
                break
            further = _address(hop.strip())
            if further is None:
                break
            nearest = further
        return str(IPv6Network((nearest, 64), strict=False)) if nearest.version == 6 else str(nearest)


def _address(text: str) -> Address | None:
    """An address, which some proxies write with a port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address
