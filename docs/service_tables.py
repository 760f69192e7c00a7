"""What documents and tools say of our packages and services, from the packages and the table of services.

Owns the tables of `deploy/services.py`'s rows: settings, metrics, where things are; and the lists of
packages that mypy and import-linter read in the root's `pyproject.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from autodmca_kafka import Decision
from autodmca_runtime import Health, load
from autodmca_runtime.metrics import TOKEN_KEYS, Readiness
from autodmca_service.commands import Command, Outcome
from autodmca_service.control.cut_off import CutOff
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.receipts import Receipt, Receipts
from autodmca_service.replica import Replica
from autodmca_service.settings import ServiceSettings
from autodmca_service.workers.metrics import WorkerMetrics
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from deploy.services import DOMAIN, IMAGES, SERVICES
from docs.metrics_table import UNUSED, labels, metrics_table

ROOT: Final = Path(__file__).resolve().parents[1]
PREFIX: Final = "autodmca_"
IMPORT: Final = re.compile(rf"^\s*(?:from|import) {PREFIX}(\w+)", re.MULTILINE)
NAME: Final = "service"
"""Stands for the name of a service in what is the same for all."""


class Package(NamedTuple):
    """One of our packages: its folder below the root, its import name, what it is for."""

    folder: str
    module: str
    about: str


def packages() -> list[Package]:
    """Libraries, then services; each in the order of its folder."""
    found = []
    for file in [
        *sorted(ROOT.glob("libs/*/pyproject.toml")),
        *sorted(ROOT.glob("services/*/pyproject.toml")),
    ]:
        project = tomllib.loads(file.read_text())["project"]
        folder = str(file.parent.relative_to(ROOT))
        found.append(Package(folder, project["name"].replace("-", "_"), project["description"]))
    return found


def package_rows() -> str:
    """Where things are: a row a package."""
    rows = [f"| [{each.folder}]({each.folder}/README.md) | {each.about} |" for each in packages()]
    return "| folder | what |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def container_rows() -> str:
    """What there is to run: a row an image."""
    rows = [
        "| image | what | port | probes, metrics | paths | memory | in production |",
        "| --- |" + " --- |" * 6,
    ]
    for each in IMAGES:
        need = each.need
        pods = f"{need.replicas} to {need.most_replicas}" if need.most_replicas else str(need.replicas)
        cells = (
            f"`{each.image}`",
            each.about,
            each.port or "",
            each.probe_port or "",
            ", ".join(f"`{path}`" for path in each.paths),
            f"{need.memory_mb} MB",
            "" if each.profile else pods,
        )
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows) + "\n"


def sources() -> str:
    """Where mypy finds packages."""
    return "".join(f'  "{each.folder}/src",\n' for each in packages())


def modules() -> str:
    """What import-linter looks at."""
    return "".join(f'  "{each.module}",\n' for each in packages())


def service_layer() -> str:
    """Services side by side in import-linter's layers: none may import another."""
    names = [each.module for each in packages() if each.folder.startswith("services/")]
    return f'  "{" | ".join(names)}",\n'


def imports() -> str:
    """Who imports whom of us, as lines of a Mermaid flow chart; dotted is what a command line alone does."""
    lines = []
    for package in packages():
        user, used = package.module.removeprefix(PREFIX), {False: set[str](), True: set[str]()}
        for file in (ROOT / package.folder / "src").rglob("*.py"):
            found = set(IMPORT.findall(file.read_text())) - {user}
            used[file.parent.name == "cli"] |= found
        whole, command = sorted(used[False]), sorted(used[True] - used[False])
        lines.append(f"    {user} --> {' & '.join(whole)}\n" if whole else f"    {user}\n")
        lines += [f"    {user} -. command line only .-> {each}\n" for each in command]
    return "".join(lines)


def settings_sections(table: Callable[[type[msgspec.Struct]], Callable[[], str]]) -> Callable[[], str]:
    """The settings of each service under a heading of its own, the edge's apart."""

    def sections() -> str:
        return "\n".join(
            f"### {each.name.capitalize().replace('_', ' ')}: {each.about}\n\n{table(each.settings)()}"
            for each in SERVICES
            if each.name != "edge"
        )

    return sections


def shared_metrics() -> str:
    """What every domain service shows."""
    registry = CollectorRegistry()
    Replica(
        NAME,
        load(ServiceSettings, UNUSED),
        model=lambda _entities, _command, _context: Decision(outcome=Outcome()),
        answer=lambda _command, _find, _owner, _outcome: None,
        state=Receipt | Receipts,
        command=Command,
        registry=registry,
    )
    HttpMetrics(NAME, registry)
    CutOff("unused:9092", client_id=NAME, registry=registry)
    registry.register(Readiness(Health()))
    for each in TOKEN_KEYS:
        registry.register(each)
    return metrics_table(shown(registry)).replace(f"autodmca_{NAME}_", "autodmca_SERVICE_")


def worker_metrics() -> str:
    """What the worker pools of a service show."""
    registry = CollectorRegistry()
    WorkerMetrics(registry)
    return metrics_table(shown(registry))


def own_metrics() -> str:
    """What single services show beside: the `Metrics` of each one's `metrics.py`."""
    tables = []
    for service in DOMAIN:
        if find_spec(f"{service.module}.metrics") is not None:
            registry = CollectorRegistry()
            import_module(f"{service.module}.metrics").Metrics(registry)
            tables.append(f"### {service.name.capitalize()}\n\n{metrics_table(shown(registry))}")
    return "\n".join(tables)


def shown(registry: CollectorRegistry) -> Iterator[tuple[Metric, tuple[str, ...]]]:
    """Every metric of a registry, and its labels."""
    for collector in list(registry._collector_to_names):  # noqa: SLF001 - there is no public way
        for metric in collector.collect():
            yield metric, labels(collector, metric)
