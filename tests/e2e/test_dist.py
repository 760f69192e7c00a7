"""What `make wheels` builds, in an empty environment outside the repository: it emits, and it listens."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from autodmca_client.development import development_token
from packaging.version import Version

from tests.brokers import Broker
from tests.e2e.chaos.edges import EdgeProcess
from tests.integration.edge_site import SECRET
from tests.unit.repository import ROOT

UV = Path(sys.executable).with_name("uv")
PROJECTS = [tomllib.loads(file.read_text())["project"] for file in sorted(ROOT.glob("libs/*/pyproject.toml"))]
USER = 4711
MINUTES = 10 * 60
PROGRAM = f"""
import asyncio, os, sys
from pathlib import Path
import autodmca_client, autodmca_events, autodmca_kafka
from autodmca_client import Client
from autodmca_events import UserNotification, new_id
from autodmca_kafka import EventProducer

for each in (autodmca_client, autodmca_events, autodmca_kafka):
    assert Path(each.__file__).is_relative_to(sys.prefix), each.__file__

async def main():
    about = dict(notification_id=new_id(), category="account", priority="low", title="Ready", message="Yes")
    notification = UserNotification(**about, read=False, created_at="2026-03-07T10:30:00Z")
    async with (
        Client(os.environ["AUTODMCA_URL"], token=os.environ["AUTODMCA_TOKEN"]) as client,
        EventProducer(os.environ["KAFKA_BOOTSTRAP_SERVERS"], client_id="elsewhere") as producer,
    ):
        events = client.subscribe(["user_notification"])
        await events.ready()
        await producer.send(notification, user_id={USER})
        event = await anext(events)
        assert event.payload == notification, event
        print(event.payload.title)

asyncio.run(asyncio.wait_for(main(), 60))
"""


def ran(*command: str | Path, cwd: Path, **environ: str) -> str:
    """What a program prints that is told nothing of this repository."""
    kept = {
        k: v for k, v in os.environ.items() if k in {"HOME", "PATH"} or k.startswith(("PIP_", "UV_", "SSL_"))
    }
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd, env={**kept, **environ}, capture_output=True, text=True, timeout=MINUTES, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    ran("make", "wheels", f"DIST={folder}", cwd=ROOT)
    return folder


async def test_another_project_takes_the_wheels_emits_and_listens(
    wheels: Path, embedded_broker: Broker, tmp_path: Path
) -> None:
    python = tmp_path / "elsewhere" / "bin" / "python"
    ran(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "elsewhere", cwd=tmp_path)
    wanted = ["autodmca-client[cli]", "autodmca-events", "autodmca-kafka"]
    pinned: list[str | Path] = ["--constraint", ROOT / "requirements.lock", "--find-links", wheels]
    ran(UV, "pip", "install", "--quiet", "--python", python, *pinned, *wanted, cwd=tmp_path)
    edge = EdgeProcess("edge", embedded_broker.bootstrap_servers, tmp_path)
    await asyncio.to_thread(edge.start)
    try:
        environ = {
            "AUTODMCA_URL": f"ws://127.0.0.1:{edge.port}/ws",
            "AUTODMCA_TOKEN": development_token(SECRET, USER),
            "KAFKA_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers,
        }
        said = await asyncio.to_thread(ran, python, "-c", PROGRAM, cwd=tmp_path, **environ)
        assert said == "Ready\n"
        told = await asyncio.to_thread(ran, python.with_name("autodmca"), "topics", cwd=tmp_path, **environ)
        assert "autodmca.accounts.v1" in told
    finally:
        await asyncio.to_thread(edge.close)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project["name"])
def test_a_wheel_says_what_it_is_and_may_be_used_for(wheels: Path, project: dict[str, object]) -> None:
    (wheel,) = wheels.glob(f"{str(project['name']).replace('-', '_')}-{project['version']}-py3-none-any.whl")
    with ZipFile(wheel) as files:
        (name,) = (each for each in files.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = files.read(name).decode()
        assert any(each.endswith("/py.typed") for each in files.namelist())
        assert not any("tests/" in each for each in files.namelist())
    for field in ("Summary", "License-Expression", "Requires-Python", "Author"):
        assert re.search(rf"^{field}: \S", metadata, re.MULTILINE), f"{wheel.name} has no {field}"


def test_all_libraries_have_one_version_which_the_changelog_knows() -> None:
    (version,) = {str(project["version"]) for project in PROJECTS}
    text = (ROOT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d[^\]]*)\]", text, re.MULTILINE)
    newest = max(map(Version, released), default=None)
    assert newest is None or Version(version) >= newest, "raise the version of libs/*/pyproject.toml"
    assert version in released or "## [Unreleased]" in text, f"CHANGELOG.md says nothing of {version}"
