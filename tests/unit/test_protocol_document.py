"""docs/protocol.md says what the code does, and every row of its tables is named by a test.

A test names rows by `@pytest.mark.protocol("Close codes: 4408")`: the heading over the table, then what
stands in the first column.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from autodmca_edge.protocol import CloseCode
from autodmca_events import CATALOGUE

from tests.unit.repository import ROOT, tracked

DOCUMENT: Final = (ROOT / "docs" / "protocol.md").read_text()
EDGE: Final = ROOT / "services" / "edge" / "src" / "autodmca_edge"


def rows() -> Iterator[str]:
    """The rows of all tables, each thing in a first column by itself."""
    heading, table = "", False
    for line in DOCUMENT.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if line.startswith("| ---"):
            table = True
        elif not line.startswith("|"):
            table = False
        elif table:
            for name in names(line.split("|")[1].strip()):
                yield f"{heading}: {name}"


def names(cell: str) -> list[str]:
    """What a first cell speaks of: an action, the words in backticks, numbers, or all of it."""
    action = re.findall(r'action: "(\w+)"', cell)
    return action or re.findall(r"`([^`]+)`", cell) or re.findall(r"\b\d+\b", cell) or [cell]


def named() -> set[str]:
    """What the tests of this repository name."""
    found: set[str] = set()
    for path in tracked():
        if path.suffix == ".py" and path.name.startswith("test_"):
            for node in ast.walk(ast.parse((ROOT / path).read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.protocol":
                    found.update(ast.literal_eval(each) for each in node.args)
    return found


def of_section(heading: str) -> set[str]:
    return {row.removeprefix(f"{heading}: ") for row in rows() if row.startswith(f"{heading}: ")}


def test_every_row_is_named_by_a_test() -> None:
    assert sorted(set(rows()) - named()) == []
    assert sorted(named() - set(rows())) == []


def test_a_row_that_nobody_names_would_be_seen() -> None:
    assert names("`invalid_token`, `token_expired`") == ["invalid_token", "token_expired"]
    assert names('`{action: "subscribe", config}`') == ["subscribe"]
    assert names("408, 413") == ["408", "413"]
    assert names("any other") == ["any other"]
    assert "Close codes: 4408" in set(rows())


def test_close_codes_are_those_of_the_code() -> None:
    assert of_section("Close codes") == {str(int(code)) for code in CloseCode}


def test_error_codes_are_those_of_the_code() -> None:
    used = set()
    for path in EDGE.rglob("*.py"):
        used.update(re.findall(r'(?:Refusal|_refused|_refusal)\(\s*"([a-z_]+)"', path.read_text()))
    used |= {"invalid_token", "token_expired"}  # auth.py chooses between them
    assert used == of_section("Errors")


def test_families_are_those_of_the_catalogue() -> None:
    text = DOCUMENT[DOCUMENT.index("Families:") :].split("\n\n")[0]
    assert set(re.findall(r"`([\w-]+)`", text)) == {each.family for each in CATALOGUE.values()}
