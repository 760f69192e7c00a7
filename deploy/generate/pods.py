"""A service's Deployment for Kubernetes.

Owns how a pod is run: without rights, on a root that it cannot write, spread over zones and machines, with
time to drain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from deploy.services import SECRETS, SERVICES, Service

PRE_STOP_S: Final = 5
"""Until the endpoints have learnt that a pod goes."""
USER: Final = 10001
Manifest = Mapping[str, Any]


def labels_of(service: Service) -> Manifest:
    """By which its pods are found."""
    return {"app.kubernetes.io/name": service.host}


def ops_of(service: Service) -> str:
    """The name of the port that answers probes and Prometheus."""
    return "ops" if service.ops_port else "http"


def deployment(service: Service) -> Manifest:
    """The spec."""
    scaled = service.need.most_replicas > 0
    selector = labels_of(service)
    spread = [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
    pod = {
        "serviceAccountName": service.host,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": service.stop_s + PRE_STOP_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": spread,
        "containers": [_container(service)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            {"name": "secrets", "secret": {"secretName": "autodmca", "defaultMode": 0o440}},
        ],
    }
    return {
        **({} if scaled else {"replicas": max(service.need.replicas, 1)}),
        "revisionHistoryLimit": 5,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "selector": {"matchLabels": selector},
        "template": {
            "metadata": {"labels": {**selector, "app.kubernetes.io/part-of": "autodmca"}},
            "spec": pod,
        },
    }


def _container(service: Service) -> Manifest:
    need = service.need
    ports = [{"name": "http", "containerPort": service.port}] if service.port else []
    if service.ops_port:
        ports.append({"name": "ops", "containerPort": service.ops_port})
    return {
        "name": service.host,
        "image": service.image,
        "envFrom": [{"configMapRef": {"name": "autodmca"}}],
        **({"env": env} if (env := [{"name": k, "value": v} for k, v in _told(service).items()]) else {}),
        **({"ports": ports} if ports else {}),
        **(_probes(service) if service.probe_port else {}),
        # No limit of CPU: a node that is throttled delays everybody's events.
        "resources": {
            "requests": {"cpu": f"{need.cpus * 500:.0f}m", "memory": f"{need.memory_mb}Mi"},
            "limits": {"memory": f"{need.memory_mb}Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's own
            {"name": "secrets", "mountPath": SECRETS, "readOnly": True},
        ],
    }


def _probes(service: Service) -> Manifest:
    def asks(path: str) -> Manifest:
        return {"httpGet": {"path": path, "port": ops_of(service)}, "timeoutSeconds": 2}

    return {
        # An endpoint is taken away while the pod still serves.
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_S}}},
        "startupProbe": {**asks("/healthz"), "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {**asks("/healthz"), "periodSeconds": 10, "failureThreshold": 3},
        "readinessProbe": {**asks("/readyz"), "periodSeconds": 2, "failureThreshold": 2},
    }


def _told(service: Service) -> Mapping[str, str]:
    """Its variables, and for the one that watches the others the name that has all edges' addresses."""
    edges = [f"{each.host}=http://{each.host}-ops:{each.ops_port}" for each in SERVICES if each.ops_port]
    return {
        **service.variables,
        **({f"{service.name.upper()}_EDGES": ",".join(edges)} if service.watches else {}),
    }
