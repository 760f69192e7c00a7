"""`autodmca topics`: what the cluster holds for this project."""

import asyncio

import click
import msgspec
from autodmca_events.topics import SERVICES
from autodmca_kafka import (
    NotAuthorized,
    TailReader,
    TopicDeleted,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    event_topics,
    service_topics,
)

from autodmca_client.cli.log_access import CLIENT_ID, CONNECT_S, log_at

MISSING = "missing"
DENIED = "denied"


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options."""

    bootstrap_servers: str
    create: bool
    services: tuple[str, ...]
    partitions: int
    replication_factor: int


class Line(msgspec.Struct, frozen=True):
    """One topic as the cluster has it; `instead` of `bounds` when it does not exist, or we may not know."""

    topic: str
    bounds: tuple[tuple[int, int], ...]
    instead: str = MISSING

    @property
    def text(self) -> str:
        """Topic, partitions, records, and the bounds of each partition that holds any."""
        if not self.bounds:
            return f"{self.topic:<34} {self.instead:>10}"
        records = sum(end - earliest for earliest, end in self.bounds)
        held = " ".join(
            f"{number}:{earliest}-{end}"
            for number, (earliest, end) in enumerate(self.bounds)
            if end > earliest
        )
        return f"{self.topic:<34} {len(self.bounds):>10} {records:>10}  {held}".rstrip()


async def topics(options: Topics) -> None:
    """Print a line per topic; a service's own topics only where they exist."""
    if options.services and not options.create:
        raise click.UsageError("--service says whose topics are created: it needs --create")
    shared = event_topics(options.partitions)
    own = [spec for service in SERVICES for spec in service_topics(service, options.partitions)]
    async with log_at(options.bootstrap_servers) as brokers:
        if options.create:
            wanted = [spec for name in options.services for spec in service_topics(name, options.partitions)]
            await ensure_topics(
                brokers,
                [*shared, *wanted],
                replication_factor=options.replication_factor,
                deadline_s=CONNECT_S,
            )
        async with TailReader(brokers, client_id=CLIENT_ID, connect_timeout_s=CONNECT_S) as reader:
            lines = await asyncio.gather(*(_look(reader, spec) for spec in (*shared, *own)))
    click.echo(
        click.style(
            f"{'topic':<34} {'partitions':>10} {'records':>10}  offsets (partition:earliest-end)", bold=True
        )
    )
    for line in lines:
        if (
            line.bounds
            or line.instead not in (MISSING, DENIED)
            or line.topic in {spec.name for spec in shared}
        ):
            click.echo(line.text)


async def _look(reader: TailReader, spec: TopicSpec) -> Line:
    instead = DENIED
    try:
        count = await reader.partitions(spec.name)
        instead = f"{count:>10} {DENIED:>10}"
        bounds = await reader.bounds(TopicPartition(spec.name, number) for number in range(count))
    except TopicDeleted:
        return Line(spec.name, ())
    except NotAuthorized:
        return Line(spec.name, (), instead)
    return Line(spec.name, tuple(bounds[tp] for tp in sorted(bounds)))
