"""`autodmca dead-letters`: what a service could not apply, and sending it again once the cause is mended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import msgspec
from autodmca_events import ms_of, rfc3339
from autodmca_kafka import EventProducer, RecordPosition, TailReader
from autodmca_kafka.dead_letters import DeadLetter, read_letters, send_again, sent_again

from autodmca_client.cli.log_access import CLIENT_ID, CONNECT_S, log_at
from autodmca_client.cli.render import decoded, printable, text


class Letters(msgspec.Struct, frozen=True, kw_only=True):
    """The options that say which letters are meant; `names` empty: all of them."""

    service: str
    bootstrap_servers: str
    names: tuple[str, ...] = ()
    user_id: int | None = None
    since: str | None = None


class Found(msgspec.Struct, frozen=True):
    """The letters that are meant, and where those stand that were sent again, by name."""

    letters: list[DeadLetter]
    again: dict[str, RecordPosition]


async def show_all(options: Letters, *, as_json: bool) -> None:
    """Print a line for each letter, whole values only as JSON."""
    async with _reader(options.bootstrap_servers) as reader:
        found = await _find(reader, options)
    for letter in found.letters:
        again = found.again.get(letter.name)
        click.echo(_json(letter, again) if as_json else _line(letter, again))
    if not found.letters:
        click.echo(f"{options.service} has no such dead letters", err=True)


async def show(options: Letters) -> None:
    """Print everything about the letters that are named."""
    async with _reader(options.bootstrap_servers) as reader:
        found = await _find(reader, options)
    for letter in found.letters:
        click.echo(msgspec.json.format(_json(letter, found.again.get(letter.name)), indent=2))


async def resend(options: Letters, *, twice: bool, dry_run: bool) -> None:
    """Send letters again in the order in which they failed; those that were sent before only with `twice`."""
    async with _reader(options.bootstrap_servers) as reader:
        found = await _find(reader, options)
    unsent, sent, keyless = [], 0, 0
    for letter in sorted(found.letters, key=lambda each: (each.failed_ms, each.position)):
        if (at := found.again.get(letter.name)) is not None and not twice:
            click.echo(f"{letter.name} was sent again before, as {_place(at)}", err=True)
        elif letter.user_id is None:
            keyless += 1
            click.echo(f"{letter.name} cannot be sent again: its key {letter.key!r} is no user id", err=True)
        else:
            unsent.append(letter)
    if dry_run:
        for letter in unsent:
            click.echo(f"would send again: {_line(letter, None)}")
        return
    async with (
        log_at(options.bootstrap_servers) as brokers,
        EventProducer(brokers, client_id=CLIENT_ID, connect_timeout_s=CONNECT_S) as producer,
    ):
        for letter in unsent:
            click.echo(f"{letter.name} is {_place(await send_again(producer, options.service, letter))}")
            sent += 1
    click.echo(f"{sent} sent again, {len(found.letters) - sent} not", err=True)
    if keyless:
        raise click.ClickException(f"{keyless} of them cannot be sent again")


@asynccontextmanager
async def _reader(bootstrap_servers: str) -> AsyncIterator[TailReader]:
    async with (
        log_at(bootstrap_servers) as brokers,
        TailReader(brokers, client_id=CLIENT_ID, connect_timeout_s=CONNECT_S) as reader,
    ):
        yield reader


async def _find(reader: TailReader, options: Letters) -> Found:
    since_ms = None if options.since is None else ms_of(options.since)
    try:
        letters = [
            letter
            async for letter in read_letters(reader, options.service, since_ms=since_ms)
            if (not options.names or letter.name in options.names)
            and (options.user_id is None or letter.user_id == options.user_id)
        ]
        again = await sent_again(reader, options.service, letters)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    missing = set(options.names) - {letter.name for letter in letters}
    if missing:
        raise click.ClickException(f"{options.service} has no dead letter {', '.join(sorted(missing))}")
    return Found(letters, again)


def _line(letter: DeadLetter, again: RecordPosition | None) -> str:
    name = click.style(f"{letter.name:<10}", fg="cyan")
    when = click.style(rfc3339(letter.failed_ms), dim=True)
    user = "no user" if letter.user_id is None else f"user {letter.user_id}"
    tail = click.style(f"  sent again as {_place(again)}", fg="green") if again else ""
    return f"{name} {when} {user} {printable(letter.error)}{tail}"


def _json(letter: DeadLetter, again: RecordPosition | None) -> bytes:
    return msgspec.json.encode(
        {
            "name": letter.name,
            "failedAt": rfc3339(letter.failed_ms),
            "error": letter.error,
            "input": {
                "topic": letter.origin.topic,
                "partition": letter.origin.partition,
                "offset": letter.origin.offset,
                "timestamp": rfc3339(letter.written_ms),
                "key": None if letter.key is None else text(letter.key),
                "headers": {name: text(value or b"") for name, value in letter.headers},
                "value": decoded(letter.value),
            },
            "sentAgainAs": None if again is None else _place(again),
        }
    )


def _place(position: RecordPosition) -> str:
    return f"{position.topic}[{position.partition}]@{position.offset}"
