"""`autodmca tail`: records of any topic as they are in the log, whatever they hold."""

import asyncio
from collections.abc import AsyncIterator

import click
import msgspec
from autodmca_events import ms_of, rfc3339
from autodmca_kafka import Batch, Record, TailReader, TopicPartition

from autodmca_client.cli.log_access import CLIENT_ID, CONNECT_S, log_at
from autodmca_client.cli.render import decoded, printable, text


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options."""

    topics: tuple[str, ...]
    bootstrap_servers: str
    from_beginning: bool
    since: str | None
    as_json: bool
    count: int | None


async def tail(options: Tail) -> None:
    """Print records until cancelled, or until `count` were printed."""
    if options.from_beginning and options.since is not None:
        raise click.UsageError("either --from-beginning or --since")
    async with (
        log_at(options.bootstrap_servers) as brokers,
        TailReader(brokers, client_id=CLIENT_ID, connect_timeout_s=CONNECT_S) as reader,
    ):
        await reader.add(await _starts(reader, options))
        click.echo(f"reading {', '.join(options.topics)}", err=True)
        shown = 0
        async for topic, partition, record in _records(reader):
            click.echo((_json if options.as_json else _line)(topic, partition, record))
            shown += 1
            if shown == options.count:
                return


async def _starts(reader: TailReader, options: Tail) -> dict[TopicPartition, int]:
    counts = await asyncio.gather(*(reader.partitions(topic) for topic in options.topics))
    wanted = [
        TopicPartition(topic, number)
        for topic, count in zip(options.topics, counts, strict=True)
        for number in range(count)
    ]
    if options.since is None:
        return dict.fromkeys(wanted, TailReader.BEGINNING if options.from_beginning else TailReader.END)
    moment = ms_of(options.since)
    offsets = await asyncio.gather(*(reader.offset_at(each, moment) for each in wanted))
    return dict(zip(wanted, offsets, strict=True))


async def _records(reader: TailReader) -> AsyncIterator[tuple[str, int, Record]]:
    while True:
        for item in await reader.poll():
            if isinstance(item, Batch):
                for record in item.records:
                    yield item.topic, item.partition, record
            else:
                click.echo(f"{type(item).__name__} {item}", err=True)


def _line(topic: str, partition: int, record: Record) -> str:
    key = "-" if record.key is None else printable(text(record.key))
    headers = printable(" ".join(f"{name}={text(value or b'')}" for name, value in record.headers))
    where = click.style(f"{topic}[{partition}]@{record.offset}", fg="cyan")
    when = click.style(rfc3339(record.timestamp), dim=True)
    value = click.style("tombstone", dim=True) if record.value is None else printable(text(record.value))
    return f"{where} {when} {key} {headers} {value}"


def _json(topic: str, partition: int, record: Record) -> bytes:
    return msgspec.json.encode(
        {
            "topic": topic,
            "partition": partition,
            "offset": record.offset,
            "timestamp": rfc3339(record.timestamp),
            "key": None if record.key is None else text(record.key),
            "headers": {name: text(value or b"") for name, value in record.headers},
            "value": decoded(record.value),
        }
    )
