"""Apache Kafka in a container, where a Docker engine has its image or can fetch it.

Owns one container of Kafka's own image with the faults a test may cause: kill, start again, pause. The
address stays the same, since the host's port is chosen beforehand.
"""

from __future__ import annotations

import os
import subprocess
from shutil import which

from autodmca_kafka.embedded import free_port
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

IMAGE = os.environ.get("KAFKA_IMAGE", "apache/kafka:4.1.0")
CLIENT_PORT = 9094
START_S = 120
ANSWER_S = 20
PULL_S = 300


def docker_brings_kafka() -> bool:
    """Whether an engine answers, and has the images or can fetch them.

    Asked by the command line: docker-py leaves a socket open when no engine answers.
    """
    if which("docker") is None or not _docker("version", within_s=ANSWER_S):
        return False
    images = [IMAGE] if testcontainers_config.ryuk_disabled else [IMAGE, testcontainers_config.ryuk_image]
    return all(
        _docker("image", "inspect", image, within_s=ANSWER_S)
        or _docker("pull", "--quiet", image, within_s=PULL_S)
        for image in images
    )


def _docker(*arguments: str, within_s: float) -> bool:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, timeout=within_s, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


class DockerKafka:
    """The same face as BrokerProcess."""

    name = "apache"

    def __init__(self) -> None:
        port = free_port()
        self.bootstrap_servers = f"127.0.0.1:{port}"
        environment = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENERS": f"INSIDE://:9092,CONTROLLER://:9093,OUTSIDE://:{CLIENT_PORT}",
            "KAFKA_ADVERTISED_LISTENERS": f"INSIDE://localhost:9092,OUTSIDE://{self.bootstrap_servers}",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": (
                "CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT"
            ),
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "2000",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_HEAP_OPTS": "-Xms384m -Xmx384m",
            "KAFKA_JVM_PERFORMANCE_OPTS": "-XX:+UseSerialGC",
        }
        ready = LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(START_S)
        container = DockerContainer(IMAGE).with_envs(**environment).with_bind_ports(CLIENT_PORT, port)
        self._container = container.waiting_for(ready)
        self._created = False

    def start(self) -> None:
        if self._created:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._created = True

    def kill(self) -> None:
        container = self._container.get_wrapped_container()
        container.reload()
        if container.status != "exited":
            container.kill("SIGKILL")
            container.wait()

    def close(self) -> None:
        self._container.stop()

    def restart(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> None:
        self._container.get_wrapped_container().pause()

    def cont(self) -> None:
        self._container.get_wrapped_container().unpause()

    def mend(self) -> None:
        container = self._container.get_wrapped_container()
        container.reload()
        if container.status == "paused":
            container.unpause()
        elif container.status != "running":
            self.start()
