"""Writes the tables in docs/ that the code knows better: event types, topics, settings,
metrics.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; everything around it is written by hand.
`python -m docs.generate` writes them anew, with `--check` it says which are out of date and exits with 1.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from autodmca_edge.config import EdgeSettings
from autodmca_events import CATALOGUE, EventType, Payload
from autodmca_events.fields import fields_of
from autodmca_kafka.topics import TopicSpec, event_topics, service_topics
from autodmca_runtime import KafkaSettings, LogSettings, TokenSettings, describe
from autodmca_sandbox.config import SandboxSettings
from autodmca_templates.config import TemplatesSettings

from deploy.local.settings import LocalSettings
from docs.metrics_table import edge_metrics_table

FOLDER: Final = Path(__file__).parent
BLOCK: Final = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n)(?P<table>.*?)(<!-- end -->)", re.DOTALL)
SHARED: Final = (KafkaSettings, TokenSettings, LogSettings)
HOUR_MS: Final = 3_600_000


def types_table() -> str:
    """Every event type: its class, where it comes from, its fields."""
    rows = ["| type | from | class | payload |", "| --- | --- | --- | --- |"]
    for each in CATALOGUE.values():
        about = " ".join((each.payload.__doc__ or "").split())
        payload = f"{about} {', '.join(fields(each.payload))}"
        rows.append(f"| `{each.name}` | {each.service} | {event_class(each)} | {payload} |")
    return "\n".join(rows) + "\n"


def event_class(event: EventType) -> str:
    """State with its entity, or fact; and whether it is for everybody."""
    entity = f"state of `{event.entity}`" if event.entity else "state of the user"
    kind = entity if event.kind == "state" else "fact"
    return f"{kind}, for everybody" if event.everybody else kind


def fields(payload: type[Payload]) -> Iterator[str]:
    """The payload's own fields in wire names; `?` marks what may be absent."""
    for name, field in fields_of(payload).items():
        if "." not in name and "[]" not in name:
            yield f"`{name}`" if field.required else f"`{name}`?"


def topics_table() -> str:
    """Every topic: what it is keyed by and how long it is kept."""
    specs = (*event_topics(), *service_topics("templates"))
    rows = [f"| `{spec.name}` | {partitions(spec)} | {kept(spec)} |\n" for spec in specs]
    return "| topic | partitions | kept |\n| --- | --- | --- |\n" + "".join(rows)


def partitions(spec: TopicSpec) -> str:
    return "1" if spec.partitions == 1 else "`TOPIC_PARTITIONS`, by user"


def kept(spec: TopicSpec) -> str:
    """A topic's retention in words."""
    if spec.config.get("cleanup.policy") == "compact":
        return "the newest record of each key"
    compacted = ", of each key the newest" if "compact" in spec.config.get("cleanup.policy", "") else ""
    ms = int(spec.config["retention.ms"])
    if ms < 0:
        return "for ever"
    hours = ms // HOUR_MS
    return (
        f"{hours // 24} days" if hours >= 48 else f"{hours} hour" + ("s" if hours > 1 else "")
    ) + compacted


def settings_table(settings: type[msgspec.Struct]) -> Callable[[], str]:
    """The settings of one struct, without those that have a table of their own."""

    def table() -> str:
        shared = {line for each in SHARED if each is not settings for line in rows(each)}
        return "\n".join([*header(settings), *(line for line in rows(settings) if line not in shared)]) + "\n"

    return table


def header(settings: type[msgspec.Struct]) -> list[str]:
    return describe(settings).splitlines()[:2]


def rows(settings: type[msgspec.Struct]) -> list[str]:
    return describe(settings).splitlines()[2:]


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "types": types_table,
    "topics": topics_table,
    "kafka": settings_table(KafkaSettings),
    "tokens": settings_table(TokenSettings),
    "logs": settings_table(LogSettings),
    "edge": settings_table(EdgeSettings),
    "templates": settings_table(TemplatesSettings),
    "sandbox": settings_table(SandboxSettings),
    "local": settings_table(LocalSettings),
    "edge-metrics": edge_metrics_table,
}


def filled(text: str) -> str:
    """A document with every table in it as the code has it now. Raises KeyError for an unknown table."""
    return BLOCK.sub(lambda found: f"{found[1]}{TABLES[found['name']]()}{found[4]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m docs.generate", description="Writes the tables in docs/."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail when a table is out of date"
    )
    check = parser.parse_args().check
    stale = []
    for file in sorted(FOLDER.glob("*.md")):
        text = file.read_text()
        if (new := filled(text)) != text:
            stale.append(file.name)
            if not check:
                file.write_text(new)
    if stale:
        sys.stdout.write(f"{'out of date' if check else 'written'}: {', '.join(stale)}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
