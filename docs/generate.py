"""Writes the tables that the code knows better: event types, topics, settings, metrics, packages.

A table stands between `<!-- table: NAME -->` and `<!-- end -->` in a document, between `# table: NAME` and
`# end` in the root's `pyproject.toml`, after `%%` in a diagram; everything around it is written by hand.
`python -m docs.generate` writes them anew, with `--check` it says which are out of date and exits with 1.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from autodmca_edge.config import EdgeSettings
from autodmca_events import CATALOGUE, EventType
from autodmca_events.fields import fields_of
from autodmca_events.requests import REQUESTS, RESULTS, Command
from autodmca_kafka.rights import Right
from autodmca_kafka.topics import TopicSpec, event_topics, service_topics
from autodmca_runtime import KafkaSettings, LogSettings, TokenSettings, describe
from autodmca_service.settings import ServiceSettings
from autodmca_service.workers.settings import WorkerSettings

from deploy.generate.strimzi import MAKER, rights
from deploy.local.settings import LocalSettings
from deploy.smoke.settings import SmokeSettings
from docs import service_tables
from docs.metrics_table import edge_metrics_table

ROOT: Final = Path(__file__).resolve().parents[1]
FILES: Final = (ROOT / "README.md", ROOT / "pyproject.toml", *sorted((ROOT / "docs").glob("*.md")))
BLOCK: Final = re.compile(
    r"((?:<!-- table: (?P<name>[\w-]+) -->| *(?:#|%%) table: (?P<list>[\w-]+))\n)"
    r"(?:.*?)((?:<!-- end -->| *(?:#|%%) end)\n)",
    re.DOTALL,
)
SHARED: Final[tuple[type[msgspec.Struct], ...]] = (
    KafkaSettings,
    TokenSettings,
    LogSettings,
    ServiceSettings,
    WorkerSettings,
)
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


def fields(payload: type[msgspec.Struct]) -> Iterator[str]:
    """The payload's own fields in wire names; `?` marks what may be absent."""
    for name, field in fields_of(payload).items():
        if "." not in name and "[]" not in name:
            yield f"`{name}`" if field.required else f"`{name}`?"


def requests_table() -> str:
    """What services may send to each other, by the service that is asked."""
    rows = ["| to | input | what it asks |", "| --- | --- | --- |"]
    for service, every in REQUESTS.items():
        rows += [f"| {service} | `{_tag(each)}` | {_told(each, Command)} |" for each in every]
    rows += [f"| outcome | `{_tag(each)}` | {_told(each)} |" for each in RESULTS]
    return "\n".join(rows) + "\n"


def _tag(struct: type[msgspec.Struct]) -> str:
    return str(struct.__struct_config__.tag)


def _told(struct: type[msgspec.Struct], base: type[msgspec.Struct] | None = None) -> str:
    about = " ".join((struct.__doc__ or "").split()).replace("|", "\\|")
    common = fields_of(base) if base else {}
    return f"{about} {', '.join(each for each in fields(struct) if each.strip('`?') not in common)}"


def topics_table() -> str:
    """Every topic: what it is keyed by and how long it is kept."""
    specs = (*event_topics(), *service_topics("templates"))
    rows = [f"| `{spec.name}` | {partitions(spec)} | {kept(spec)} |\n" for spec in specs]
    return "| topic | partitions | kept |\n| --- | --- | --- |\n" + "".join(rows)


def rights_table() -> str:
    """What each program may have to do, of a cluster with ACLs: while its topics exist, and to make them."""
    names = {MAKER: "whoever makes the topics"}
    rows = [
        f"| {names.get(program, program)} | {row}\n"
        for program, each in rights().items()
        for row in granted(each)
    ]
    return "| program | on | operations |\n| --- | --- | --- |\n" + "".join(rows)


def granted(rights: Iterable[Right]) -> Iterator[str]:
    """Each resource with all that is done to it."""
    operations: dict[str, list[str]] = {}
    for right in rights:
        operations.setdefault(f"{right.resource} `{right.name}`", []).append(right.operation)
    for resource, each in operations.items():
        yield f"{resource} | {', '.join(each)} |"


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
        others = SHARED[: SHARED.index(settings)] if settings in SHARED else SHARED
        shared = {line for each in others for line in rows(each)}
        return "\n".join([*header(settings), *(line for line in rows(settings) if line not in shared)]) + "\n"

    return table


def header(settings: type[msgspec.Struct]) -> list[str]:
    return describe(settings).splitlines()[:2]


def rows(settings: type[msgspec.Struct]) -> list[str]:
    return describe(settings).splitlines()[2:]


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "types": types_table,
    "requests": requests_table,
    "topics": topics_table,
    "rights": rights_table,
    "kafka": settings_table(KafkaSettings),
    "tokens": settings_table(TokenSettings),
    "logs": settings_table(LogSettings),
    "service": settings_table(ServiceSettings),
    "workers": settings_table(WorkerSettings),
    "edge": settings_table(EdgeSettings),
    "services": service_tables.settings_sections(settings_table),
    "local": settings_table(LocalSettings),
    "smoke": settings_table(SmokeSettings),
    "containers": service_tables.container_rows,
    "edge-metrics": edge_metrics_table,
    "shared-metrics": service_tables.shared_metrics,
    "worker-metrics": service_tables.worker_metrics,
    "own-metrics": service_tables.own_metrics,
    "imports": service_tables.imports,
    "packages": service_tables.package_rows,
    "sources": service_tables.sources,
    "modules": service_tables.modules,
    "service-layer": service_tables.service_layer,
}


def filled(text: str) -> str:
    """A document with every table in it as the code has it now. Raises KeyError for an unknown table."""
    return BLOCK.sub(lambda found: f"{found[1]}{TABLES[found['name'] or found['list']]()}{found[4]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m docs.generate", description="Writes the tables that the code knows better."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail when a table is out of date"
    )
    check = parser.parse_args().check
    stale = []
    for file in FILES:
        text = file.read_text()
        if (new := filled(text)) != text:
            stale.append(file.name)
            if not check:
                file.write_text(new)
    if stale:
        sys.stdout.write(f"{'out of date' if check else 'written'}: {', '.join(stale)}\n")
        if check:
            sys.stdout.write("run `make generate`, and commit what it writes\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
