"""The manifests that follow from the table of services: a file for each service, and what gathers them.

Owns their shape. What differs between clusters (names, sizes, addresses) stands in the overlays, by hand; so
do the policies of the namespace. Everything runs without rights, on a root that it cannot write, and nothing
speaks to anything that no policy names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.generate import slos, strimzi
from deploy.generate.pods import Manifest, deployment, labels_of, ops_of
from deploy.local.outside import outside as at_world
from deploy.services import IMAGES, ROOT, SERVICES, Service

HEAD: Final = "# Generated from deploy/services.py: make generate.\n"
CONNECTIONS: Final = "5000"
LOOP_LAG: Final = "50m"
"""Seconds of the event loop's lateness, 99 of 100, over which an edge has too much to do; in thousandths."""
KAFKA_PORTS: Final = (9092, 9093)
PROMETHEUS_PORT: Final = 9090
OURS: Final[Manifest] = {"podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "autodmca"}}}


def files() -> Mapping[str, str]:
    """Every file that is generated whole, and its text."""
    services = {f"deploy/k8s/base/{each.host}.yaml": _text(_service(each)) for each in deployed()}
    demo = {
        f"deploy/k8s/overlays/dev/{each.host}.yaml": _text(_service(each))
        for each in SERVICES
        if each.profile
    }
    return {
        **services,
        **demo,
        "deploy/k8s/base/ingress.yaml": _text(_ingresses()),
        "deploy/k8s/base/rules.yaml": _text([_rules()]),
        "deploy/k8s/strimzi/topics.yaml": _text(strimzi.topics()),
        "deploy/k8s/strimzi/users.yaml": _text(strimzi.users()),
        "deploy/k8s/overlays/prod/kafka.yaml": _text(strimzi.logins()),
    }


def deployed() -> list[Service]:
    """The services that every cluster runs."""
    return [each for each in SERVICES if not each.profile]


def resources() -> str:
    """Block of the base's kustomization.yaml: each service's file."""
    return "".join(f"- {each.host}.yaml\n" for each in deployed())


def images() -> str:
    """Block of prod's: where images come from, and which."""
    return "".join(
        f"- {{name: autodmca/{each.host}, newName: registry.example.com/autodmca/{each.host}, "
        f'newTag: "{each.version}"}}\n'
        for each in IMAGES
        if each in deployed()
    )


def single() -> str:
    """Block of dev's: one replica of each service that is not scaled by its load."""
    return "".join(
        f"- {{name: {each.host}, count: 1}}\n" for each in deployed() if not each.need.most_replicas
    )


def outside() -> str:
    """Block of dev's: the outside world, which is the sandbox."""
    world = next(each for each in SERVICES if each.calls)
    return "".join(f"- {key}={value}\n" for key, value in at_world(world.url).items())


def demonstrated() -> str:
    """Block of dev's: the services of demonstrations."""
    return "".join(f"- {each.host}.yaml\n" for each in SERVICES if each.profile)


def _text(manifests: Sequence[Manifest] | Iterator[Manifest]) -> str:
    return HEAD + "---\n".join(yaml.safe_dump(each, sort_keys=False, width=110) for each in manifests)


def _service(service: Service) -> Iterator[Manifest]:
    yield _manifest("v1", "ServiceAccount", service, automountServiceAccountToken=False)
    yield _manifest("apps/v1", "Deployment", service, spec=deployment(service))
    if service.port:
        ports = [{"name": "http", "port": service.port, "targetPort": "http"}]
        yield _manifest("v1", "Service", service, spec={"selector": labels_of(service), "ports": ports})
    if service.ops_port:  # without an address of its own: its name has those of all pods
        ports = [{"name": "ops", "port": service.ops_port, "targetPort": ops_of(service)}]
        spec = {"clusterIP": "None", "selector": labels_of(service), "ports": ports}
        yield _manifest("v1", "Service", service, spec=spec, suffix="-ops")
    yield _manifest("networking.k8s.io/v1", "NetworkPolicy", service, spec=_policy(service))
    if service.profile and service.port:
        yield _manifest(
            "networking.k8s.io/v1", "NetworkPolicy", service, spec=_called(service), suffix="-callers"
        )
    if service.need.replicas > 1:
        budget = {"maxUnavailable": 1, "selector": {"matchLabels": labels_of(service)}}
        yield _manifest("policy/v1", "PodDisruptionBudget", service, spec=budget)
    if service.need.most_replicas:
        yield _manifest("autoscaling/v2", "HorizontalPodAutoscaler", service, spec=_scaling(service))
    if service.probe_port:
        monitor = {
            "selector": {"matchLabels": labels_of(service)},
            "jobLabel": "app.kubernetes.io/name",
            "podMetricsEndpoints": [{"port": ops_of(service), "path": "/metrics", "interval": "15s"}],
        }
        yield _manifest("monitoring.coreos.com/v1", "PodMonitor", service, spec=monitor)


def _called(service: Service) -> Manifest:
    """Everything of ours may call what stands for the outside world."""
    to = {"to": [{"podSelector": {"matchLabels": labels_of(service)}}], "ports": [{"port": service.port}]}
    return {"podSelector": OURS["podSelector"], "policyTypes": ["Egress"], "egress": [to]}


def _manifest(version: str, kind: str, service: Service, *, suffix: str = "", **more: Any) -> Manifest:
    labels = {**labels_of(service), "app.kubernetes.io/part-of": "autodmca"}
    metadata = {"name": service.host + suffix, "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _policy(service: Service) -> Manifest:
    def namespace(name: str) -> Manifest:
        return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}

    ingress: list[Manifest] = []
    if service.port:
        callers = [*([namespace("ingress-nginx")] if service.paths else []), OURS]
        ingress.append({"from": callers, "ports": [{"port": service.port}]})
    if service.probe_port:
        watchers = [
            {"podSelector": {"matchLabels": labels_of(each)}}
            for each in SERVICES
            if each.watches and service.ops_port
        ]
        callers = [namespace("monitoring"), *watchers]
        ingress.append({"from": callers, "ports": [{"port": service.probe_port}]})
    kafka = {"ports": [{"port": port} for port in KAFKA_PORTS]}
    issuer = {"ports": [{"port": 443}]}
    within = {"to": [OURS], "ports": [{"port": each.port} for each in SERVICES if each.paths]}
    # A replica hands a request on to the one that owns the user's partition.
    others = {"to": [{"podSelector": {"matchLabels": labels_of(service)}}], "ports": [{"port": service.port}]}
    outside = [*([kafka] if service.kafka else []), issuer, *([others] if service.processor else [])]
    if service.watches:
        watched = [each for each in SERVICES if each.ops_port]
        outside += [
            {"to": [{"podSelector": {"matchLabels": labels_of(each)}}], "ports": [{"port": each.ops_port}]}
            for each in watched
        ]
        outside.append({"to": [namespace("monitoring")], "ports": [{"port": PROMETHEUS_PORT}]})
    return {
        "podSelector": {"matchLabels": labels_of(service)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": [within] if service.profile else outside,
    }


def _scaling(service: Service) -> Manifest:
    def of_pods(name: str, value: str) -> Manifest:
        target = {"type": "AverageValue", "averageValue": value}
        return {"type": "Pods", "pods": {"metric": {"name": name}, "target": target}}

    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.host},
        "minReplicas": service.need.replicas,
        "maxReplicas": service.need.most_replicas,
        "metrics": [
            of_pods(f"autodmca_{service.name}_connections", CONNECTIONS),
            of_pods(f"autodmca_{service.name}_loop_lag_seconds_p99", LOOP_LAG),
        ],
        "behavior": {
            "scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]},
            # Each pod that goes sends its clients away: rarely, and one at a time.
            "scaleDown": {
                "stabilizationWindowSeconds": 900,
                "policies": [{"type": "Pods", "value": 1, "periodSeconds": 300}],
            },
        },
    }


def _ingresses() -> Iterator[Manifest]:
    for name, long, within in (("streams", True, False), ("requests", False, False), ("within", False, True)):
        paths = [
            {
                "path": path,
                "pathType": "ImplementationSpecific" if within else "Prefix",
                "backend": {"service": {"name": each.host, "port": {"name": "http"}}},
            }
            for each in deployed()
            if each.streams == long
            for path in (each.patterns if within else each.paths)
        ]
        seconds = "3600" if long else "75"
        annotations = {
            "nginx.ingress.kubernetes.io/proxy-read-timeout": seconds,
            "nginx.ingress.kubernetes.io/proxy-send-timeout": seconds,
            "nginx.ingress.kubernetes.io/proxy-buffering": "off" if long else "on",
            # An access log holds the query, and a token may be in it.
            "nginx.ingress.kubernetes.io/enable-access-log": "false" if long else "true",
            # Then nginx takes the longest path that matches, so one within another's comes first.
            **({"nginx.ingress.kubernetes.io/use-regex": "true"} if within else {}),
        }
        yield {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {
                "ingressClassName": "nginx",
                "tls": [{"hosts": ["events.example.com"], "secretName": "events-tls"}],
                "rules": [{"host": "events.example.com", "http": {"paths": paths}}],
            },
        }


def _rules() -> Manifest:
    folder = ROOT / "deploy" / "prometheus" / "rules"
    texts = {file.stem: file.read_text() for file in folder.glob("*.yml")}
    texts |= {Path(name).stem: text for name, text in slos.files().items()}
    groups = [
        {**group, "name": f"{name}-{group['name']}"}
        for name, text in sorted(texts.items())
        for group in yaml.safe_load(text)["groups"]
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "autodmca"},
        "spec": {"groups": groups},
    }
