"""deploy/local/system-packages, on machines made of a few commands."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.repository import ROOT

SCRIPT = ROOT / "deploy" / "local" / "system-packages"
REAL = ("sh", "grep")


class Machine(NamedTuple):
    """A folder of commands, which is all that there is."""

    folder: Path

    def has(self, command: str, says: str = "", status: int = 0) -> None:
        """Add a command that prints something and ends."""
        file = self.folder / command
        file.write_text(
            f'#!/bin/sh\necho "{command} $*" >> "{self.folder}/calls"\necho \'{says}\'\nexit {status}\n'
        )
        file.chmod(0o755)

    def asked(self, what: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        for name in REAL:
            if not (self.folder / name).exists():
                (self.folder / name).symlink_to(shutil.which(name) or name)
        return subprocess.run(
            [SCRIPT, what], cwd=self.folder,
            env={"PATH": str(self.folder), "PYTHON": "python3", **environ},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def installed(self) -> list[str]:
        """What was installed by apt-get."""
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line.rpartition("--no-install-recommends ")[2] for line in lines if " install " in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.has("id", "1000")
    machine.has("apt-get")
    return machine


def test_root_on_debian_gets_java_and_maven(machine: Machine) -> None:
    machine.has("id", "0")
    assert machine.asked("kafka").returncode == 0
    assert machine.installed() == ["default-jre-headless maven"]


def test_others_are_told_in_one_line_and_the_tests_go_on(machine: Machine) -> None:
    done = machine.asked("kafka")
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get install default-jre-headless maven" in done.stderr
    assert machine.installed() == []


def test_nothing_is_installed_where_docker_answers(machine: Machine) -> None:
    machine.has("id", "0")
    machine.has("docker")
    assert machine.asked("kafka").returncode == 0
    assert machine.installed() == []


def test_nothing_is_installed_where_a_kafka_is_named(machine: Machine) -> None:
    machine.has("id", "0")
    assert machine.asked("kafka", KAFKA_BOOTSTRAP_SERVERS="kafka:9092").returncode == 0
    assert machine.installed() == []


@pytest.mark.parametrize(
    ("version", "enough"), [("1.8.0_402", False), ("11.0.22", False), ("17.0.10", True), ("21", True)]
)
def test_java_must_be_17_or_newer(machine: Machine, version: str, enough: bool) -> None:
    machine.has("id", "0")
    machine.has("java", f'openjdk version "{version}"')
    machine.has("mvn")
    assert machine.asked("kafka").returncode == 0
    assert (machine.installed() == []) == enough


def test_chromium_is_installed_or_asked_for_in_one_line_and_the_tests_go_on(machine: Machine) -> None:
    done = machine.asked("browser")
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get install chromium" in done.stderr
    machine.has("id", "0")
    assert machine.asked("browser").returncode == 0
    assert machine.installed() == ["chromium"]
    machine.has("chromium")
    assert machine.asked("browser").returncode == 0
    assert machine.installed() == ["chromium"]


def test_without_the_venv_module_nothing_can_go_on(machine: Machine) -> None:
    machine.has("python3", "python3.11-venv", status=1)
    done = machine.asked("venv")
    assert done.returncode == 1
    assert "the venv module of python3" in done.stderr


def test_node_that_is_too_old_is_asked_for(machine: Machine) -> None:
    machine.has("node", status=1)
    machine.has("npm")
    done = machine.asked("node")
    assert done.returncode == 1
    assert "Node 18.18 or newer" in done.stderr
    machine.has("node")
    assert machine.asked("node").returncode == 0


def test_kustomize_is_built_by_go_or_asked_for_in_one_line(machine: Machine) -> None:
    done = machine.asked("kustomize")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "kustomize" in done.stderr
    machine.has("kustomize")
    assert machine.asked("kustomize").returncode == 0


@pytest.mark.parametrize(
    ("what", "package", "needed"), [("promtool", "prometheus", True), ("haproxy", "haproxy", False)]
)
def test_what_deployment_is_checked_with_is_installed_or_asked_for(
    machine: Machine, what: str, package: str, needed: bool
) -> None:
    done = machine.asked(what)
    assert (done.returncode != 0, f"apt-get install {package}" in done.stderr) == (needed, True)
    machine.has("id", "0")
    assert machine.asked(what).returncode == 0
    assert machine.installed() == [package]
