"""The documents say what the code says."""

import ast
import asyncio
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from autodmca_client.cli.app import main
from autodmca_edge.protocol import CloseCode
from autodmca_edge.server.admin import LONGEST_REVOCATION_S
from autodmca_edge.server.fallback.query import LONGEST_S, TIMEOUT_S
from autodmca_edge.server.fallback.sse import BEAT_S
from autodmca_edge.session.deadlines import AUTH_TIMEOUT_S, HEARTBEAT_INTERVAL_S, HEARTBEAT_TIMEOUT_S
from autodmca_edge.session.pulse import TICK_S
from autodmca_edge.wire.deflate import SMALLEST
from autodmca_edge.wire.handshake import MAX_HEAD
from autodmca_events import CATALOGUE, FAMILIES
from autodmca_kafka import ensure_topics, event_topics
from autodmca_service.control.revocations import MOST

from docs.generate import BLOCK, FILES, TABLES, filled
from tests.brokers import Broker
from tests.unit.repository import ROOT, tracked

VARIABLE = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
READS = {"getenv", "Env", "get"}
NOT_FOR_PEOPLE = {"MAKELEVEL", "JOBLIB_MULTIPROCESSING"}
"""make sets the one for what it starts, and a worker the other for itself."""


OF_OTHER_TIMES = {"CHANGELOG.md", "CONTRIBUTING.md"}
"""They name what was, and what is yet to be written."""
IN_WORDS = {4: "Four", 10: "ten"}
FACTS = [
    ("operations.md", f"{IN_WORDS[round(1 / TICK_S)]} times a second a node looks"),
    ("operations.md", f"A node remembers {MOST:,} revocations"),
    ("operations.md", f"at most {LONGEST_REVOCATION_S // 86_400} days ahead"),
    ("protocol.md", f"an `authenticate` message within {IN_WORDS[AUTH_TIMEOUT_S]} seconds"),
    ("protocol.md", f"431 for one over {MAX_HEAD >> 10} KB"),
    ("protocol.md", f"compresses messages of {SMALLEST} bytes and more"),
    ("protocol.md", f"every {HEARTBEAT_INTERVAL_S} seconds. The answer's payload"),
    ("protocol.md", f"After {HEARTBEAT_TIMEOUT_S} seconds without any frame"),
    ("protocol.md", f"1 to {LONGEST_S:.0f}; {TIMEOUT_S:.0f} when not given"),
    ("protocol.md", f"Every {BEAT_S:.0f} seconds there is a comment"),
]
"""What documents say in numbers that the code has, too."""


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
    assert [file.name for file in FILES if filled(file.read_text()) != file.read_text()] == [], (
        "run `make generate`, and commit what it writes"
    )


def test_every_table_stands_in_a_document() -> None:
    named = [found["name"] or found["list"] for file in FILES for found in BLOCK.finditer(file.read_text())]
    assert sorted(named) == sorted(TABLES), (
        "each of TABLES in docs/generate.py belongs between `table: NAME` and `end` in one of its FILES, once"
    )


@pytest.mark.parametrize(("name", "fact"), FACTS)
def test_a_number_in_a_document_is_the_code_s(name: str, fact: str) -> None:
    text = " ".join((ROOT / "docs" / name).read_text().split())
    assert fact in text, f"docs/{name} does not say {fact!r}: mend it, or FACTS here"


def test_every_file_and_every_command_of_make_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {path.name for path in tracked() if path.suffix == ".py"}
    wrong = []
    for file in tracked():
        if file.suffix != ".md" or file.name in OF_OTHER_TIMES:
            continue
        text = (ROOT / file).read_text()
        words = " ".join(re.findall(r"`([^`\n]+)`", text)).split()
        paths = [word for word in words if re.fullmatch(r"(libs|services|tests|deploy|docs)/[\w./-]+", word)]
        modules = [word for word in words if re.fullmatch(r"(?:\w+/)?\w+\.py", word)]
        made = re.findall(r"(?:^    |`|&& )make ([a-z]+)\b", text, re.MULTILINE)
        wrong += [
            f"{file}: {path}"
            for path in paths
            if not any((ROOT / at / path).exists() for at in ("", file.parent))
        ]
        wrong += [f"{file}: {name}" for name in modules if name.rpartition("/")[2] not in known]
        wrong += [f"{file}: make {target}" for target in made if target not in targets]
    assert wrong == [], "these documents name what does not exist: mend them"


def test_every_environment_variable_is_documented() -> None:
    documented = set(VARIABLE.findall((ROOT / "docs" / "configuration.md").read_text()))
    read = variables_read()
    assert "EDGE_PORT" in read, "variables_read() here does not see how settings are read any more: mend it"
    unknown = {name: read[name] for name in read.keys() - documented - NOT_FOR_PEOPLE}
    assert unknown == {}, "say in docs/configuration.md what these do, or run `make generate`"


def test_the_protocol_document_has_every_close_code() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", text, re.MULTILINE)} == set(CloseCode), (
        "mend the table under `Close codes` in docs/protocol.md"
    )


def test_the_protocol_document_has_every_family() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    assert [family for family in FAMILIES if f"`{family}`" not in text] == [], (
        "add these after `Families:` in docs/protocol.md"
    )


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [A-Z]", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)
    words = [word.strip() for word in rows]
    assert words == sorted(set(words)), "put the rows of GLOSSARY.md in order, each word once"


def test_the_example_of_the_events_document_is_an_event() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    assert any(f'"type": "{name}"' in text for name in CATALOGUE), "mend the example in docs/events.md"


def test_the_python_of_every_readme_is_python_and_imports_what_exists() -> None:
    wrong = []
    for file in [ROOT / "README.md", *sorted(ROOT.glob("*/*/README.md"))]:
        for block in re.findall(r"^```python\n(.*?)^```", file.read_text(), re.MULTILINE | re.DOTALL):
            tree = compile(block, str(file), "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    module = importlib.import_module(node.module or "")
                    wrong += [f"{file}: {each.name}" for each in node.names if not hasattr(module, each.name)]
    assert wrong == [], "these READMEs import what does not exist: mend the examples"


def test_the_example_that_emits_an_event_runs_as_it_is_printed(embedded_broker: Broker) -> None:
    _, _, section = (ROOT / "README.md").read_text().partition("\n## Emit\n")
    (program,) = re.findall(r"^```python\n(.*?)^```", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    assert program.count("localhost:9092") == 1, "README.md: the example names its broker once"
    asyncio.run(ensure_topics(embedded_broker.bootstrap_servers, event_topics()))
    program = program.replace("localhost:9092", embedded_broker.bootstrap_servers)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, ""), f"mend the example in README.md: {ran.stderr}"
    assert "autodmca.accounts.v1" in ran.stdout, "README.md: the example prints where the event is"


def test_every_command_line_of_a_readme_has_options_that_exist() -> None:
    wrong = []
    for file in [ROOT / "README.md", *sorted(ROOT.glob("*/*/README.md"))]:
        for name, rest in re.findall(r"\bautodmca (\w+)(?: ([^`\n]*))?", file.read_text()):
            command = main.commands.get(name)
            known = {opt for each in command.params for opt in each.opts} if command else set()
            used = re.findall(r"(?<!\S)--?[a-z][\w-]*", rest.partition("#")[0].partition(";")[0])
            wrong += [f"{file.name}: {name} {option}" for option in used if option not in known]
            wrong += [] if command else [f"{file}: {name}"]
    assert wrong == [], "these READMEs name a command or an option that does not exist: mend them"


def test_each_proof_of_the_threat_model_is_a_test() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/security.md").read_text()))
    files = [file for file in tracked() if re.fullmatch(r"test_\w+\.py", file.name)]
    tests = {name for file in files for name in re.findall(r"\bdef (test_\w+)\(", (ROOT / file).read_text())}
    assert named, "docs/security.md names no test"
    assert not named - tests, "docs/security.md names tests that do not exist"
