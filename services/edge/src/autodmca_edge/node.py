"""One edge node: all its parts, and what sessions and sockets ask of it.

Owns the making of the log, the hub, the tail and the replays, and gives each connection its session. Knows no
server and shows no metric: app.py runs it under uvicorn, metrics.py shows what it counts.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from autodmca_runtime import TokenVerifier
from autodmca_service.control.revocations import Revocations, Unrevoked
from autodmca_service.control.tail import ControlTail

from autodmca_edge.admission import memory
from autodmca_edge.admission.addresses import Proxies
from autodmca_edge.admission.allowances import Allowances
from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.admission.limits import Limits
from autodmca_edge.admission.pressure import Pressure
from autodmca_edge.admission.queue import Admission
from autodmca_edge.config import AdmissionSettings, EdgeSettings
from autodmca_edge.control.control import Control
from autodmca_edge.counts import Counts
from autodmca_edge.fanout.hub import Hub
from autodmca_edge.fanout.rejects import Rejects
from autodmca_edge.fanout.treatment import Treatments
from autodmca_edge.log.broker import Broker
from autodmca_edge.log.event_log import EventLog
from autodmca_edge.log.tail import Tail
from autodmca_edge.protocol import ClientMessage
from autodmca_edge.replay.recent import Recent
from autodmca_edge.replay.replays import Replays
from autodmca_edge.replay.slots import Slots
from autodmca_edge.session.actions import ClientActions
from autodmca_edge.session.auth import compresses
from autodmca_edge.session.drain import send_away
from autodmca_edge.session.identifiers import host_name, new_connection_id
from autodmca_edge.session.ports import Client, Socket
from autodmca_edge.session.pulse import TICK_S, Pulse
from autodmca_edge.session.session import Session
from autodmca_edge.timers import TimerWheel, steady_clock
from autodmca_edge.wire.handshake import Upgrade
from autodmca_edge.wire.outbox import Wire

__all__ = ["EdgeNode"]

log = structlog.get_logger()


class EdgeNode:
    """All parts of a node, and what sessions and sockets ask of it."""

    def __init__(self, settings: EdgeSettings, broker: Broker, verifier: TokenVerifier) -> None:
        self.name = settings.node if settings.node != "edge" else host_name(socket.gethostname())
        self.origins: frozenset[str] = frozenset(settings.origins)
        self.treatments = Treatments(settings.experiments, compression=settings.compression)
        self.compression = self.treatments.compression
        self.max_subscriptions = settings.max_subscriptions
        self.max_message_bytes, self.outbox_bytes = settings.max_message_bytes, settings.outbox_bytes
        self.clock = steady_clock()
        self.wall = time.time
        revocations = Revocations(self.wall)
        self.verifier = Unrevoked(verifier, revocations)
        self.wheel = TimerWheel()
        self.sessions: dict[str, Session] = {}
        self.draining = False
        self.log = EventLog(settings.window_bytes, broker.sizes.wrong)
        self.counts = Counts()
        self.rejects = Rejects()
        self.wire = Wire(os.write)
        self.hub = Hub(self.counts, self.wire, self.rejects.report)
        self.tail = Tail(
            broker.reader,
            self.log,
            self.hub.dispatch,
            self.wheel,
            self.clock,
            self.dropped,
            self.spawn,
            grace_s=settings.partition_grace_seconds,
            read_all=settings.read_all_partitions,
            counted=self._reading_changed,
        )
        self.lags = self.tail.lags
        self.replayer = Replays(
            self.log,
            self.tail,
            self.hub,
            self.spawn,
            limit=settings.replay_limit,
            counts=self.counts.replays,
            malformed=self.rejects.report,
            recent=Recent(self.wheel, self.clock),
            slots=Slots(
                settings.log_replays,
                settings.replay_seconds,
                self.wheel,
                self.clock,
                self.counts.replays.places,
            ),
        )
        self.actions = ClientActions(
            broker.producer,
            self.spawn,
            self.clock,
            a_second=settings.messages_a_second,
            a_second_of_user=settings.user_messages_a_second,
            accepted=self._action_accepted,
        )
        self.control = Control(self, broker.producer, revocations, patience_s=settings.control_seconds)
        self.control_tail = ControlTail(broker.control_reader, self.control, self.tail.gone.set)
        self._tasks: asyncio.TaskGroup | None = None
        self._decide_on_newcomers(settings.admission)
        self.allowances = Allowances(*settings.allowances)

    def _decide_on_newcomers(self, settings: AdmissionSettings) -> None:
        self.limits = Limits(
            Proxies(settings.trusted_proxies),
            a_user=settings.user_connections,
            an_address=settings.address_connections,
            unauthenticated=settings.unauthenticated,
        )
        self.files = Descriptors()
        self.pressure = Pressure(
            max_lag_s=settings.max_loop_lag_ms / 1000,
            max_bytes=settings.max_memory_bytes or memory.share_of_limit(memory.cgroup_limit()),
            resident=memory.resident_bytes,
            files=self.files,
        )
        self.admission = Admission(
            settings.handshakes_a_second,
            settings.handshakes_waiting,
            self.clock,
            lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call),
            self.pressure.pressed,
        )

    @property
    def available(self) -> bool:
        """Whether clients can be served."""
        return self.tail.started and self.control_tail.started

    async def run(self) -> None:
        """Follow the log, run what sessions ask for, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self.tail.run())
            tasks.create_task(self.control_tail.run())

    async def keep_time(self) -> None:
        """The node's pulse: ask whose time is up, and see how late the next beat comes, until cancelled."""
        pulse = Pulse(self.clock, self.wall, self.wheel, self.sessions)
        while True:
            pulse.beat(now := self.clock())
            self.tail.assignment.drop_idle(now)
            await asyncio.sleep(TICK_S)
            self.pressure.beat(max(self.clock() - now - TICK_S, 0.0))

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine for a session; one that fails is logged and leaves the rest alone."""
        if self._tasks is None:
            coroutine.close()
            return
        self._tasks.create_task(_guarded(coroutine))

    def soon(self, call: Any, *args: Any) -> None:
        asyncio.get_running_loop().call_soon(call, *args)

    def later(self, seconds: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, call)

    def converse(self, socket: Socket) -> Session:
        """A session for a new WebSocket."""
        self.counts.opened += 1
        return Session(self, socket, new_connection_id())

    def compresses(self, upgrade: Upgrade) -> bool:
        return compresses(self, upgrade.token)

    def publish(self, sender: Client, message: ClientMessage) -> None:
        self.actions.publish(sender, message)

    # -- counting ---------------------------------------------------------------------------------

    def sent(self, size: int) -> None:
        self.counts.bytes += size

    def refused(self, status: int) -> None:
        self.counts.handshakes_refused[str(int(status))] += 1

    def said_bad(self, code: str) -> None:
        self.counts.refusals[code] += 1

    def closed(self, code: int) -> None:
        self.counts.closes[str(int(code))] += 1

    def turned_away(self, why: str) -> None:
        self.counts.turned_away[why] += 1

    def deferred(self, events: int) -> None:
        self.counts.deferred_events += events

    def _action_accepted(self) -> None:
        self.counts.actions_accepted += 1

    def dropped(self, reason: str, events: int) -> None:
        self.counts.dropped_events[reason] += events

    def _reading_changed(self, change: str, partitions: int) -> None:
        self.counts.partition_changes[change] += partitions

    # -- leaving ----------------------------------------------------------------------------------

    async def drain(self, seconds: float) -> None:
        """Send every client away, spread evenly over `seconds`; newcomers are from now on."""
        self.draining = True
        leaving = list(self.sessions.values())
        log.info("draining", connections=len(leaving), seconds=seconds)
        await send_away(leaving, seconds, self.clock)


async def _guarded(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        await coroutine
    except Exception:  # a task's top: one session's trouble is not the node's
        log.exception("task failed")
