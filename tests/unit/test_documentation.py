"""The documents say what the code says."""

import ast
import importlib
import re
from pathlib import Path

from autodmca_client.cli.app import main
from autodmca_edge.protocol import CloseCode
from autodmca_events import CATALOGUE, FAMILIES

from docs.generate import BLOCK, TABLES, filled
from tests.unit.repository import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
VARIABLE = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
READS = {"getenv", "Env", "get"}
NOT_FOR_PEOPLE = {"MAKELEVEL"}
"""make sets it for what it starts."""


def sources() -> list[Path]:
    return sorted(
        path for folder in ("libs", "services", "deploy") for path in ROOT.glob(f"{folder}/**/*.py")
    )


def variables_read() -> dict[str, str]:
    """Every environment variable that code of ours names, and one file that does."""
    found = {}
    for file in sources():
        if "tests" in file.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            names: list[ast.expr] = []
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called.rpartition(".")[2] in READS and (called in READS or "environ" in called):
                    names = node.args[:1]
                names += [each.value for each in node.keywords if each.arg == "envvar"]
            elif isinstance(node, ast.Subscript) and "environ" in ast.unparse(node.value):
                names = [node.slice]
            for name in names:
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    found[name.value] = str(file.relative_to(ROOT))
    return found


def test_the_tables_are_as_the_code_has_them() -> None:
    assert [file.name for file in DOCS if filled(file.read_text()) != file.read_text()] == []


def test_every_table_stands_in_a_document() -> None:
    named = [found["name"] for file in DOCS for found in BLOCK.finditer(file.read_text())]
    assert sorted(named) == sorted(TABLES)


def test_every_environment_variable_is_documented() -> None:
    documented = set(VARIABLE.findall((ROOT / "docs" / "configuration.md").read_text()))
    read = variables_read()
    assert "EDGE_PORT" in read
    assert {name: read[name] for name in read.keys() - documented - NOT_FOR_PEOPLE} == {}


def test_the_protocol_document_has_every_close_code() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", text, re.MULTILINE)} == set(CloseCode)


def test_the_protocol_document_has_every_family() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    assert [family for family in FAMILIES if f"`{family}`" not in text] == []


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [A-Z]", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)
    words = [word.strip() for word in rows]
    assert words == sorted(set(words))


def test_the_example_of_the_events_document_is_an_event() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    assert any(f'"type": "{name}"' in text for name in CATALOGUE)


def test_the_python_of_every_readme_is_python_and_imports_what_exists() -> None:
    wrong = []
    for file in [ROOT / "README.md", *sorted(ROOT.glob("*/*/README.md"))]:
        for block in re.findall(r"^```python\n(.*?)^```", file.read_text(), re.MULTILINE | re.DOTALL):
            tree = compile(block, str(file), "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    module = importlib.import_module(node.module or "")
                    wrong += [f"{file}: {each.name}" for each in node.names if not hasattr(module, each.name)]
    assert wrong == []


def test_every_command_line_of_a_readme_has_options_that_exist() -> None:
    wrong = []
    for file in [ROOT / "README.md", *sorted(ROOT.glob("*/*/README.md"))]:
        for name, rest in re.findall(r"\bautodmca (\w+)(?: ([^`\n]*))?", file.read_text()):
            command = main.commands.get(name)
            known = {opt for each in command.params for opt in each.opts} if command else set()
            used = re.findall(r"(?<!\S)--?[a-z][\w-]*", rest.partition("#")[0].partition(";")[0])
            wrong += [f"{file.name}: {name} {option}" for option in used if option not in known]
            wrong += [] if command else [f"{file}: {name}"]
    assert wrong == []
