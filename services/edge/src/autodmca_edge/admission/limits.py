"""How many connections there may be, and of whom.

Owns the counts: of a user, of an address, of those who have not said yet who they are. Says which limit a
newcomer would break and counts those who were let in; a connection gives back what it has taken, once,
however often it is told to leave. Never closes anything.
"""

from typing import TypeVar

from autodmca_edge.admission.addresses import Proxies
from autodmca_edge.admission.guest import Guest

__all__ = ["Limits"]

K = TypeVar("K", bound=bytes | str)


class Limits:
    """At most so many connections `a_user` and `an_address` (0: any number), and `unauthenticated` in all."""

    __slots__ = ("_addresses", "_proxies", "_users", "a_user", "an_address", "unauthenticated", "waiting")

    def __init__(self, proxies: Proxies, *, a_user: int, an_address: int, unauthenticated: int) -> None:
        self.a_user, self.an_address, self.unauthenticated = a_user, an_address, unauthenticated
        self._proxies = proxies
        self.waiting = 0
        """Connections that are not authenticated."""
        self._users: dict[bytes, int] = {}
        self._addresses: dict[str, int] = {}

    @property
    def counted(self) -> tuple[int, int, int]:
        """How many users, addresses and strangers are counted."""
        return len(self._users), len(self._addresses), self.waiting

    def come(self, guest: Guest, peer: str, forwarded: str) -> bool:
        """Count a connection of an address, until `gone`. False: it has too many."""
        if not self.an_address:
            return True
        address = self._proxies.client(peer, forwarded)
        count = self._addresses.get(address, 0)
        if count >= self.an_address:
            return False
        self._addresses[address], guest.address = count + 1, address
        return True

    def wait(self, guest: Guest) -> bool:
        """Count a connection that is not authenticated. False: there are too many."""
        if self.waiting >= self.unauthenticated:
            return False
        self.waiting += 1
        guest.seat = b""
        return True

    def sit(self, guest: Guest, key: bytes) -> bool:
        """Count a connection of the user with this record key. False: it has too many."""
        self.leave(guest)
        count = self._users.get(key, 0)
        if self.a_user and count >= self.a_user:
            return False
        self._users[key], guest.seat = count + 1, key
        return True

    def leave(self, guest: Guest) -> None:
        """The connection takes no part any more."""
        seat, guest.seat = guest.seat, None
        if seat:
            _less(self._users, seat)
        elif seat is not None:
            self.waiting -= 1

    def gone(self, guest: Guest) -> None:
        """The connection's socket is gone as well."""
        self.leave(guest)
        address, guest.address = guest.address, None
        if address is not None:
            _less(self._addresses, address)


def _less(counts: dict[K, int], key: K) -> None:
    if counts[key] == 1:
        del counts[key]
    else:
        counts[key] -= 1
