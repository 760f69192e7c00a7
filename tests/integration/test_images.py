"""The images of our packages: what is in them, and how their processes begin and end."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import requires
from shutil import which

import pytest
from packaging.requirements import Requirement

from deploy.services import IMAGES, Service
from tests.unit.repository import ROOT, distribution

BASE = "python:3.11-slim-bookworm"
LARGEST_EDGE_MB = 60
TOOLS = ("pip", "pip3", "uv", "gcc", "cc", "ld", "make", "git", "curl", "wget")
BUILD_S, RUN_S = 900, 90
NAMES = "import importlib.metadata as m; print(*(each.metadata['Name'] for each in m.distributions()))"


def docker(*arguments: str, timeout: float = RUN_S) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )


def said(container: str) -> str:
    """What it has logged, on standard error."""
    return docker("logs", container).stderr


def why_no_image_can_be_built() -> str:
    """Empty if they can be."""
    if which("docker") is None or docker("version").returncode or docker("compose", "version").returncode:
        return "no Docker engine answers, or docker has no compose"
    if (
        docker("image", "inspect", BASE).returncode
        and docker("pull", "--quiet", BASE, timeout=300).returncode
    ):
        return f"the engine neither has nor gets {BASE}"
    return ""


@pytest.fixture(scope="module")
def images() -> dict[str, str]:
    """Of each service the image, built from this tree."""
    if reason := why_no_image_can_be_built():
        pytest.skip(f"no images were built: {reason}")
    built = docker("compose", "--profile", "*", "build", "--quiet", timeout=BUILD_S)
    assert built.returncode == 0, built.stderr[-4000:]
    return {each.name: f"{each.image}:local" for each in IMAGES}


def inspected(image: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(docker("image", "inspect", image).stdout)[0]
    return found


def closure(package: str, extras: frozenset[str]) -> Iterator[str]:
    """Every distribution that a package needs on this machine, itself included."""
    wanted, seen = [(package, extras)], set()
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        yield name
        for text in requires(name) or ():
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": each}) for each in {"", *extra}):
                wanted.append((distribution(need.name), frozenset(need.extras)))


@pytest.mark.parametrize("service", IMAGES, ids=lambda service: service.name)
def test_an_image_holds_its_own_package_what_that_needs_and_no_tools(
    images: dict[str, str], service: Service
) -> None:
    image = images[service.name]
    listed = docker("run", "--rm", "--entrypoint", "python", image, "-c", NAMES)
    held = {distribution(name) for name in listed.stdout.split()}
    package = distribution(service.module.partition(".")[0])
    assert held == set(closure(package, frozenset({service.extra} - {""}))), listed.stderr
    found = docker("run", "--rm", "--entrypoint", "sh", image, "-c", f"command -v {' '.join(TOOLS)}; id -u")
    assert found.stdout.split() == ["10001"], "a tool is in the image, or it runs as root"


@pytest.mark.parametrize("service", IMAGES, ids=lambda service: service.name)
def test_an_image_is_labelled_and_starts_its_service_on_a_root_that_it_cannot_write(
    images: dict[str, str], service: Service
) -> None:
    config = inspected(images[service.name])["Config"]
    assert isinstance(config, dict)
    assert config["Labels"]["org.opencontainers.image.title"] == f"autodmca {service.package}"
    assert len(config["Labels"]["org.opencontainers.image.licenses"]) > 0
    started = docker("run", "--rm", "--read-only", "--cap-drop=ALL", "--network=none", images[service.name])
    if service in IMAGES[:-1]:
        assert (started.returncode, "JWT_SECRET" in started.stderr) == (78, True), started.stderr
    else:
        assert "Usage:" in started.stdout + started.stderr


def test_the_edge_s_image_is_small(images: dict[str, str]) -> None:
    more = int(str(inspected(images["edge"])["Size"])) - int(str(inspected(BASE)["Size"]))
    assert more <= LARGEST_EDGE_MB * 1_000_000, f"{more / 1e6:.1f} MB above {BASE}"


def test_sigterm_ends_a_service_in_order_and_its_probe_says_why_it_is_not_ready(
    images: dict[str, str],
) -> None:
    started = docker(
        "run", "--detach", "--read-only", "--network=none",
        "-e", "KAFKA_BOOTSTRAP_SERVERS=nowhere:9092", "-e", f"JWT_SECRET={'x' * 32}",
        "-e", "EDGE_ADMIN_PORT=9090", "-e", "EDGE_DRAIN_SECONDS=0", images["edge"],
    )  # fmt: skip
    container = started.stdout.strip()
    try:
        deadline = time.monotonic() + RUN_S
        while '"listening"' not in said(container):
            assert time.monotonic() < deadline, said(container)
            time.sleep(0.1)
        probed = docker("exec", container, "/app/bin/probe")
        assert (probed.returncode, "event log" in probed.stdout) == (1, True)
        docker("stop", "--time", "60", container)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container).stdout.strip() == "0"
        assert '"draining"' in said(container)
    finally:
        docker("rm", "--force", container)
