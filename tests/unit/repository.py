"""What the checks of this folder look at: the files under version control, and our packages."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Package(NamedTuple):
    """One of our packages: its folder, its import name, what it says it needs, extras included."""

    folder: Path
    module: str
    needs: frozenset[str]


def tracked() -> list[Path]:
    """Every file that git knows or would take, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for line in listed.splitlines() if (ROOT / (path := Path(line))).is_file()]


def packages() -> list[Package]:
    """Our Python packages, libraries first."""
    found = []
    for file in [
        *sorted(ROOT.glob("libs/*/pyproject.toml")),
        *sorted(ROOT.glob("services/*/pyproject.toml")),
    ]:
        project = tomllib.loads(file.read_text())["project"]
        extras = project.get("optional-dependencies", {}).values()
        needs = [*project.get("dependencies", []), *(need for extra in extras for need in extra)]
        found.append(
            Package(file.parent, project["name"].replace("-", "_"), frozenset(map(distribution, needs)))
        )
    return found


def requirements() -> list[str]:
    """Everything that any of our packages, or development, asks of others."""
    development = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    needs = list(development)
    for package in packages():
        project = tomllib.loads((package.folder / "pyproject.toml").read_text())["project"]
        needs += project.get("dependencies", [])
        needs += [need for extra in project.get("optional-dependencies", {}).values() for need in extra]
    return [need for need in needs if not distribution(need).startswith("autodmca-")]


def distribution(requirement: str) -> str:
    """The normalised name of what a requirement asks for."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()
