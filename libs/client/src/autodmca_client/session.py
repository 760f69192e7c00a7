"""The client's side of the wire protocol as a state machine without I/O.

Bytes and moments in, effects out. Owns what outlives a connection (the subscriptions with their cursors and
the ids they have seen) and what does not (greeting, heartbeats, silence). Never touches a socket,
a clock or a task. A message that cannot be read is counted and skipped.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from autodmca_events import new_id

from autodmca_client import wire
from autodmca_client.closing import Backoff, Policy, delay_s
from autodmca_client.effects import (
    Accepted,
    Confirmed,
    Deliver,
    Effect,
    Gap,
    Opened,
    Positions,
    Refused,
    Send,
    Silent,
    TokenWanted,
)
from autodmca_client.errors import MessageTooLarge, edge_error
from autodmca_client.interests import Interest, Interests, Stage
from autodmca_client.wire import Event


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; the edge's greeting overrides the first two.

    Without a WebSocket one is tried at once, and again after `upgrade_s`, a window; `stream_s` is what an
    event stream may take until it brings something (else polls take its place), `poll_s` how long a poll
    waits.
    """

    heartbeat_s: float = 30.0
    silence_s: float = 60.0
    upgrade_s: float = 60.0
    stream_s: float = 5.0
    poll_s: float = 25.0
    backoff: Backoff = Backoff()


class Counters(msgspec.Struct):
    """What happened since the client was made."""

    received: int = 0  # events that came over the wire
    duplicates: int = 0  # events that every subscription of theirs had already seen
    unclaimed: int = 0  # events that no subscription wanted (any more)
    unordered: int = 0  # events given before a replay had come past them: too many waited for it
    unreadable: int = 0  # messages that are not of this protocol
    gaps: int = 0
    reconnects: int = 0
    pauses: int = 0  # times that a full queue stopped the reading


class Session:
    """See the module. `wall_clock` gives RFC 3339 UTC; every other moment is a parameter, in seconds."""

    def __init__(self, wall_clock: Callable[[], str], timing: Timing, rng: random.Random) -> None:
        self.counters = Counters()
        self.interests = Interests()
        self._wall_clock = wall_clock
        self._timing = timing
        self._rng = rng
        self._owes_token: str | None = None
        self._greeted: dict[str, Any] = {}
        self._open = False
        self._heartbeat_s = timing.heartbeat_s
        self._silence_s = timing.silence_s
        self._next_beat = 0.0
        self._heard = 0.0
        self._paused = False
        self.max_message_bytes: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the edge has greeted this connection and accepted its token."""
        return self._open

    # -- a connection's life ---------------------------------------------------------------------------

    def connected(self, now: float, *, user_id: int | None, owes_token: str | None = None) -> None:
        """A socket is open. `owes_token`: the token still to be sent as `authenticate`."""
        self.interests.own_user_id = user_id
        self._owes_token = owes_token
        self._heard = now
        self._next_beat = now + self._heartbeat_s

    def disconnected(self) -> None:
        """The socket is gone: every subscription is to be made again."""
        self._open = False
        self._paused = False
        self.interests.forget_connection()

    def receive(self, data: bytes, now: float) -> list[Effect]:
        """Take one message."""
        self._heard = now
        try:
            message = wire.read(data)
            if message.type == wire.CONTROL:
                return list(self._control(wire.fields(message.payload)))
            if message.type == wire.HEARTBEAT:
                return list(self._heartbeat(wire.fields(message.payload)))
            if message.type == wire.ERROR:
                return self._error(wire.fields(message.payload), now)
            return self._event(message, data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.counters.unreadable += 1
            return []

    def tick(self, now: float) -> list[Effect]:
        """Do what is due. Call at `deadline`, or earlier."""
        if not self._paused and now - self._heard >= self._silence_s:
            return [Silent()]
        effects: list[Effect] = []
        if now >= self._next_beat:
            self._next_beat = now + self._heartbeat_s
            effects.append(Send(wire.heartbeat(new_id(), self._wall_clock())))
        if self._open:
            effects += [self._subscribe(each) for each in self.interests.due(now)]
        return effects

    def deadline(self) -> float:
        """When `tick` is next due."""
        moments = [self._next_beat, *self.interests.retry_times()]
        if not self._paused:
            moments.append(self._heard + self._silence_s)
        return min(moments)

    def pause(self) -> None:
        """The application is behind and nothing is read: silence means nothing now."""
        self._paused = True
        self.counters.pauses += 1

    def resume_reading(self, now: float) -> None:
        """Reading goes on."""
        self._paused = False
        self._heard = now

    # -- what the application wants --------------------------------------------------------------------

    def add(self, interest: Interest) -> list[Effect]:
        """Begin a subscription; sent at once on an open connection, else with the next one."""
        self.interests.add(interest)
        return [self._subscribe(interest)] if self._open else []

    def remove(self, subscription_id: str) -> list[Effect]:
        """End a subscription."""
        if not self.interests.leave(subscription_id):
            return []
        return [Send(self._control_message("unsubscribe", subscriptionId=subscription_id))]

    def auth_update(self, token: str) -> list[Effect]:
        """Hand in a newer token of the same user."""
        return [Send(self._control_message("auth_update", token=token))]

    def action(self, name: str, data: object) -> tuple[str, Send]:
        """An application message and its id; raises MessageTooLarge."""
        message_id = new_id()
        encoded = wire.client_action(message_id, self._wall_clock(), name, data)
        if self.max_message_bytes is not None and len(encoded) > self.max_message_bytes:
            raise MessageTooLarge(f"{len(encoded)} bytes, the edge takes {self.max_message_bytes}")
        return message_id, Send(encoded)

    # -- messages --------------------------------------------------------------------------------------

    def _control(self, payload: dict[str, Any]) -> Iterable[Effect]:
        match payload.get("action"):
            case "connected":
                yield from self._greeting(payload)
            case "authenticated" if not self._open and self._owes_token is not None:
                self._owes_token = None
                yield from self._opened()
            case "subscribed":
                yield from self._subscribed(payload)
            case "unsubscribed":
                self.interests.gone(str(payload.get("subscriptionId")))
            case "accepted":
                yield Accepted(str(payload.get("inReplyTo")))
            case "auth_expiring":
                yield TokenWanted()

    def _greeting(self, payload: dict[str, Any]) -> Iterable[Effect]:
        self._greeted = payload
        self._heartbeat_s = _seconds(payload.get("heartbeatIntervalMs"), self._timing.heartbeat_s)
        self._silence_s = _seconds(payload.get("heartbeatTimeoutMs"), self._timing.silence_s)
        self._next_beat = self._heard + self._heartbeat_s
        limit = payload.get("maxMessageBytes")
        self.max_message_bytes = limit if isinstance(limit, int) else None
        if self._owes_token is not None:
            yield Send(self._control_message("authenticate", token=self._owes_token))
        else:
            yield from self._opened()

    def _opened(self) -> Iterable[Effect]:
        self._open = True
        greeted = self._greeted
        experiments = greeted.get("experiments")
        yield Opened(
            str(greeted.get("connectionId", "")),
            str(greeted.get("node", "")),
            experiments if isinstance(experiments, dict) else {},
        )
        for interest in self.interests.wanted():
            yield self._subscribe(interest)

    def _subscribe(self, interest: Interest) -> Send:
        interest.stage = Stage.ASKED
        interest.retry_at = None
        return Send(
            wire.subscribe(
                new_id(),
                self._wall_clock(),
                interest.id,
                types=interest.types,
                filters=interest.filters,
                resume=interest.cursors.as_list(),
                since=interest.since,
            )
        )

    def _subscribed(self, payload: dict[str, Any]) -> Iterable[Effect]:
        interest = self.interests.get(str(payload.get("subscriptionId")))
        if interest is None or interest.stage is Stage.LEAVING:
            return
        gap = None
        if payload.get("recovered") is False:
            gap = Gap(interest.id, str(payload.get("reason", "")))
            self.counters.gaps += 1
        yield from self._give(interest, interest.held.all())
        interest.confirm(_strings(payload.get("cursors")), gap=gap is not None)
        yield Confirmed(interest.id, tuple(interest.cursors.as_list()), gap)

    def _heartbeat(self, payload: dict[str, Any]) -> Iterable[Effect]:
        if payload.get("response") is not True:
            yield Send(wire.heartbeat(new_id(), self._wall_clock(), response=True))
            return
        cursors = _strings(payload.get("cursors"))
        for interest in self.interests.standing():
            interest.cursors.refresh(cursors)
            yield Positions(interest.id, tuple(interest.cursors.as_list()))

    def _error(self, payload: dict[str, Any], now: float) -> list[Effect]:
        error = edge_error(payload)
        interest = self.interests.get(error.subscription_id) if error.subscription_id else None
        if interest is not None and interest.stage is Stage.ASKED and error.retryable:
            delay = delay_s(Policy.BACK_OFF, interest.attempts, self._timing.backoff, self._rng)
            interest.retry_later(now + delay)
            return []
        if interest is not None and interest.stage is not Stage.LEAVING:
            self.interests.gone(interest.id)
        reply = payload.get("inReplyTo")
        return [Refused(error, error.subscription_id, reply if isinstance(reply, str) else None)]

    def _event(self, message: wire.Message, data: bytes) -> list[Effect]:
        self.counters.received += 1
        claimants = self.interests.claimants(message)
        if not claimants:
            self.counters.unclaimed += 1
            return []
        takers = self.interests.takers(claimants, message)
        if not (takers.settled or takers.early or takers.behind):
            self.counters.duplicates += 1
            return []
        event = wire.event(message, data)
        effects: list[Effect] = []
        if takers.settled or takers.early:
            effects.append(Deliver(_ids(takers.settled), event, _ids(takers.early)))
        for each in takers.behind:
            effects += self._behind(each, event, alone=takers.alone)
        return effects

    def _behind(self, interest: Interest, event: Event, *, alone: bool) -> Iterable[Effect]:
        """What a subscription that a replay is to come for is given when `event` comes."""
        if alone:  # it came for this one's sake: so has all that was before it
            return self._give(interest, [*interest.held.up_to(event), event])
        overdue = interest.held.put(event)
        self.counters.unordered += overdue is not None
        return self._give(interest, () if overdue is None else (overdue,))

    def _give(self, interest: Interest, events: Iterable[Event]) -> Iterable[Effect]:
        return [
            Deliver((), each, (interest.id,))
            for each in events
            if not each.id or interest.seen.is_new(each.id)
        ]

    def _control_message(self, action: str, **payload: object) -> bytes:
        return wire.control(new_id(), self._wall_clock(), action, **payload)


def _ids(interests: Sequence[Interest]) -> tuple[str, ...]:
    return tuple([each.id for each in interests])


def _seconds(milliseconds: object, default: float) -> float:
    if isinstance(milliseconds, int) and milliseconds > 0:
        return milliseconds / 1000
    return default


def _strings(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
