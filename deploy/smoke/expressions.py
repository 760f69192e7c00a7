"""Every expression that rules, alerts and dashboards ask Prometheus, and which metrics they name.

Owns reading the files; asks a running Prometheus whether it knows all that. An expression that names what
no target shows would be silent for ever: that is an error here, by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import httpx
import yaml

from deploy.smoke.stack import ROOT, StackError

RULES: Final = ROOT / "deploy" / "prometheus" / "rules"
DASHBOARDS: Final = ROOT / "deploy" / "grafana" / "dashboards"
NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
NUMBER: Final = re.compile(r"\b\d[\w.]*")  # durations among them
NAME_PATTERN: Final = re.compile(r'__name__\s*=~\s*"([^"]*)"')
LABELS: Final = re.compile(
    r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"
)
WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})
SUFFIXES: Final = ("_bucket", "_count", "_sum", "_total", "_info", "_created")


class Expression(NamedTuple):
    """Where it stands, and what it asks."""

    where: str
    text: str

    @property
    def names(self) -> set[str]:
        """The metrics that it names by their whole names; functions, labels and durations left out."""
        bare = LABELS.sub(" ", self.text)
        called = {found[1] for found in re.finditer(r"([a-zA-Z_]\w*)\s*\(", bare)}
        return {
            found.group()
            for found in NAME.finditer(NUMBER.sub(" ", bare))
            if found.group() not in called | WORDS
        }

    @property
    def patterns(self) -> list[str]:
        """Those that it names by a pattern."""
        return NAME_PATTERN.findall(self.text)


def rules() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every rule, and the file that it is in."""
    for file in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield file.name, rule


def expressions() -> Iterator[Expression]:
    """All of them."""
    for file, rule in rules():
        yield Expression(f"{file}: {rule.get('alert') or rule['record']}", rule["expr"])
    for board in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(board.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield Expression(f"{board.name}: {panel['title']}", target["expr"])


def recorded() -> set[str]:
    """What recording rules make."""
    return {rule["record"] for _, rule in rules() if "record" in rule}


def unknown(expression: Expression, known: set[str]) -> list[str]:
    """What it names that nobody shows."""
    missing = sorted(expression.names - known)
    return missing + [
        pattern for pattern in expression.patterns if not any(re.fullmatch(pattern, name) for name in known)
    ]


async def check_known(port: int) -> int:
    """How many expressions there are, each of which this Prometheus can answer. Raises StackError."""
    address = f"http://127.0.0.1:{port}/api/v1"
    async with httpx.AsyncClient(base_url=address, timeout=10, trust_env=False) as http:
        metadata = (await http.get("/metadata")).json()["data"]
        names = set((await http.get("/label/__name__/values")).json()["data"])
        known = names | recorded() | {f"{name}{suffix}" for name in metadata for suffix in ("", *SUFFIXES)}
        asked = list(expressions())
        for each in asked:
            if missing := unknown(each, known):
                raise StackError(f"{each.where} asks for {', '.join(missing)}, which no target shows")
            answer = (await http.get("/query", params={"query": variables_filled(each.text)})).json()
            if answer["status"] != "success":
                raise StackError(f"{each.where}: {answer.get('error')}")
    return len(asked)


def variables_filled(text: str) -> str:
    """An expression of a dashboard, with Grafana's own variables set."""
    return text.replace("$__rate_interval", "1m").replace("$__interval", "1m")
