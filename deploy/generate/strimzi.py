"""What a cluster of the Strimzi operator has to know, and how services log in there: topics, users, rights.

Owns the example in deploy/k8s/strimzi, and the patch by which prod's services reach it: each as itself, with
a password and an authority that lie in files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from autodmca_edge.log.broker import rights as edge_rights
from autodmca_events.topics import CLIENT_ACTIONS, events_topic, inputs_topic, outcomes_topic
from autodmca_kafka import event_topics, service_topics
from autodmca_kafka.rights import Right, maker_rights, on_topics, relay_rights, service_rights
from autodmca_kafka.topics import TopicSpec

from deploy.generate.pods import Manifest
from deploy.services import DOMAIN, SERVICES, Service

API: Final = "kafka.strimzi.io/v1beta2"
LABELS: Final = {"strimzi.io/cluster": "autodmca"}
COPIES: Final = 3
IN_SYNC: Final = "2"
FILES: Final = "/run/kafka"
MAKER: Final = "topics"


def made() -> list[TopicSpec]:
    """Every topic that the services use."""
    return [*event_topics(), *(spec for each in DOMAIN for spec in service_topics(each.name))]


def rights() -> Mapping[str, list[Right]]:
    """What each program may have to do while its topics exist, and what making them takes."""
    services = {each.name: [*service_rights(each.name), *_of_sagas(each)] for each in DOMAIN}
    return {"edge": edge_rights(), **services, MAKER: maker_rights(made())}


def _of_sagas(service: Service) -> list[Right]:
    """To ask other services and hear what they answer and tell."""
    asked = on_topics("WRITE", map(inputs_topic, service.asks))
    heard = [*map(outcomes_topic, service.asks), *map(events_topic, service.follows)]
    heard += [CLIENT_ACTIONS] if service.hears_clients else []
    return [*asked, *relay_rights(service.name, heard)] if heard else asked


def topics() -> Iterator[Manifest]:
    """Each topic as a resource."""
    for spec in made():
        config = {**spec.config, "min.insync.replicas": IN_SYNC}
        about = {"partitions": spec.partitions, "replicas": COPIES, "config": config}
        metadata = {"name": spec.name, "labels": LABELS}
        yield {"apiVersion": API, "kind": "KafkaTopic", "metadata": metadata, "spec": about}


def users() -> Iterator[Manifest]:
    """Each program as a user who may do what it has to, and nothing else."""
    for name, granted in rights().items():
        operations: dict[tuple[str, str], list[str]] = {}
        for right in granted:
            words = right.operation.title().replace("_", "")
            operations.setdefault((right.resource, right.name), []).append(words)
        acls = [
            {"resource": {"type": kind, "name": resource, "patternType": "literal"}, "operations": each}
            for (kind, resource), each in operations.items()
        ]
        yield {
            "apiVersion": API,
            "kind": "KafkaUser",
            "metadata": {"name": name.replace("_", "-"), "labels": LABELS},
            "spec": {
                "authentication": {"type": "scram-sha-512"},
                "authorization": {"type": "simple", "acls": acls},
            },
        }


def logins() -> Iterator[Manifest]:
    """Patches: who each service is to Kafka, and where its password and the brokers' authority lie."""
    return (_login(each) for each in SERVICES if each.kafka and not each.profile)


def _login(service: Service) -> Manifest:
    def files(secret: str, key: str, path: str) -> Manifest:
        return {"secret": {"name": secret, "items": [{"key": key, "path": path}]}}

    sources = [
        files(service.host, "password", "password"),
        files("autodmca-cluster-ca-cert", "ca.crt", "ca.crt"),
    ]
    environment = {
        "KAFKA_SASL_USERNAME": service.host,
        "KAFKA_SASL_PASSWORD_FILE": f"{FILES}/password",
        "KAFKA_SSL_CA_FILE": f"{FILES}/ca.crt",
    }
    container = {
        "name": service.host,
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "volumeMounts": [{"name": "kafka", "mountPath": FILES, "readOnly": True}],
    }
    volume = {"name": "kafka", "projected": {"defaultMode": 0o440, "sources": sources}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": service.host},
        "spec": {"template": {"spec": {"containers": [container], "volumes": [volume]}}},
    }
