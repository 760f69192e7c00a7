"""Apache Kafka without Docker: one KRaft node on Java 17, its jars fetched once by Maven.

    python -m tests.apache_kafka            # a broker until Ctrl-C; prints its address

Owns the jars in `.run/kafka/libs` (43 MB) and a broker's configuration; everything else a broker writes is
in the directory its caller gives. Fails with `NoApacheKafka` where Java or Maven is missing.
"""

from __future__ import annotations

import base64
import fcntl
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path
from shutil import which

from autodmca_kafka.embedded import free_port

from tests.broker_process import BrokerProcess

VERSION = "4.1.0"
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

PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
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


class NoApacheKafka(Exception):
    """Java or Maven is missing, or Maven could not fetch the jars."""


def jars(cache: Path = CACHE) -> Path:
    """The directory of Kafka's jars, fetched the first time; safe to call in several processes at once."""
    libs = cache / "libs"
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
    libs = jars()
    port, controller = free_port(), free_port()
    data = directory / "data"
    properties = directory / "server.properties"
    properties.write_text(PROPERTIES.format(port=port, controller=controller, data=data))
    logging = {"defaultLogLevel": "warn", "showDateTime": "true", "dateTimeFormat": "HH:mm:ss.SSS"}
    settings = [f"-Dorg.slf4j.simpleLogger.{name}={value}" for name, value in logging.items()]
    java = ["java", *settings, "-cp", f"{libs}/*"]
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    subprocess.run(
        [*java, "-Xmx128m", "-XX:+UseSerialGC", "kafka.tools.StorageTool", "format",
         "-t", cluster_id, "-c", str(properties)],
        check=True, capture_output=True, timeout=FORMAT_S,
    )  # fmt: skip
    # Killed, a broker may come back once its old session is over: hence the short session timeout. A small
    # young generation: the collector's pauses are the floor of every latency measured here.
    memory = ["-Xms384m", "-Xmx384m", "-Xmn32m", "-XX:+UseSerialGC"]
    pin = [] if core is None else ["taskset", "-c", str(core)]
    command = [*pin, java[0], *memory, *java[1:], "kafka.Kafka", str(properties)]
    return BrokerProcess("apache", port, command, directory / "broker.log")


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
