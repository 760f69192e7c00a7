"""Who is cut off, in a process that holds no connections: a service refuses them, and has nothing to end.

Owns its reader of `edge-control` and what that has said. The process is not ready until everything that was
said before is read; meanwhile it refuses only those whom it knows to be cut off. A record that makes no sense
is counted, logged and passed over. When the topic is made anew, what was said still holds.
"""

from __future__ import annotations

import time

import structlog
from autodmca_events.topics import EDGE_CONTROL
from autodmca_kafka import Record, RecoverableError, TailReader, say
from autodmca_kafka.brokers import Brokers
from prometheus_client import CollectorRegistry, Counter, Gauge

from autodmca_service.control.records import Misplaced, Unknown, decode_revocation, is_revocation
from autodmca_service.control.revocations import Revocations
from autodmca_service.control.tail import ControlTail

_log = structlog.get_logger()


class CutOff:
    """Run `run()` beside what verifies tokens against `revocations`."""

    def __init__(self, bootstrap_servers: Brokers, *, client_id: str, registry: CollectorRegistry) -> None:
        self.revocations = Revocations(time.time)
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._tail: ControlTail | None = None
        self._skipped = Counter(
            "autodmca_revocation_records_skipped_total",
            "Records of edge-control that should be revocations and cannot be read, by what is wrong.",
            ["reason"],
            registry=registry,
        )
        held = Gauge("autodmca_revocations", "Users and tokens that are cut off.", registry=registry)
        held.set_function(lambda: len(self.revocations))

    def trouble(self) -> str | None:
        """Why somebody who is cut off may not be known here, for a readiness check."""
        return "who is cut off is not known yet" if self._tail is None else self._tail.trouble()

    async def run(self) -> None:
        """Follow until cancelled, however long the broker is away. Raises FatalError."""
        while True:
            try:
                async with TailReader(self._bootstrap_servers, client_id=self._client_id) as reader:
                    self._tail = ControlTail(reader, self, lambda: None)
                    await self._tail.run()
            except RecoverableError as error:
                say("who is cut off cannot be read yet", topic=EDGE_CONTROL, reason=str(error))

    def take(self, record: Record, *, early: bool = False) -> None:
        """The next record of the topic. Never raises."""
        if not is_revocation(record.headers):
            return
        try:
            said = decode_revocation(record.key, record.value)
        except Unknown as fault:
            self.missed("misplaced" if isinstance(fault, Misplaced) else "unreadable", 1)
            _log.warning("record skipped", topic=EDGE_CONTROL, offset=record.offset, reason=str(fault))
            return
        self.revocations.put(said.revoked, said.until_ms / 1000)

    def missed(self, reason: str, records: int) -> None:
        """Records of the topic that could not be read."""
        self._skipped.labels(reason).inc(records)

    def forgotten(self) -> None:
        """The topic was made again; edges say once more what still holds."""
