"""Messages from clients to the `client-actions` topic.

Owns their limits (a rate per connection and one per user, how many wait for the log) and their way to the
log, under the user's key. A message is answered `accepted` when the log has it, and with an `error` that
names why when it is refused. Never reads the topic: that is for the services.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

import msgspec
from autodmca_events import new_id, rfc3339
from autodmca_events.topics import CLIENT_ACTIONS
from autodmca_kafka.errors import FatalError, RecoverableError

from autodmca_edge.protocol import ClientMessage, Refusal, State
from autodmca_edge.session.ports import Client

__all__ = ["ActionLog", "ClientActions", "Rates"]

BURST: Final = 3  # times a second's messages, at once
MOST_WAITING: Final = 1000  # messages of all clients that the log has not acknowledged
MOST_REMEMBERED: Final = 20_000  # rates; those forgotten begin anew
TYPE: Final = "user_notification"

_encode: Final = msgspec.json.Encoder().encode


class ActionLog(Protocol):
    """Where messages go; see autodmca_kafka.EventProducer."""

    async def send_record(self, topic: str, *, key: bytes, value: bytes, headers: Any) -> object: ...


class Rates:
    """How much each sender may say just now: a bucket of `burst` that fills by `a_second`."""

    def __init__(self, a_second: float) -> None:
        self._a_second = a_second
        self._left: dict[object, tuple[float, float]] = {}

    def take(self, who: object, now: float) -> bool:
        """Whether one more message is within the rate."""
        burst = self._a_second * BURST
        left, at = self._left.pop(who, (burst, now))
        left = min(left + (now - at) * self._a_second, burst)
        if len(self._left) >= MOST_REMEMBERED:
            del self._left[next(iter(self._left))]
        self._left[who] = (left - 1 if left >= 1 else left, now)
        return left >= 1


class ClientActions:
    """The way of all clients' messages into the log. `spawn` runs a coroutine in the node's task group."""

    def __init__(
        self,
        log: ActionLog,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        clock: Callable[[], float],
        *,
        a_second: float,
        a_second_of_user: float,
        accepted: Callable[[], object],
    ) -> None:
        self._log = log
        self._spawn = spawn
        self._clock = clock
        self._accepted = accepted
        self._of_connection = Rates(a_second)
        self._of_user = Rates(a_second_of_user)
        self.waiting = 0
        """Messages that the log has not acknowledged."""

    def publish(self, sender: Client, message: ClientMessage) -> None:
        """Write a message to the log and answer it when it is there. Raises Refusal."""
        now = self._clock()
        if not self._of_connection.take(sender.connection_id, now) or not self._of_user.take(sender.key, now):
            raise Refusal(
                "rate_limited", "too many messages", in_reply_to=message.in_reply_to, retryable=True
            )
        if self.waiting >= MOST_WAITING:
            raise _not_ready(message, "too many messages wait for the log")
        self.waiting += 1
        self._spawn(self._write(sender, message, now))

    async def _write(self, sender: Client, message: ClientMessage, now: float) -> None:
        message_id = new_id()
        value = _encode(
            {
                "type": TYPE,
                "payload": {"action": message.action, "data": message.data},
                "timestamp": rfc3339(int(now * 1000)),
                "id": message_id,
                "userId": int(sender.key),
                "metadata": {"connectionId": sender.connection_id},
            }
        )
        headers = [("type", TYPE.encode()), ("id", message_id.encode())]
        refusal = None
        try:
            await self._log.send_record(CLIENT_ACTIONS, key=sender.key, value=value, headers=headers)
        except RecoverableError:
            refusal = _not_ready(message, "the log does not take it now")
        except FatalError:
            refusal = Refusal("internal", "the log does not take it", in_reply_to=message.in_reply_to)
        finally:
            self.waiting -= 1
        if refusal is None:
            self._accepted()
        if sender.state is State.CLOSING:
            return
        if refusal is None:
            sender.answer("accepted", message.in_reply_to, id=message_id)
        else:
            sender.refuse(refusal, misuse=False)


def _not_ready(message: ClientMessage, reason: str) -> Refusal:
    return Refusal("not_ready", reason, in_reply_to=message.in_reply_to, retryable=True)
