"""What is generated for Kubernetes: restricted, complete, and checked by a check that can fail."""

from typing import Any

import pytest
import yaml

from deploy.generate.pods import PRE_STOP_S
from deploy.generate.strimzi import rights
from deploy.services import SERVICES, Service
from deploy.validate import Invalid, validated
from tests.unit.repository import ROOT


def manifests(service: Service) -> dict[str, dict[str, Any]]:
    """A service's manifests by kind."""
    folder = "overlays/dev" if service.profile else "base"
    text = (ROOT / "deploy" / "k8s" / folder / f"{service.host}.yaml").read_text()
    return {each["kind"]: each for each in reversed(list(yaml.safe_load_all(text)))}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_pod_is_restricted_has_no_rights_and_time_to_drain(service: Service) -> None:
    found = manifests(service)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not pod["automountServiceAccountToken"]
    assert not found["ServiceAccount"]["automountServiceAccountToken"]
    drain_s = float(service.environment.get("EDGE_DRAIN_SECONDS", 0))
    assert pod["terminationGracePeriodSeconds"] >= PRE_STOP_S + drain_s + 10
    assert container["resources"]["limits"]["memory"] == f"{service.need.memory_mb}Mi"


@pytest.mark.parametrize(
    "service", [each for each in SERVICES if each.probe_port], ids=lambda service: service.name
)
def test_probes_and_prometheus_ask_where_the_service_answers(service: Service) -> None:
    found = manifests(service)
    (container,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    asked = {container[f"{each}Probe"]["httpGet"]["port"] for each in ("startup", "liveness", "readiness")}
    (endpoint,) = found["PodMonitor"]["spec"]["podMetricsEndpoints"]
    assert {ports[name] for name in {*asked, endpoint["port"]}} == {service.probe_port}
    let_in = {port["port"] for rule in found["NetworkPolicy"]["spec"]["ingress"] for port in rule["ports"]}
    assert let_in == {service.port, service.probe_port} - {0}


@pytest.mark.parametrize(
    "service",
    [each for each in SERVICES if each.port and not each.profile],
    ids=lambda service: service.name,
)
def test_what_takes_requests_can_be_reached_by_the_paths_of_its_row(service: Service) -> None:
    assert service.paths, (
        f"give the row of {service.name} in deploy/services.py its `paths`: nobody reaches it"
    )
    others = [path for each in SERVICES if each is not service for path in each.paths]
    assert not [path for path in service.paths if path.startswith(tuple(others))], (
        "two services take the same"
    )


@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_an_overlay_sets_variables_that_exist(overlay: str) -> None:
    file = ROOT / "deploy" / "k8s" / "overlays" / overlay / "kustomization.yaml"
    (made,) = yaml.safe_load(file.read_text())["configMapGenerator"]
    named = {literal.partition("=")[0].removesuffix("_FILE") for literal in made["literals"]}
    documented = (ROOT / "docs" / "configuration.md").read_text()
    assert {each for each in named if f"`{each}`" not in documented} == set()


def test_each_program_s_user_may_do_what_its_rights_say_and_no_more() -> None:
    file = ROOT / "deploy" / "k8s" / "strimzi" / "users.yaml"
    users = {
        each["metadata"]["name"]: each["spec"]["authorization"]["acls"]
        for each in yaml.safe_load_all(file.read_text())
    }
    for name, granted in rights().items():
        allowed = {
            (acl["resource"]["type"], acl["resource"]["name"], word)
            for acl in users.pop(name.replace("_", "-"))
            for word in acl["operations"]
        }
        assert allowed == {(r.resource, r.name, r.operation.title().replace("_", "")) for r in granted}
    assert users == {}


def test_edges_are_scaled_by_metrics_that_the_adapter_makes() -> None:
    values = yaml.safe_load((ROOT / "deploy" / "k8s" / "adapter" / "values.yaml").read_text())
    made = {rule["name"]["as"] for rule in values["rules"]["custom"]}
    edge = next(each for each in SERVICES if each.name == "edge")
    scaling = manifests(edge)["HorizontalPodAutoscaler"]["spec"]
    assert {each["pods"]["metric"]["name"] for each in scaling["metrics"]} == made
    assert scaling["minReplicas"] < scaling["maxReplicas"]


@pytest.mark.parametrize(
    "change", [{"spec": {"replica": 1}}, {"spec": {"replicas": "two"}}, {"metadata": {}}]
)
def test_a_manifest_that_kubernetes_would_refuse_is_refused(change: dict[str, Any]) -> None:
    edge = next(each for each in SERVICES if each.name == "templates")
    deployment = manifests(edge)["Deployment"]
    assert validated("good", yaml.safe_dump(deployment)).startswith("1 ")
    spoilt = {**deployment, "spec": {**deployment["spec"], **change.get("spec", {})}}
    spoilt["metadata"] = change.get("metadata", deployment["metadata"])
    with pytest.raises(Invalid):
        validated("bad", yaml.safe_dump(spoilt))
