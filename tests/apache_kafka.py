"""Apache Kafka without Docker: KRaft nodes on Java 17, their jars fetched once by Maven.

    python -m tests.apache_kafka            # a broker until Ctrl-C; prints its address

Owns the jars in `.run/kafka` (43 MB) and a broker's configuration; everything else a broker writes is in the
directory its caller gives. `KAFKA_VERSION` names another version than the one that tests take; it is fetched
beside it. Fails with `NoApacheKafka` where Java or Maven is missing.
"""

from __future__ import annotations

import base64
import fcntl
import os
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which
from typing import NamedTuple

from autodmca_kafka.embedded import free_port

from tests.broker_process import BrokerProcess

NEWEST = "4.1.0"
VERSION = os.environ.get("KAFKA_VERSION") or NEWEST
LOGGER = "1.7.36"  # of Kafka's own slf4j-api: without one the broker ends without a word
CACHE = Path(__file__).resolve().parent.parent / ".run" / "kafka"
MAVEN_S = 600
FORMAT_S = 120

POM = f"""<project><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
<version>{VERSION}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{LOGGER}</version></dependency>
</dependencies></project>
"""

# Killed, a broker may come back, and others may lead, once its old session is over: hence the short timeout.
PROPERTIES = """process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}{listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{protocols}
log.dirs={data}
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.segment.bytes=67108864
file.delete.delay.ms=1000
"""


class Listener(NamedTuple):
    """One more of a broker: its `protocol` is SSL, SASL_SSL or SASL_PLAINTEXT."""

    name: str
    protocol: str
    port: int


class NoApacheKafka(Exception):
    """Java or Maven is missing, or Maven could not fetch the jars."""


def jars(cache: Path = CACHE) -> Path:
    """The directory of Kafka's jars, fetched the first time; safe to call in several processes at once."""
    libs = cache / ("libs" if VERSION == NEWEST else f"libs-{VERSION}")
    if which("java") is None:
        raise NoApacheKafka("there is no java; Apache Kafka needs Java 17")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (f"kafka_2.13-{VERSION}.jar", f"slf4j-simple-{LOGGER}.jar")
        if not all((libs / jar).exists() for jar in wanted):
            _fetch(cache, libs)
    return libs


def _fetch(cache: Path, libs: Path) -> None:
    if which("mvn") is None:
        raise NoApacheKafka("there is no mvn to fetch Apache Kafka's jars with")
    (cache / "pom.xml").write_text(POM)
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={libs}"]
    done = subprocess.run(
        ["mvn", "-q", "-f", str(cache / "pom.xml"), *goal], capture_output=True, text=True, timeout=MAVEN_S
    )
    if done.returncode:
        raise NoApacheKafka(f"mvn could not fetch the jars:\n{(done.stdout + done.stderr)[-2000:]}")


def apache_kafka(directory: Path, *, core: int | None = None) -> BrokerProcess:
    """A formatted node on free ports, not started yet; `core` pins it to one core (Linux)."""
    # A small young generation: the collector's pauses are the floor of every latency measured here.
    memory = ["-Xms384m", "-Xmx384m", "-Xmn32m"]
    return apache_nodes(directory, 1, memory, [] if core is None else ["taskset", "-c", str(core)])[0]


def apache_nodes(
    directory: Path,
    count: int,
    memory: Sequence[str],
    before: Sequence[str] = (),
    *,
    listeners: Sequence[Listener] = (),
    more: str = "",
    users: Sequence[str] = (),
) -> list[BrokerProcess]:
    """Nodes 1 to `count` of one cluster, broker and controller each; formatted, not started yet.

    `memory`: options of Java's; `listeners`: beside the one without TLS and SASL; `more`: lines of the
    configuration; `users`: SCRAM users as Kafka's `--add-scram` has them.
    """
    logging = {"defaultLogLevel": "warn", "showDateTime": "true", "dateTimeFormat": "HH:mm:ss.SSS"}
    settings = [f"-Dorg.slf4j.simpleLogger.{name}={value}" for name, value in logging.items()]
    java = ["-XX:+UseSerialGC", *settings, "-cp", f"{jars()}/*"]
    # Its tool takes a name that begins with a dash for an option.
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
    controllers = {node: free_port() for node in range(1, count + 1)}
    voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in controllers.items())
    brokers: list[BrokerProcess] = []
    formats: list[list[str]] = []
    for node, controller in controllers.items():
        port, properties = free_port(), directory / f"server-{node}.properties"
        data = directory / f"data-{node}"
        properties.write_text(
            PROPERTIES.format(
                node=node, voters=voters, port=port, controller=controller, data=data,
                listeners="".join(f",{each.name}://127.0.0.1:{each.port}" for each in listeners),
                protocols="".join(f",{each.name}:{each.protocol}" for each in listeners),
            )
            + more
        )  # fmt: skip
        formatting = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties)]
        formatting += [word for user in users for word in ("--add-scram", user)]
        formats.append(["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", *java, *formatting])
        command = [*before, "java", *memory, *java, "kafka.Kafka", str(properties)]
        brokers.append(BrokerProcess("apache", port, command, directory / f"broker-{node}.log"))
    with ThreadPoolExecutor(count) as threads:
        list(threads.map(_run, formats))
    return brokers


class MovingKafka:
    """One node, with its data, at the first or the second of its addresses; not started yet."""

    def __init__(self, directory: Path) -> None:
        node = apache_kafka(directory)
        self._properties = directory / "server-1.properties"
        self._nodes = [node, BrokerProcess("apache", free_port(), node.command, directory / "moved.log")]
        self.bootstrap_servers = ",".join(each.bootstrap_servers for each in self._nodes)

    def start(self) -> None:
        self._nodes[0].start()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._nodes[0].kill()

    def move(self) -> None:
        """Start it, which was killed, at the address where it was not."""
        before, after = (each.bootstrap_servers for each in self._nodes)
        self._properties.write_text(self._properties.read_text().replace(before, after))
        self._nodes.reverse()
        self.start()

    def close(self) -> None:
        self._nodes[0].close()


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=FORMAT_S)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="apache-kafka-") as directory:
        broker = apache_kafka(Path(directory))
        broker.start()
        try:
            print(broker.bootstrap_servers, flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        finally:
            broker.close()


if __name__ == "__main__":
    main()
