"""One socket after the other: bytes between the session and the wire, events into the inboxes.

Owns a connection's tasks (reader, writer, heartbeat, a token's renewal) in a TaskGroup, and the outbox,
which is bounded by what may be under way: two messages a subscription, `MAX_UNANSWERED` application messages
and the heartbeats of one silence; a new connection starts empty. Never decides whether to reconnect.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from autodmca_client.closing import policy_of
from autodmca_client.dial import ABNORMAL, Address, Ended, Greeted, dial, user_of
from autodmca_client.effects import (
    Accepted,
    Confirmed,
    Deliver,
    Effect,
    Opened,
    Positions,
    Refused,
    Send,
    Silent,
    TokenWanted,
)
from autodmca_client.errors import ClientError, ConnectionDropped
from autodmca_client.inbox import Mailbox
from autodmca_client.interests import Interest
from autodmca_client.mailboxes import Mailboxes
from autodmca_client.session import Session

log = logging.getLogger("autodmca_client")

MAX_UNANSWERED = 100


class Link:
    """The asyncio side of a session."""

    def __init__(
        self,
        address: Address,
        session: Session,
        mailboxes: Mailboxes,
        *,
        clock: Callable[[], float],
        fetch_token: Callable[[], Awaitable[str]],
        on_open: Callable[[Opened], None],
    ) -> None:
        self.was_open = False
        self._address = address
        self._session = session
        self._clock = clock
        self._fetch_token = fetch_token
        self._on_open = on_open
        self._mailboxes = mailboxes
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._slots = asyncio.Semaphore(MAX_UNANSWERED)
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._open = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._token = ""
        self._renewal: asyncio.Task[None] | None = None

    # -- the application's side ------------------------------------------------------------------------

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to `loop`."""
        self._loop = loop

    def attach(self, interest: Interest, mailbox: Mailbox) -> None:
        """Begin a subscription; its events go to `mailbox`."""
        self._mailboxes.attach(interest.id, mailbox)
        if interest.id in self._mailboxes:
            self._perform_now(self._session.add(interest))

    def leave_soon(self, subscription_id: str) -> None:
        """End a subscription; callable from any thread, since a garbage collector may run in any."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave, subscription_id)

    def _leave(self, subscription_id: str) -> None:
        self._mailboxes.detach(subscription_id, None)
        self._perform_now(self._session.remove(subscription_id))

    def finish(self, error: ClientError | None) -> None:
        """The client is at its end: what waits on it learns so."""
        self._mailboxes.finish(error)
        self._open.set()

    async def _until_open(self) -> None:
        while not self._session.is_open:
            await self._open.wait()
            self._mailboxes.require_unfinished()

    async def send(self, action: str, data: object) -> None:
        """See Client.send."""
        async with self._slots:
            await self._until_open()
            message_id, message = self._session.action(action, data)
            answer = asyncio.get_running_loop().create_future()
            self._answers[message_id] = answer
            try:
                self._perform_now([message])
                await answer
            finally:
                del self._answers[message_id]

    def _perform_now(self, effects: Sequence[Effect]) -> None:
        """Queue what these effects send; they are all Sends."""
        for effect in effects:
            if isinstance(effect, Send):
                self._outbox.put_nowait(effect.data)

    # -- one connection --------------------------------------------------------------------------------

    async def run(self, token: str, opened: Greeted | None = None) -> Ended:
        """Connect, serve until the connection ends, and say how it did. Cancellation closes with 1000.

        `opened` is a connection that was made with this token already.
        """
        self.was_open = False
        self._token = token
        socket = opened.socket if opened is not None else await dial(self._address, token)
        if isinstance(socket, Ended):
            return socket
        owed = token if self._address.authentication == "message" else None
        self._outbox = asyncio.Queue()
        self._session.connected(self._clock(), user_id=user_of(token), owes_token=owed)
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [
                    tasks.create_task(self._write(socket)),
                    tasks.create_task(self._keep_alive(socket)),
                ]
                if opened is not None:
                    await self._hear(opened.greeting, tasks)
                await self._read(socket, tasks)
                if self._renewal is not None:
                    helpers.append(self._renewal)
                for helper in helpers:
                    helper.cancel()
        finally:
            self._session.disconnected()
            self._open.clear()
            self._renewal = None
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionDropped("the connection was lost before the answer"))
            await _close(socket)
        code = socket.close_code or ABNORMAL
        return Ended(code, socket.close_reason or "", policy_of(code))

    async def _read(self, socket: ClientConnection, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                data = await socket.recv(decode=False)
            except ConnectionClosed:
                return
            await self._hear(data, tasks)

    async def _hear(self, data: bytes, tasks: asyncio.TaskGroup) -> None:
        effects = self._session.receive(data, self._clock())
        for effect in effects:
            if isinstance(effect, Deliver):
                await self._mailboxes.deliver(effect)
            else:
                await self._perform(effect, tasks)
        if not (effects and isinstance(effects[-1], Deliver)):
            self._changed.set()  # anything but an event may have moved the session's deadline

    async def _perform(self, effect: Effect, tasks: asyncio.TaskGroup) -> None:
        match effect:
            case Send(data):
                self._outbox.put_nowait(data)
            case Opened():
                self.was_open = True
                self._open.set()
                self._on_open(effect)
            case Confirmed() | Positions():
                await self._mailboxes.settle(effect)
            case Accepted(message_id):
                if (answer := self._answers.get(message_id)) is not None and not answer.done():
                    answer.set_result(None)
            case Refused(error, subscription_id, reply):
                if subscription_id is not None and subscription_id in self._mailboxes:
                    self._mailboxes.detach(subscription_id, error)
                elif reply is not None and (answer := self._answers.get(reply)) is not None:
                    if not answer.done():
                        answer.set_exception(error)
                else:
                    log.warning("refused by the edge: %s", error, extra={"code": error.code})
            case TokenWanted():
                if self._renewal is None or self._renewal.done():
                    self._renewal = tasks.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            token = await self._fetch_token()
        except Exception as error:  # noqa: BLE001 - the application's code; the edge closes with 4401 in the end
            log.warning("token not renewed", extra={"error": repr(error)})
        else:
            if token != self._token:
                self._token = token
                self._perform_now(self._session.auth_update(token))

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            data = await self._outbox.get()
            try:
                await socket.send(data, text=True)
            except ConnectionClosed:
                return  # the reader sees it too, with the code

    async def _keep_alive(self, socket: ClientConnection) -> None:
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout(max(0.0, self._session.deadline() - self._clock())):
                    await self._changed.wait()
            except TimeoutError:
                for effect in self._session.tick(self._clock()):
                    if isinstance(effect, Silent):
                        socket.transport.abort()
                        return
                    self._perform_now([effect])


async def _close(socket: ClientConnection) -> None:
    """Close with 1000, reading on and discarding: the edge's own close frame may be behind many events."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_discard(socket))
        await socket.close()


async def _discard(socket: ClientConnection) -> None:
    try:
        while True:
            await socket.recv(decode=False)
    except ConnectionClosed:
        return
