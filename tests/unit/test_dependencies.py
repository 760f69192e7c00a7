"""What packages import, what they say they need, and what the lock holds."""

import ast
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.unit.repository import ROOT, Package, distribution, packages, requirements, tracked

LOADED_BY_NAME = {"httptools", "python-multipart"}
"""uvicorn imports the first when it is told to, Starlette the second when a form comes."""
LOCK = (ROOT / "requirements.lock").read_text()


def pins() -> dict[str, Version]:
    """Every package of the lock and its version."""
    lines = [line.split(" ")[0] for line in LOCK.splitlines() if line and not line.startswith(" ")]
    return {distribution(name): Version(version) for name, version in (line.split("==") for line in lines)}


def imported(files: Iterable[Path]) -> dict[str, str]:
    """Each distribution that files import something of, and one file that does."""
    owners = packages_distributions()
    return {
        distribution(owner): file
        for module, file in modules(files).items()
        if module not in sys.stdlib_module_names
        for owner in owners.get(module, [module])[:1]
    }


def modules(files: Iterable[Path]) -> dict[str, str]:
    """Each top-level module that files import, and one file that does."""
    found: dict[str, str] = {}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                found.setdefault(name.partition(".")[0], str(file.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.module)
def test_a_package_needs_what_it_imports_and_imports_what_it_needs(package: Package) -> None:
    used = imported((package.folder / "src").rglob("*.py"))
    used.pop(distribution(package.module), None)
    missing = {name: file for name, file in used.items() if name not in package.needs}
    project = f"{package.folder.relative_to(ROOT)}/pyproject.toml"
    assert missing == {}, f"add these to `dependencies` in {project}, then run `make lock`"
    spare = package.needs - used.keys() - LOADED_BY_NAME
    assert spare == set(), f"nothing imports these: take them out of {project}, then run `make lock`"


def test_tests_import_what_development_or_a_package_needs() -> None:
    files = [path for path in tracked() if "tests" in path.parts and path.suffix == ".py"]
    used = imported(ROOT / path for path in files)
    needs = {distribution(need) for need in requirements()}
    ours = {distribution(package.module) for package in packages()}
    own_folders = {"conftest", "deploy", "docs", "libs", "services", "tests"}
    assert {name: file for name, file in used.items() if name not in needs | ours | own_folders} == {}, (
        "add these to `dev` under [dependency-groups] in pyproject.toml, then run `make lock`"
    )


def test_the_events_need_msgspec_and_nothing_else() -> None:
    events = next(package for package in packages() if package.module == "autodmca_events")
    assert events.needs == {"msgspec"}, "take the others out of libs/events/pyproject.toml"


def test_the_lock_satisfies_every_requirement() -> None:
    locked = pins()
    wrong = [
        need
        for need in requirements()
        if (name := distribution(need)) not in locked
        or not Requirement(need).specifier.contains(locked[name], prereleases=True)
    ]
    assert wrong == [], "run `make lock`, and commit requirements.lock"


def test_everything_in_the_lock_has_its_hashes() -> None:
    entries = LOCK.replace("\\\n", "").splitlines()
    assert len(entries) == len(pins()), "run `make lock`: a package is in the lock twice"
    bare = [entry for entry in entries if "--hash=sha256:" not in entry]
    assert bare == [], "run `make lock`: these have no hashes"
