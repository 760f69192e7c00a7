"""The version before this one: the sources of the newest commit whose libraries or services are others.

Owns a copy of them in a folder of the caller's. Reads the repository's history and changes nothing in it.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from deploy.services import SERVICES
from tests.unit.repository import ROOT

CODE: Final = ("libs", "services")
FURTHEST: Final = 200
"""Commits that are looked at."""


class NoFormerVersion(Exception):
    """The history that is here has no other version: a shallow clone, or a new repository."""


def former(folder: Path) -> dict[str, str]:
    """The environment in which a program of ours is the version before. Raises NoFormerVersion."""
    for commit in _git("rev-list", f"--max-count={FURTHEST}", "HEAD").decode().split():
        if subprocess.run(["git", "diff", "--quiet", commit, "--", *CODE], cwd=ROOT, check=False).returncode:
            with tarfile.open(fileobj=io.BytesIO(_git("archive", commit, *CODE))) as archive:
                archive.extractall(folder, filter="data")
            lacking = [each.name for each in SERVICES if not (folder / each.package / "src").exists()]
            if lacking:  # Python would take the present one
                raise NoFormerVersion(f"commit {commit} has no {', '.join(lacking)}")
            return {"PYTHONPATH": os.pathsep.join(str(each) for each in sorted(folder.glob("*/*/src")))}
    raise NoFormerVersion(f"none of the newest {FURTHEST} commits here has other {' or '.join(CODE)}")


def present() -> dict[str, str]:
    """The environment in which it is this version again."""
    return {"PYTHONPATH": ""}


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout
