"""The shape of the repository: sizes, names, links, and nothing of the machine it was written on."""

import ast
import re
from pathlib import Path

import pytest

from tests.unit.repository import ROOT, Package, packages, tracked

LONGEST = 400
LONGEST_WITH_A_REASON = 400
LONGER: dict[str, str] = {}
"""Path -> why this file is better whole than in two, up to LONGEST_WITH_A_REASON lines."""

MADE_BY_MACHINES = ("package-lock.json", "requirements.lock")
REGISTRIES = (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
    ("maven", "org"), ("maven", "apache", "org"), ("golang", "org"), ("crates", "io"),
)  # fmt: skip
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:root|work|opt/wheels|home/\w+|Users/\w+)/")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def text_files() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, (ROOT / path).read_text()))
        except UnicodeDecodeError:
            continue
    return found


def test_files_are_short() -> None:
    too_long = {}
    for path, text in text_files():
        if path.suffix in {".py", ".mjs", ".ts", ".tsx", ".js"} and "generated" not in path.parts:
            limit = LONGEST_WITH_A_REASON if str(path) in LONGER else LONGEST
            if (lines := text.count("\n")) > limit:
                too_long[str(path)] = lines
    assert too_long == {}, (
        f"split these by what they own: more than {LONGEST} lines, or give a reason in LONGER"
    )


def test_every_reason_for_a_longer_file_is_still_needed() -> None:
    assert [path for path in LONGER if (ROOT / path).read_text().count("\n") <= LONGEST] == [], (
        "take these out of LONGER: they are short again"
    )


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.module)
def test_a_package_says_what_it_is_and_that_it_is_typed(package: Package) -> None:
    readme = (package.folder / "README.md").read_text().rstrip().count("\n") + 1
    assert 10 <= readme <= 30, (
        f"{package.folder.relative_to(ROOT)}/README.md has {readme} lines: it should have 10 to 30"
    )
    assert (package.folder / "src" / package.module / "py.typed").is_file(), "add an empty py.typed there"
    assert list((package.folder / "tests").glob("test_*.py")), f"{package.module} has no tests: write some"


def test_every_module_says_what_it_owns() -> None:
    silent = [
        str(path)
        for path, text in text_files()
        if path.suffix == ".py" and text.strip() and not text.lstrip().startswith(('"""', "#!"))
    ]
    assert silent == [], "begin these with a docstring: what the module owns, never does, how it fails"


def test_no_file_names_a_place_on_somebody_s_machine() -> None:
    named = {
        f"{path}:{number}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATHS.search(line)
    }
    assert named == set(), "write these paths relative to the repository"


def test_no_file_names_the_host_of_a_package_registry() -> None:
    hosts = re.compile("|".join(re.escape(".".join(parts)) for parts in REGISTRIES))
    named = {str(path) for path, text in text_files() if hosts.search(text)}
    assert named == set(), "take the host's name out of these: registries are each machine's own setting"


def test_no_lock_holds_an_address_to_download_from() -> None:
    for name in MADE_BY_MACHINES:
        text = (ROOT / name).read_text()
        found = re.search(
            r'"resolved": "(?!libs/|services/)|--(?:extra-)?index-url|--find-links|^\S+ @ ',
            text,
            re.MULTILINE,
        )
        assert not found, f"{name} holds an address: write it anew, by `make lock` or `npm install`"


def test_links_between_documents_lead_somewhere() -> None:
    broken = {}
    for path, text in text_files():
        if path.suffix != ".md":
            continue
        for target in LINK.findall(text):
            file, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            found = (ROOT / path.parent / file) if file else ROOT / path
            if not found.exists() or (anchor and anchor not in anchors(found.read_text())):
                broken[str(path)] = target
    assert broken == {}, "mend these links: there is no such file, or no such heading in it"


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


GUARDS = ("test_repository", "test_documentation", "test_protocol_document", "test_dependencies")


def test_every_guard_of_the_repository_says_what_to_do_when_it_fails() -> None:
    mute = [
        f"{name}.py:{each.lineno}"
        for name in GUARDS
        for test in ast.parse((ROOT / "tests" / "unit" / f"{name}.py").read_text()).body
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_")
        for each in ast.walk(test)
        if isinstance(each, ast.Assert) and each.msg is None
    ]
    assert mute == [], "give these assertions a message that says what to edit or to run"
