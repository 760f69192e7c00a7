"""Fixtures that give a test a broker: the embedded one, a real Apache Kafka, or each in turn.

`embedded_broker`, `kafka_broker` and `any_broker` are shared by the whole session: a test takes topics of
its own (`new_name`) and never harms the broker. `fault_kafka`, `fault_embedded` and `fault_broker` belong to
one test module, which may kill, freeze and restart them; they are up again when a test starts. So is
`kafka_cluster`, of three brokers; `secure_kafka` asks its clients who they are, and what they may. Apache
Kafka comes from Docker where an engine has its image or can fetch it, else from Maven, else from
KAFKA_BOOTSTRAP_SERVERS.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from tests.apache_kafka import MovingKafka, NoApacheKafka, apache_kafka
from tests.broker_process import embedded_kafka
from tests.docker_kafka import DockerKafka, docker_brings_kafka
from tests.kafka_cluster import KafkaCluster
from tests.secure_kafka import SecureKafka

T = TypeVar("T")


class Broker(Protocol):
    """`name`: embedded or apache. `kill` is `kill -9`, `stop` freezes until `cont`, `mend` undoes both."""

    name: str
    bootstrap_servers: str

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def restart(self) -> None: ...
    def stop(self) -> None: ...
    def cont(self) -> None: ...
    def mend(self) -> None: ...
    def close(self) -> None: ...


class ForeignKafka:
    """A cluster that somebody else runs: it can be used, not harmed."""

    name = "apache"

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers

    def start(self) -> None:
        """It runs already."""

    def mend(self) -> None:
        """Nothing can have happened to it."""

    def close(self) -> None:
        """It goes on running."""

    def _refuse(self) -> None:
        pytest.fail("this test harms the broker; KAFKA_BOOTSTRAP_SERVERS names one that is not ours")

    kill = restart = stop = cont = _refuse


def real_kafka(directory: Path) -> Broker:
    """An Apache Kafka, not started yet. Raises NoApacheKafka."""
    if docker_brings_kafka():
        return DockerKafka()
    try:
        return apache_kafka(directory)
    except NoApacheKafka as error:
        if servers := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
            return ForeignKafka(servers)
        reason = f"no Docker engine that has its image, {error}, and KAFKA_BOOTSTRAP_SERVERS is not set"
        raise NoApacheKafka(reason) from error


def _or_skip(make: Callable[[Path], T], directory: Path) -> T:
    try:
        return make(directory)
    except NoApacheKafka as error:
        reason = f"no Apache Kafka: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@contextmanager
def _running(broker: Broker) -> Iterator[Broker]:
    broker.start()
    try:
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with _running(embedded_kafka(tmp_path_factory.mktemp("embedded"))) as broker:
        yield broker


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with _running(_or_skip(real_kafka, tmp_path_factory.mktemp("kafka"))) as broker:
        yield broker


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def any_broker(request: pytest.FixtureRequest) -> Broker:
    """Every test that asks for it runs twice."""
    fixture = {"embedded": "embedded_broker", "apache": "kafka_broker"}[request.param]
    broker: Broker = request.getfixturevalue(fixture)
    return broker


@pytest.fixture(scope="module")
def _module_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with _running(_or_skip(real_kafka, tmp_path_factory.mktemp("fault-kafka"))) as broker:
        yield broker


@pytest.fixture(scope="module")
def _module_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with _running(embedded_kafka(tmp_path_factory.mktemp("fault-embedded"))) as broker:
        yield broker


@pytest.fixture
def fault_kafka(_module_kafka: Broker) -> Broker:
    _module_kafka.mend()
    return _module_kafka


@pytest.fixture
def fault_embedded(_module_embedded: Broker) -> Broker:
    _module_embedded.mend()
    return _module_embedded


@pytest.fixture
def moving_kafka(tmp_path: Path) -> Iterator[MovingKafka]:
    """A real broker, never in Docker, that can come back at another address than it had."""
    broker = _or_skip(MovingKafka, tmp_path)
    broker.start()
    try:
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def secure_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """A real broker, never in Docker, with TLS, SASL and ACLs; nobody has rights there before a test grants
    them."""
    broker = _or_skip(SecureKafka, tmp_path_factory.mktemp("secure-kafka"))
    broker.start()
    try:
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="module")
def _module_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    cluster = _or_skip(KafkaCluster, tmp_path_factory.mktemp("kafka-cluster"))
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def kafka_cluster(_module_cluster: KafkaCluster) -> KafkaCluster:
    """Three real brokers, never in Docker: killed, frozen and moved about, and all up when a test starts."""
    _module_cluster.mend()
    return _module_cluster


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def fault_broker(request: pytest.FixtureRequest) -> Broker:
    """Every test that asks for it runs twice, and may kill, freeze and restart the broker."""
    fixture = {"embedded": "fault_embedded", "apache": "fault_kafka"}[request.param]
    broker: Broker = request.getfixturevalue(fixture)
    return broker


@pytest.fixture
def new_name() -> Callable[[str], str]:
    """Names that no other test has, for topics and groups."""
    return lambda prefix: f"{prefix}-{uuid.uuid4().hex[:10]}"
