"""docs/protocol.md says what the code does, and every row of its tables is named by a test.

A test names rows by `@pytest.mark.protocol("Close codes: 4408")`: the heading over the table, then what
stands in the first column. Short keys of filters are named by the cases in libs/events/filter-cases.json.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Final

from autodmca_edge.protocol import CloseCode
from autodmca_events import CATALOGUE, filters

from tests.unit.repository import ROOT, tracked

DOCUMENT: Final = (ROOT / "docs" / "protocol.md").read_text()
MEND_NAMES: Final = "names() or rows() here reads tables in another way than before: mend it"
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
    cases = json.loads((ROOT / "libs/events/filter-cases.json").read_text())
    keys = {key for case in cases for key in case["filters"]} & filters.SHORT_KEYS.keys()
    return found | {f"Subscriptions: {key}" for key in keys}


def of_section(heading: str) -> set[str]:
    return {row.removeprefix(f"{heading}: ") for row in rows() if row.startswith(f"{heading}: ")}


def test_every_row_is_named_by_a_test() -> None:
    nobodys = sorted(set(rows()) - named())
    assert nobodys == [], (
        "mark a test of each with @pytest.mark.protocol; a short key needs cases in filter-cases.json"
    )
    gone = sorted(named() - set(rows()))
    assert gone == [], "tests name rows that docs/protocol.md does not have: mend the marks or the table"


def test_a_row_that_nobody_names_would_be_seen() -> None:
    assert names("`invalid_token`, `token_expired`") == ["invalid_token", "token_expired"], MEND_NAMES
    assert names('`{action: "subscribe", config}`') == ["subscribe"], MEND_NAMES
    assert names("408, 413") == ["408", "413"], MEND_NAMES
    assert names("any other") == ["any other"], MEND_NAMES
    assert "Close codes: 4408" in set(rows()), MEND_NAMES


def test_close_codes_are_those_of_the_code() -> None:
    codes = {str(int(code)) for code in CloseCode}
    assert of_section("Close codes") == codes, "mend the table under `Close codes` in docs/protocol.md"


def test_error_codes_are_those_of_the_code() -> None:
    used = set()
    for path in EDGE.rglob("*.py"):
        used.update(re.findall(r'(?:Refusal|_refused|_refusal)\(\s*"([a-z_]+)"', path.read_text()))
    used |= {"invalid_token", "token_expired"}  # auth.py chooses between them
    assert used == of_section("Errors"), "mend the table under `Errors` in docs/protocol.md"


def test_short_keys_of_filters_are_those_of_the_language() -> None:
    rows = of_section("Subscriptions") - {filters.USER_KEY, "any other"}
    assert rows == set(filters.SHORT_KEYS), "mend the table under `Subscriptions` in docs/protocol.md"


def test_operators_of_filters_are_those_of_the_language() -> None:
    text = DOCUMENT[DOCUMENT.index("an object of operators that must all hold: ") :].split(". ")[0]
    said = re.findall(r"`(\w+)`", text)
    assert said == list(filters.OPERATORS), "mend the paragraph under that table in docs/protocol.md"


def test_families_are_those_of_the_catalogue() -> None:
    text = DOCUMENT[DOCUMENT.index("Families:") :].split("\n\n")[0]
    assert set(re.findall(r"`([\w-]+)`", text)) == {each.family for each in CATALOGUE.values()}, (
        "mend the list after `Families:` in docs/protocol.md"
    )
