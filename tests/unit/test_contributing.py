"""The worked examples of CONTRIBUTING.md, carried out as they stand there, in a copy.

After each one the tests of what it touches run there, so that it is the whole of what has to be done.
"""

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from autodmca_kafka.embedded import EmbeddedBroker
from autodmca_service.testing import Person, processes

from tests.integration.outside import Outside
from tests.unit.repository import ROOT, tracked

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^\+\+\+ b/(.+)\n", re.MULTILINE)
USER_ID = 12345
LONGEST_S = 240
CHECKED = ("libs/events", "libs/client", "services/edge")
EDGE = [
    f"services/edge/tests/{name}.py"
    for name in ("fanout/test_filters", "fanout/test_hub", "fanout/test_subscriptions", "log/test_assignment")
]
DOCUMENTS = [f"tests/unit/test_{name}.py" for name in ("documentation", "protocol_document", "repository")]
SERVICES = [f"tests/unit/test_{name}.py" for name in ("dependencies", "services")]
LONGEST_SERVICE = 149
LANGUAGE = ["libs/client/tests/test_matching.py", "tests/contract/test_filters.py"]


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
            assert text.count(old) == 1, (
                f"{name} has {text.count(old)} places that read as below: mend CONTRIBUTING.md\n{old}"
            )
            text = text.replace(old, new)
        file.write_text(text)


def run(folder: Path, *arguments: str) -> None:
    """Run Python on the copy in `folder`."""
    sources = [str(path) for path in folder.glob("*/*/src")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"}
    environ.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=LONGEST_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def run_tests(folder: Path, *files: str) -> None:
    """Run those tests of the copy in `folder` that a recipe touches, and what `make check` says of it."""
    run(folder, "-m", "ruff", "format", "--check", *CHECKED)
    run(folder, "-m", "ruff", "check", *CHECKED)
    run(folder, "-m", "pytest", "-q", "-x", "-p", "no:xdist", *files)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in tracked():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, tmp_path / path)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)  # tests ask it what is tracked
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
    run_tests(copy, "libs/events/tests", *EDGE, *DOCUMENTS)


def test_a_filter_is_added(copy: Path) -> None:
    example = blocks("Add a filter")
    for diff in example["diff"]:
        change(copy, diff)
    for command in example["sh"][0].splitlines():
        run(copy, *command.split()[1:])
    run(copy, "-c", example["python"][0])
    generated = (copy / "libs/events/generated/filters.ts").read_text()
    assert "readonly suffix?: string;" in generated
    assert 'incidentIds: "incidentId",' in generated
    run_tests(copy, "libs/events/tests/test_generate.py", *LANGUAGE, *EDGE, *DOCUMENTS)


@pytest.fixture
def watches(copy: Path) -> Path:
    """The copy with the service of the example in it."""
    example = blocks("Add a service")
    package = copy / "services/watches/src/autodmca_watches"
    package.mkdir(parents=True)
    texts = ["", "", *example["python"]]
    for name, text in zip(("__init__", "py", "model", "app", "config", "__main__"), texts, strict=True):
        (package / (f"{name}.py" if text or name == "__init__" else "py.typed")).write_text(text)
    (copy / "services/watches/pyproject.toml").write_text(example["toml"][0])
    (copy / "services/watches/README.md").write_text("# autodmca-watches\n" * 10)
    (copy / "services/watches/tests").mkdir()
    (copy / "services/watches/tests/test_none.py").write_text("")
    # What an installation leaves behind; the service tells its version.
    installed = package.parent / "autodmca_watches-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: autodmca-watches\nVersion: 0.1.0\n")
    change(copy, example["diff"][0])
    run(copy, "-m", "docs.generate")
    run(copy, "-m", "deploy.generate")
    return copy


def test_a_service_is_short() -> None:
    assert sum(len(block.splitlines()) for block in blocks("Add a service")["python"]) <= LONGEST_SERVICE


def test_a_service_is_added(watches: Path) -> None:
    code = ["services/watches/src", "deploy/services.py"]
    run(watches, "-m", "ruff", "format", "--check", *code)
    run(watches, "-m", "ruff", "check", *code)
    run(watches, "-m", "mypy", "--no-incremental", *code)
    run(watches, "-m", "importlinter.cli", "lint", "--no-cache")
    run(watches, "-m", "pytest", "-q", "-x", "-p", "no:xdist", *DOCUMENTS, *SERVICES)


async def test_the_service_works_and_survives_a_kill(watches: Path) -> None:
    environ = {"PYTHONPATH": str(watches / "services/watches/src")}
    ada, keys = Person(USER_ID), set()
    with Outside(random.Random(7)) as archive:
        environ["WATCHES_ARCHIVE"] = archive.url
        async with (
            EmbeddedBroker() as broker,
            processes("watches", broker.bootstrap_servers, 2, **environ) as (service, other),
        ):
            for number in range(20):
                page = {"url": f"https://example.com/{number}"}
                made = [await ada.ask(service, "POST", "/v1/watches", page, key=f"k{number}") for _ in "12"]
                assert [answer.status_code for answer in made] == [201, 201]
                assert made[0].content == made[1].content
                keys.add(f"{USER_ID}/{made[0].json()['id']}/0")
            await service.signal(signal.SIGKILL)
            async with asyncio.timeout(LONGEST_S):
                while any(not each["copies"] for each in await ada.get(other, "GET", "/v1/watches")):
                    await asyncio.sleep(0.1)
    assert archive.world.wrong == []
    assert archive.world.effects.keys() == keys
