"""A node without a network, for tests: simulated time, sockets and log around the real parts.

Everything between the fakes (sessions, hub, subscriptions, outbox, replays, timers) is what runs in
production. Nothing here sleeps: `FakeNode.settle` runs what is ready.
"""

from autodmca_edge.testing.client import client_frame, upgrade_request
from autodmca_edge.testing.control import FakeControlLog
from autodmca_edge.testing.log import FakeLog, StoredBatch, StoredRecord, record_of
from autodmca_edge.testing.node import FakeNode
from autodmca_edge.testing.peer import FakePeer, cursors_of, messages
from autodmca_edge.testing.verifier import FakeVerifier

__all__ = [
    "FakeControlLog",
    "FakeLog",
    "FakeNode",
    "FakePeer",
    "FakeVerifier",
    "StoredBatch",
    "StoredRecord",
    "client_frame",
    "cursors_of",
    "messages",
    "record_of",
    "upgrade_request",
]
