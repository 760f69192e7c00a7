"""What clients' messages cost, and who says too much.

Owns the price of everything that a client may send, and the allowances that it is paid from: one of each
connection, one of each user over all connections and requests. A message over an allowance is refused with
`rate_limited`, which costs more than to obey it would; a connection that goes on all the same is closed with
4429. Prices follow what a message makes a node do, not how long it took: a client can tell in advance.
"""

from typing import Final, NamedTuple

from autodmca_edge import protocol
from autodmca_edge.admission.guest import Guest
from autodmca_edge.admission.queue import retry_hint
from autodmca_edge.protocol import CloseCode, Refusal, State

__all__ = ["BYTES", "CONNECTION", "LOOK_BACK", "REQUEST", "Allowance", "Allowances"]

BURST_S: Final = 20.0
"""Seconds' worth that an idle allowance holds; and for how long one that is overdrawn may be so at most."""
MOST_USERS: Final = 50_000
"""Allowances of users that are remembered; one that is full again needs no memory."""

MESSAGE: Final = 1.0
BYTES: Final = 4096
"""So many of a message cost as much again."""
FRAME: Final = 1 / 8
"""Of each frame, be it a ping, a pong, or a part of a message."""
LOOK_BACK: Final = 3.0
"""More, for a subscribe that asks for a replay."""
TOKEN: Final = 4.0
"""More, for a token to be verified."""
CONNECTION: Final = 5.0
"""Of a user's allowance, for a connection or a request to the fallback."""
REQUEST: Final = 5.0
"""Of the same, for a request about a subscription."""
REFUSED: Final = 10.0
"""More, of the connection's allowance, for a message that is refused."""
STRANGER: Final = 10.0
"""Times as much before it is known who the client is."""


class Allowance(NamedTuple):
    """A bucket that fills by `a_second` up to `most`; kept as the moment at which it is full again."""

    a_second: float
    most: float

    def charged(self, paid: float, price: float, now: float) -> float:
        """The moment after `price` was taken of it. Overdrawn it is by as much as it holds, no more."""
        return min(max(paid, now) + price / self.a_second, now + 2 * self.most / self.a_second)

    def wait_s(self, paid: float, now: float) -> float:
        """For how long it is overdrawn; not above 0: it is not."""
        return paid - now - self.most / self.a_second

    def used_up(self, paid: float, now: float) -> bool:
        """Whether it is overdrawn as far as may be, bar what was said a moment ago."""
        return self.wait_s(paid, now) * self.a_second >= self.most - MESSAGE


class Allowances:
    """The allowances of one node. `subscriptions`: all of a connection's can be made anew at once."""

    def __init__(self, a_second: float, a_second_of_user: float, subscriptions: int) -> None:
        anew = 2 * subscriptions * (MESSAGE + LOOK_BACK)
        self.of_connection = Allowance(a_second, max(a_second * BURST_S, anew))
        self.of_user = Allowance(a_second_of_user, max(a_second_of_user * BURST_S, self.of_connection.most))
        self._users: dict[bytes, float] = {}

    @property
    def users(self) -> int:
        """How many users' allowances are remembered."""
        return len(self._users)

    def charge(self, guest: Guest, price: float, now: float) -> float:
        """Take `price` of both allowances; for how long either is overdrawn, 0 when neither is."""
        guest.paid = self.of_connection.charged(guest.paid, price, now)
        wait_s = max(self.of_connection.wait_s(guest.paid, now), 0.0)
        return max(wait_s, self.charge_user(guest.key, price, now)) if guest.key else wait_s

    def charge_user(self, key: bytes, price: float, now: float) -> float:
        """The same of a user alone, by its record key."""
        paid = self.of_user.charged(self._users.pop(key, now), price, now)
        if len(self._users) >= MOST_USERS:
            del self._users[next(iter(self._users))]  # the one that has been silent longest
        self._users[key] = paid
        return max(self.of_user.wait_s(paid, now), 0.0)

    def require(self, key: bytes, price: float, now: float) -> None:
        """Charge a user for a request. Raises Refusal."""
        if wait_s := self.charge_user(key, price, now):
            raise _refusal(wait_s)

    def affords(self, guest: Guest, text: bytes, now: float) -> bool:
        """Whether a message is to be obeyed; if not, it was answered, and perhaps the connection closed."""
        times = 1.0 if guest.key else STRANGER
        wait_s = self.charge(guest, times * price_of(len(text)), now)
        if not wait_s:
            return True
        guest.paid = self.of_connection.charged(guest.paid, REFUSED, now)
        message_id, subscription_id = protocol.names_in(text)
        refusal = _refusal(wait_s)
        refusal.in_reply_to, refusal.subscription_id = message_id, subscription_id
        guest.refuse(refusal)
        self._end_if_used_up(guest, now)
        return False

    def understood(self, guest: Guest, command: protocol.Command, now: float) -> None:
        """Charge for what a message turned out to be; it is obeyed, the next one may not be."""
        match command:
            case protocol.Subscribe() if command.config.looks_back:
                self.charge(guest, LOOK_BACK, now)
            case protocol.Authenticate() | protocol.AuthUpdate():
                self.charge(guest, TOKEN, now)

    def frames_came(self, guest: Guest, frames: int, now: float) -> None:
        """Charge for frames, whatever is in them."""
        if self.charge(guest, frames * FRAME, now):
            self._end_if_used_up(guest, now)

    def _end_if_used_up(self, guest: Guest, now: float) -> None:
        if self.of_connection.used_up(guest.paid, now) and guest.state is not State.CLOSING:
            wait_s = self.of_connection.wait_s(guest.paid, now)
            guest.turn_away(f"too many messages; {retry_hint(wait_s)}", CloseCode.TOO_MANY)


def price_of(size: int) -> float:
    """Of a message or a body of so many bytes."""
    return MESSAGE + size / BYTES


def _refusal(wait_s: float) -> Refusal:
    return Refusal("rate_limited", f"too many or too large messages; {retry_hint(wait_s)}", retryable=True)
