"""What of a node is measured when somebody asks: its gauges.

Owns their names and meaning. Each is asked at a scrape only, and costs at most a walk over the sessions, the
blocked sockets or the partitions.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from autodmca_edge.actions import ClientActions
from autodmca_edge.hub import Hub
from autodmca_edge.log import EventLog
from autodmca_edge.outbox import Wire
from autodmca_edge.replay import Replays
from autodmca_edge.session import Session

__all__ = ["Measured", "gauges_of"]


class Measured(Protocol):
    """What is asked of a node."""

    actions: ClientActions
    hub: Hub
    log: EventLog
    replayer: Replays
    sessions: dict[str, Session]
    wire: Wire


def gauges_of(node: Measured) -> Mapping[str, tuple[str, Callable[[], float]]]:
    """By name: what it says, and how to ask."""
    return {
        "connections": ("Open WebSockets, and requests to the fallback.", lambda: len(node.sessions)),
        "connections_blocked": (
            "Connections whose socket takes no bytes now.",
            lambda: len(node.wire.congested),
        ),
        "outbox_bytes": (
            "Bytes that wait for blocked connections: in outboxes, and at most so many in their transports.",
            lambda: sum(each.size + each.spilled for each in node.wire.congested),
        ),
        "subscriptions": (
            "Standing subscriptions.",
            lambda: sum(len(each.standing) for each in node.sessions.values()),
        ),
        "users": ("Users with a subscription here.", lambda: node.hub.users),
        "replays_running": (
            "Replays begun and not ended, catch-ups included.",
            lambda: node.replayer.running,
        ),
        "replays_waiting": (
            "Replays that wait for an earlier one of their connection.",
            lambda: node.replayer.waiting,
        ),
        "gates_open": (
            "Partitions, over all connections, that hold live events back until a replay has caught up.",
            lambda: sum(len(each) for each in node.hub.gates.values()),
        ),
        "partitions": ("Partitions that this node reads.", lambda: sum(each.followed for each in node.log)),
        "actions_waiting": ("Clients' messages not yet in the log.", lambda: node.actions.waiting),
        "window_bytes": ("Bytes of recent records in memory, about.", lambda: node.log.window_size),
        "window_records": (
            "How far the memory of recent records reaches back, in offsets over all partitions.",
            lambda: sum(each.position - each.oldest for each in node.log),
        ),
    }
