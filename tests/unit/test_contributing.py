"""The worked examples of CONTRIBUTING.md, carried out as they stand there, in a copy."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from autodmca_kafka.embedded import EmbeddedBroker

from tests.unit.repository import ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^\+\+\+ b/(.+)\n", re.MULTILINE)
USER_ID = 12345


def blocks(heading: str) -> dict[str, list[str]]:
    """The fenced blocks under a heading, by language."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found: dict[str, list[str]] = {}
    for language, block in FENCE.findall(section):
        found.setdefault(language, []).append(block)
    return found


def change(folder: Path, diff: str) -> None:
    """Apply a diff whose hunks are found by what they say, not by line numbers."""
    parts = re.split(FILE, diff)[1:]
    for name, hunks in zip(parts[::2], parts[1::2], strict=True):
        file = folder / name
        text = file.read_text()
        for hunk in re.split(r"^@@.*@@\n", hunks, flags=re.MULTILINE)[1:]:
            lines = [line for line in hunk.splitlines() if not line.startswith("---")]
            old = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
            new = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
            assert text.count(old) == 1, f"{name} has {text.count(old)} places that read\n{old}"
            text = text.replace(old, new)
        file.write_text(text)


def run(folder: Path, *arguments: str) -> None:
    """Run Python on the copy in `folder`."""
    sources = [str(path) for path in folder.glob("*/*/src")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("libs/events", "services/edge"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_an_event_type_is_added(copy: Path) -> None:
    example = blocks("Add an event type")
    for diff in example["diff"]:
        change(copy, diff)
    name = "libs/events/src/autodmca_events/examples/profile_limit_reached.json"
    (copy / name).write_text(example["json"][0])
    for command in example["sh"][0].splitlines():
        run(copy, *command.split()[1:])
    run(copy, "-m", "autodmca_events.generate", "--check")
    run(copy, "-m", "autodmca_events.compatibility")
    run(copy, "-c", example["python"][0])
    assert "ProfileLimitReached" in (copy / "libs/events/generated/events.ts").read_text()


def test_a_filter_is_added(copy: Path) -> None:
    example = blocks("Add a filter")
    change(copy, example["diff"][0])
    run(copy, "-c", example["python"][0])


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "autodmca_accounts"
    package.mkdir()
    model, app = blocks("Add a service")["python"]
    (package / "__init__.py").write_text("")
    (package / "model.py").write_text(model)
    (package / "app.py").write_text(app)
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "autodmca_accounts"]:
        del sys.modules[name]


async def test_a_service_is_added(accounts: Path) -> None:
    app = importlib.import_module("autodmca_accounts.app")
    model = importlib.import_module("autodmca_accounts.model")
    async with EmbeddedBroker() as broker, app.running(broker.bootstrap_servers, partitions=2) as ask:
        assert await ask.ask(USER_ID, model.Notify("Welcome", "Your account is open."), timeout_s=30) == 1
        assert await ask.ask(USER_ID, model.Notify("Hello", "Again."), timeout_s=30) == 2
        assert await ask.ask(USER_ID, model.ReadAll(), timeout_s=30) == 0


def test_the_service_s_code_is_formatted_typed_and_clean(accounts: Path) -> None:
    for command in (["ruff", "format", "--check"], ["ruff", "check"], ["mypy", "--no-incremental"]):
        program = [sys.executable, "-m", *command, "--config-file" if command[0] == "mypy" else "--config"]
        environ = {**os.environ, "MYPYPATH": str(accounts.parent)}
        done = subprocess.run(
            [*program, str(ROOT / "pyproject.toml"), str(accounts)],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
