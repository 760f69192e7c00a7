"""The edge node, wired.

The one place that sees every part: it builds the log, the hub, the tail and the replays, gives each
connection its session, and runs all of it under uvicorn until told to stop; then clients are sent away
spread over the drain period.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, cast

import structlog
from autodmca_runtime import Health, TokenVerifier, serve, settle_garbage_collector
from starlette.applications import Starlette

from autodmca_edge import memory, treating
from autodmca_edge.actions import ClientActions
from autodmca_edge.addresses import Proxies
from autodmca_edge.admission import Admission
from autodmca_edge.arrivals import Arrivals
from autodmca_edge.broker import Broker
from autodmca_edge.config import AdmissionSettings, EdgeSettings
from autodmca_edge.control import Control
from autodmca_edge.control_metrics import ControlMetrics
from autodmca_edge.control_tail import ControlTail
from autodmca_edge.draining import send_away
from autodmca_edge.entrance import Entrance
from autodmca_edge.exposition import Exposition
from autodmca_edge.fallback import Fallback
from autodmca_edge.gauges import gauges_of
from autodmca_edge.handshake import Upgrade
from autodmca_edge.http import cross_origin, routes
from autodmca_edge.http_subscriptions import subscription_routes
from autodmca_edge.hub import Hub
from autodmca_edge.limits import Limits
from autodmca_edge.log import EventLog, Partition
from autodmca_edge.metrics import Metrics
from autodmca_edge.node import Socket
from autodmca_edge.operators import operators_listener
from autodmca_edge.outbox import Wire
from autodmca_edge.pressure import Pressure
from autodmca_edge.protocol import ClientMessage
from autodmca_edge.recent import Recent
from autodmca_edge.replay import Replays
from autodmca_edge.revocations import Revocations, Unrevoked
from autodmca_edge.session import Session
from autodmca_edge.tail import Tail
from autodmca_edge.timers import TimerWheel, monotonic_wall_clock
from autodmca_edge.transport import CLOSE_TIMEOUT_S
from autodmca_edge.treatment import Treatments
from autodmca_edge.turns import Turns

__all__ = ["EdgeNode", "main"]

TICK_S = 0.25

log = structlog.get_logger()


class EdgeNode:
    """All parts of a node, and what sessions and sockets ask of it."""

    def __init__(self, settings: EdgeSettings, broker: Broker, verifier: TokenVerifier) -> None:
        self.name = settings.node if settings.node != "edge" else f"edge-{socket.gethostname()}"
        self.origins = frozenset(settings.origins)
        self.treatments = Treatments(settings.experiments, compression=settings.compression)
        self.compression = self.treatments.compression
        self.max_message_bytes = settings.max_message_bytes
        self.max_subscriptions = settings.max_subscriptions
        self.outbox_bytes = settings.outbox_bytes
        self.clock = monotonic_wall_clock()
        revocations = Revocations(self.clock)
        self.verifier = Unrevoked(verifier, revocations)
        self.wheel = TimerWheel()
        self.sessions: dict[str, Session] = {}
        self.draining = False
        self.log = EventLog(settings.window_bytes)
        self.metrics = Metrics(gauges_of(self))
        self.wire = Wire(os.write)
        self.hub = Hub(self.metrics, self.wire)
        self.tail = Tail(
            broker.reader,
            self.log,
            self.hub,
            self.wheel,
            self.clock,
            self.dropped,
            self.spawn,
            grace_s=settings.partition_grace_seconds,
            read_all=settings.read_all_partitions,
            counted=self._reading_changed,
        )
        self.metrics.lag = self.tail.lags
        self.replayer = Replays(
            self.log,
            self.tail,
            self.hub.gates,
            self.spawn,
            limit=settings.replay_limit,
            counts=self.metrics.replays,
            recent=Recent(self.wheel, self.clock),
            turns=Turns(
                settings.log_replays,
                settings.replay_seconds,
                self.wheel,
                self.clock,
                self.metrics.replays.places,
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

    def _decide_on_newcomers(self, settings: AdmissionSettings) -> None:
        self.limits = Limits(
            Proxies(settings.trusted_proxies),
            a_user=settings.user_connections,
            an_address=settings.address_connections,
            unauthenticated=settings.unauthenticated,
        )
        self.pressure = Pressure(
            max_lag_s=settings.max_loop_lag_ms / 1000,
            max_bytes=settings.max_memory_bytes or memory.share_of_limit(memory.cgroup_limit()),
            resident=memory.resident_bytes,
        )
        self.admission = Admission(
            settings.handshakes_a_second,
            settings.handshakes_waiting,
            self.clock,
            lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call),
            self.pressure.pressed,
        )
        self.arrivals = Arrivals(self.admission, self.limits, self.pressure)

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
        while True:
            now = self.clock()
            self.wheel.advance(now)
            self.tail.following.drop_idle(now)
            await asyncio.sleep(TICK_S)
            self.pressure.beat(max(self.clock() - now - TICK_S, 0.0))

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine for a session; one that fails is logged and leaves the rest alone."""
        if self._tasks is None:
            coroutine.close()
            return
        self._tasks.create_task(_guarded(coroutine))

    def lags(self) -> Iterable[tuple[Partition, int]]:
        """How far this node is behind the log, by partition."""
        return self.tail.lags()

    def soon(self, call: Any, *args: Any) -> None:
        """Call back when the event loop is next free."""
        asyncio.get_running_loop().call_soon(call, *args)

    def later(self, seconds: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, call)

    def converse(self, socket: Socket) -> Session:
        """A session for a new WebSocket."""
        self.metrics.opened += 1
        return Session(self, socket, secrets.token_urlsafe(12))

    def compresses(self, upgrade: Upgrade) -> bool:
        return treating.compresses(self, upgrade.token)

    def publish(self, session: Session, message: ClientMessage) -> None:
        """A client's application message."""
        self.actions.publish(session, message)

    # -- counting ---------------------------------------------------------------------------------

    def sent(self, size: int) -> None:
        self.metrics.bytes += size

    def refused(self, status: int) -> None:
        self.metrics.handshakes_refused[str(int(status))] += 1

    def said_bad(self, code: str) -> None:
        self.metrics.refusals[code] += 1

    def closed(self, code: int) -> None:
        self.metrics.closes[str(int(code))] += 1

    def turned_away(self, why: str) -> None:
        self.arrivals.turned_away[why] += 1

    def deferred(self, events: int) -> None:
        self.metrics.deferred_events += events

    def _action_accepted(self) -> None:
        self.metrics.actions_accepted += 1

    def dropped(self, reason: str, events: int) -> None:
        self.metrics.dropped_events[reason] += events

    def _reading_changed(self, change: str, partitions: int) -> None:
        self.metrics.partition_changes[change] += partitions

    def show(self, exposition: Exposition) -> None:
        """All that this node counts."""
        for each in (self.metrics, self.arrivals, ControlMetrics(self.control), self.treatments):
            exposition.show(each)

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


async def main(settings: EdgeSettings) -> None:
    """Run one node until it is told to stop."""
    verifier = TokenVerifier(settings.tokens)
    exposition = Exposition()
    broker = Broker(settings.kafka, exposition.producer)
    node = EdgeNode(settings, broker, verifier)
    health = Health()
    health.add("event log", node.tail.trouble)
    health.add("token keys", verifier.problem)
    health.add("load", node.pressure.problem)
    node.show(exposition)
    health.add("edge control", node.control_tail.trouble)
    fallback = Fallback(node)
    exposition.show(fallback.counts)
    over_http = subscription_routes(node, node.control, a_second_of_user=settings.user_messages_a_second)
    app = Starlette(
        routes=routes(health, exposition.registry, fallback, over_http),
        middleware=[cross_origin(settings.origins)],
    )

    stop = asyncio.Event()
    operators = operators_listener(
        node, node, node.control, health, exposition.registry, settings.admin, stop.set
    )

    async def follow() -> None:
        async with broker.reached():
            settle_garbage_collector()
            await node.run()

    await serve(
        app,
        host=settings.host,
        port=settings.port,
        health=health,
        http=cast("Any", partial(Entrance, node)),
        ws="none",
        proxy_headers=False,  # limits.py decides whose word is taken
        drain_s=settings.drain_seconds + CLOSE_TIMEOUT_S + 2,  # a timer more, and some slack
        on_drain=partial(node.drain, settings.drain_seconds),
        stop=stop,
        background={
            **operators,
            "event log": follow,
            "topics": partial(broker.keep_topics, node.tail.gone),
            "token keys": verifier.run,
            "timers": node.keep_time,
        },
        backlog=4096,
    )
