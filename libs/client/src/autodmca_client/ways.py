"""The two ways to an edge, WebSocket and fallback, and which of them is next.

Owns the count of WebSockets in a row that could not be had. Two of them, or one that was refused by something
that is no edge, mean that the fallback is tried, and from then on both in turn until one is open. An attempt
that reached nothing (an edge that restarts refuses TCP connections) does not count. Without a fallback, and
where that cannot be had either, a refusal of the handshake is as final as its status says.
"""

from autodmca_client.closing import Policy
from autodmca_client.dial import ABNORMAL, Ended, Greeted
from autodmca_client.fallback.connection import FallbackConnection
from autodmca_client.link import Link

_BLOCKED = 2
_LAST_STATUS = 599


class Ways:
    """`fallback` is None where there is none."""

    def __init__(self, link: Link, fallback: FallbackConnection | None) -> None:
        self._link = link
        self._fallback = fallback
        self._failures = 0
        self._refusal: Ended | None = None
        self._fallback_worked = False
        self.was_open = False

    async def run(self, token: str) -> Ended:
        """One connection, from its beginning to its end."""
        fallback = self._fallback
        if fallback is None or self._failures < _BLOCKED or self._failures % 2:
            return await self._over_websocket(token)
        ended = await fallback.run(token)
        self.was_open = fallback.was_open
        if isinstance(ended, Greeted):
            return await self._over_websocket(token, ended)
        if fallback.was_open:
            self._fallback_worked = True
        elif _is_no_edges_word(ended):
            self._failures += 1
            if ended.policy is Policy.STAY_AWAY:
                if self._refusal is not None and not self._fallback_worked:
                    return self._refusal
                return _tried_again(ended)
        return ended

    async def _over_websocket(self, token: str, opened: Greeted | None = None) -> Ended:
        ended = await self._link.run(token, opened)
        self.was_open = self._link.was_open
        if self.was_open:
            self._failures = 0
            return ended
        if self._fallback is None:
            return ended
        if ended.policy is Policy.STAY_AWAY and _is_no_edges_word(ended):
            self._failures = _BLOCKED
            self._refusal = ended
            return _tried_again(ended)
        if ended.reached and _is_no_edges_word(ended):
            self._failures += 1
        return ended


def _is_no_edges_word(ended: Ended) -> bool:
    """An edge says what it has to say with close codes from 1000 on; below are statuses of HTTP."""
    return ended.code == ABNORMAL or (ended.code <= _LAST_STATUS and ended.policy is not Policy.NEW_TOKEN)


def _tried_again(ended: Ended) -> Ended:
    return Ended(ended.code, ended.reason, Policy.RECONNECT)
