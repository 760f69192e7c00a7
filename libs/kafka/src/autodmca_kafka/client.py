"""aiokafka's client of a cluster, made to find a cluster that came back at other addresses; `cluster` puts it
in its place, under every producer, group member and reader.

aiokafka asks the brokers of the last answer alone. When none of them answers, this client asks the bootstrap
servers again (as KIP-899 has Java's clients do), and as long as nobody answers it tries again by itself, so
that a client that nobody uses knows where the cluster is, too. Never gives up; `trouble` says that it has not
found it, and why. A broker that says that it throttles this client (KIP-219) is asked nothing for so long: it
would not read it, and the question would time out.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import aiokafka.client
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError

from autodmca_kafka.access import Access, say

AGAIN_S: Final = 1.0
SAID_MS: Final = 1000
"""Throttling that is said: of less, a client that is fast has some now and then."""
LOST_S: Final = 2.0
"""A broker that is started again is away for less, or little more."""


class _MetadataRequest(aiokafka.client.MetadataRequest):  # type: ignore[misc]
    """aiokafka's own question about topics, with leave to create them withdrawn."""

    def __init__(self, topics: list[str] | None = None) -> None:
        super().__init__(topics, allow_auto_topic_creation=False)


# aiokafka always gives that leave, and has no setting for it: a broker that came back without its topics
# would get them again, with its own number of partitions, from whichever client asks first.
aiokafka.client.MetadataRequest = _MetadataRequest


_SAID_BETTER: Final = ("Unable connect", "Unable to update metadata", "Unable to request metadata")


def _not_said_better(record: logging.LogRecord) -> bool:
    """Whether a line of aiokafka says something that `access.say` has not said, with the reason."""
    return not str(record.msg).startswith(_SAID_BETTER)


aiokafka.client.log.addFilter(_not_said_better)


class Client(AIOKafkaClient):  # type: ignore[misc]
    """`lost_since`: when it turned out that no broker answers, by the loop's clock; None while one does.
    `options`: those of `Access`, and aiokafka's others."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        given = options.get("sasl_oauth_token_provider")
        self.access = given if isinstance(given, Access) else Access(self._bootstrap_servers)
        self._sasl_oauth_token_provider = self.access
        self._throttled: dict[tuple[Any, ConnectionGroup], float] = {}
        self.lost_since: float | None = None
        self._again: asyncio.TimerHandle | None = None
        # The bootstrap servers are known to it as brokers `bootstrap-0` and so on.
        self.cluster = ClusterMetadata(
            metadata_max_age_ms=self._metadata_max_age_ms, bootstrap_servers=self._bootstrap_servers
        )

    @property
    def trouble(self) -> str | None:
        """That no broker answers, once that has lasted for a while."""
        lost_s = 0.0 if self.lost_since is None else self._loop.time() - self.lost_since
        if lost_s <= LOST_S:
            return None
        why = f" ({self.access.reason})" if self.access.reason else ""
        return f"no Kafka broker has answered for {lost_s:.0f} s{why}"

    async def send(
        self, node_id: Any, request: Any, *, group: ConnectionGroup = ConnectionGroup.DEFAULT
    ) -> Any:
        """Ask a broker, when it reads what this client says. Raises aiokafka's KafkaError."""
        connection = node_id, group
        if (wait_s := self._throttled.get(connection, 0.0) - self._loop.time()) > 0:
            await asyncio.sleep(wait_s)
        answer = await super().send(node_id, request, group=group)
        if (throttle_ms := getattr(answer, "throttle_time_ms", 0)) > 0:
            self._throttled[connection] = self._loop.time() + throttle_ms / 1000
            if throttle_ms >= SAID_MS:
                say("a Kafka broker throttles this client, which is over a quota", client_id=self._client_id)
        return answer

    def knows(self, api_key: int) -> bool:
        """Whether a broker that it has a connection to takes such a request."""
        return any(api_key in each._versions for each in self._conns.values())  # noqa: SLF001

    async def close(self) -> None:
        if self._again is not None:
            self._again.cancel()
        await super().close()
        ends = [connection.close() for connection in list(self.access.connections)]
        await asyncio.gather(*ends)

    async def _metadata_update(self, cluster_metadata: ClusterMetadata, topics: set[str] | None) -> bool:
        found = await super()._metadata_update(cluster_metadata, topics) or await self._ask_bootstrap_servers(
            cluster_metadata, topics
        )
        if found:
            self.lost_since = None
            return True
        if self.lost_since is None:
            self.lost_since = self._loop.time()
        self._again = self._loop.call_later(AGAIN_S, self._try_again)
        return False

    async def _ask_bootstrap_servers(
        self, cluster_metadata: ClusterMetadata, topics: set[str] | None
    ) -> bool:
        """With the topics in the question: `bootstrap` would have the cluster forget their partitions, and a
        group would rebalance over it."""
        for node in self.cluster._generate_bootstrap_brokers():  # noqa: SLF001 (there is no public way)
            connection = await self._get_conn(node)
            if connection is None:
                continue
            try:
                metadata = await connection.send(_MetadataRequest(list(topics) if topics else None))
            except (KafkaError, TimeoutError):
                continue
            finally:
                connection.close()
            if metadata.brokers:
                cluster_metadata.update_metadata(metadata)
                return True
        return False

    def _try_again(self) -> None:
        if self._sync_task is not None:  # else it is closed
            self.force_metadata_update()
