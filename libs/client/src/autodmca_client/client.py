"""The client: one connection, kept; many subscriptions on it.

Owns the connection's task and what may wait on it: subscriptions, unanswered messages, the status. The
protocol is the session's, a single socket's life the link's. Fails for good only when the edge says so (1000,
1009, 4400, 4403, or 4401 without another token); everything else is tried again.
"""

import asyncio
import itertools
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from autodmca_events import rfc3339

from autodmca_client.closing import Policy, delay_s, hint_s
from autodmca_client.dial import Address, Authentication, Ended
from autodmca_client.effects import Gap, Opened
from autodmca_client.errors import AuthenticationFailed, ClientError, NotOpen, StayAway
from autodmca_client.fallback.connection import FallbackConnection
from autodmca_client.inbox import Inbox, Mailbox
from autodmca_client.interests import Interest
from autodmca_client.link import Link
from autodmca_client.mailboxes import Mailboxes
from autodmca_client.session import Counters, Session, Timing
from autodmca_client.status import Status
from autodmca_client.subscription import Subscription
from autodmca_client.ways import Ways

log = logging.getLogger("autodmca_client")

TokenSource = str | Callable[[], Awaitable[str]]


class Client:
    """A connection to an edge: `async with Client(url, token=...) as client`.

    `token` is a string or an async callable that gives a fresh one: called before each connection and when
    the edge says that the present one expires soon. A callable that fails is tried again like a failed
    connection. Entering does not wait for the connection. Leaving closes it, and every subscription
    with it. All methods belong to the event loop that entered.

    Where a WebSocket cannot be had (two that never opened, or one that a proxy refused) events come over
    `/events`, from the same cursors, and a WebSocket is tried again now and then; `send` waits for that.
    `fallback=False` switches this off.

    `queue_size` events wait per subscription, then nothing more is read from the socket until the
    application catches up (all subscriptions wait together; `counters.pauses` counts). `remembered_ids`
    bounds the de-duplication of each subscription.
    """

    def __init__(
        self,
        url: str,
        *,
        token: TokenSource,
        authentication: Authentication = "subprotocol",
        tls: ssl.SSLContext | None = None,
        proxy: str | Literal[True] | None = None,
        fallback: bool = True,
        queue_size: int = 1_000,
        remembered_ids: int = 10_000,
        timing: Timing = Timing(),  # noqa: B008 - frozen
        on_status: Callable[[Status], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        """Raises ValueError when `url` is no WebSocket address. Does no I/O."""
        self._token = token
        self._queue_size = queue_size
        self._remembered_ids = remembered_ids
        self._timing = timing
        self._on_status = on_status
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._session = Session(_wall_clock, timing, self._rng)
        address = Address(url=url, authentication=authentication, tls=tls, proxy=proxy)
        self._mailboxes = Mailboxes(self._session, clock)
        self._link = Link(
            address,
            self._session,
            self._mailboxes,
            clock=clock,
            fetch_token=self._fetch_token,
            on_open=self._greeted,
        )
        without = FallbackConnection(
            address, self._session, self._mailboxes, timing, self._rng, on_open=self._open_without
        )
        self._ways = Ways(self._link, without if fallback else None)
        self._settled = asyncio.Event()  # open, or closed for good
        self._status = Status("connecting")
        self._greeting: Opened | None = None
        self._runner: asyncio.Task[None] | None = None
        self._names = itertools.count(1)

    # -- what the application sees ---------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """The connection's state; `on_status` is called with each change."""
        return self._status

    @property
    def counters(self) -> Counters:
        """What happened so far."""
        return self._session.counters

    @property
    def greeting(self) -> Opened | None:
        """What the edge said when the newest connection opened: connection id, node, experiments."""
        return self._greeting

    def subscribe(
        self,
        types: Iterable[str],
        filters: Mapping[str, Any] | None = None,
        *,
        since: str | None = None,
        resume: Sequence[str] = (),
        on_gap: Callable[[Gap], None] | None = None,
    ) -> Subscription:
        """Subscribe to event types; the events come from the returned iterator, across reconnects.

        `filters` as in the wire protocol. `resume` takes another run's `Subscription.cursors`, `since`
        an RFC 3339 moment: events from there come first. Events of one user come in the order of the log.
        `on_gap` is called, in its place among the events, when events were lost for good.
        Iteration raises UnknownType, BadFilter or another EdgeError when the edge refuses.

        Raises BadFilter for a key or an operator that is not known here, ValueError for no types or for both
        `since` and `resume`, NotOpen outside `async with`.
        """
        if self._runner is None:
            raise NotOpen("subscribe inside `async with Client(...)`")
        wanted = tuple(types)
        if not wanted:
            raise ValueError("a subscription needs at least one type")
        if since is not None and resume:
            raise ValueError("either since or resume")
        interest = Interest(
            f"s{next(self._names)}",
            wanted,
            dict(filters or {}),
            since=since,
            resume=resume,
            remembered_ids=self._remembered_ids,
        )
        mailbox = Mailbox(Inbox(self._queue_size), asyncio.get_running_loop().create_future())
        self._link.attach(interest, mailbox)
        return Subscription(
            interest.id, wanted, mailbox, resume=resume, on_gap=on_gap, leave=self._link.leave_soon
        )

    async def opened(self) -> None:
        """Wait until the connection is open; raises what ended the client."""
        while self._status.state != "open":
            await self._settled.wait()
            self._mailboxes.require_unfinished()

    async def send(self, action: str, data: object = None) -> None:
        """Send an application message and wait until the log has it; waits for an open connection first.

        Raises EdgeError when refused, MessageTooLarge before sending, ConnectionDropped when the connection
        was lost before the answer. After that, or a cancellation, the message may or may not have been taken.
        """
        if self._runner is None:
            raise NotOpen("send inside `async with Client(...)`")
        await self._link.send(action, data)

    # -- the connection's task -------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._runner is not None:
            raise NotOpen("a client is entered once")
        self._link.begin(asyncio.get_running_loop())
        # Not a TaskGroup: that would wrap the application's own exceptions in groups.
        self._runner = asyncio.create_task(self._run(), name="autodmca-client")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        runner = self._runner
        if runner is not None:
            runner.cancel()
            await asyncio.wait([runner])

    async def _run(self) -> None:
        end: ClientError | None = None
        try:
            end = await self._keep_connected()
        except Exception as error:  # a defect of this library: the application must not wait forever
            log.exception("client failed")
            end = ClientError(f"the client failed: {error!r}")
            end.__cause__ = error
        finally:
            self._link.finish(end)
            self._tell(Status("closed", self._status.code, self._status.reason))

    async def _keep_connected(self) -> ClientError | None:
        """Connect again and again; returns what ended it, None for 1000."""
        attempt = 0
        refused: str | None = None
        while True:
            started = self._clock()
            token = await self._token_or_none()
            if token is not None and token == refused:
                return AuthenticationFailed("the edge refused the token", code=4401)
            if token is None:
                ended = Ended(0, "no token could be had", Policy.BACK_OFF)
            else:
                ended = await self._ways.run(token)
            self._status = Status("reconnecting", ended.code, ended.reason)
            if ended.policy is Policy.STAY_AWAY:
                if ended.code == 1000:
                    return None
                return StayAway(
                    f"the edge ended it: {ended.code} {ended.reason}", code=ended.code, reason=ended.reason
                )
            if ended.policy is Policy.NEW_TOKEN:
                if isinstance(self._token, str):
                    return AuthenticationFailed(
                        f"the edge refused the token: {ended.reason}", code=ended.code, reason=ended.reason
                    )
                refused = token
            if self._ways.was_open and self._clock() - started >= self._timing.backoff.stable_s:
                attempt = 0
            hint = hint_s(ended.reason)
            delay = delay_s(ended.policy, attempt, self._timing.backoff, self._rng, hint_s=hint)
            self._tell(Status("reconnecting", ended.code, ended.reason, delay))
            attempt += 1
            self._session.counters.reconnects += 1
            await asyncio.sleep(delay)

    async def _token_or_none(self) -> str | None:
        try:
            return await self._fetch_token()
        except Exception as error:  # noqa: BLE001 - the application's code: whatever fails there is tried again
            log.warning("token unavailable", extra={"error": repr(error)})
            return None

    async def _fetch_token(self) -> str:
        return self._token if isinstance(self._token, str) else await self._token()

    def _greeted(self, opened: Opened) -> None:
        self._greeting = opened
        self._tell(Status("open", node=opened.node))

    def _open_without(self) -> None:
        self._tell(Status("open", transport="fallback"))

    def _tell(self, status: Status) -> None:
        self._status = status
        if status.state in ("open", "closed"):
            self._settled.set()
        else:
            self._settled.clear()
        if self._on_status is not None:
            self._on_status(status)


def _wall_clock() -> str:
    return rfc3339(time.time_ns() // 1_000_000)
