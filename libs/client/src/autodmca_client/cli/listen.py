"""`autodmca listen`: events as lines on standard output, what happens to the connection on standard error."""

import asyncio
import sys
import time
from typing import Any

import click
import msgspec
from autodmca_events import CATALOGUE

from autodmca_client.cli.reach import edge, why_none_answers
from autodmca_client.cli.render import event_line
from autodmca_client.cli.state import SavedPosition, state_directory
from autodmca_client.cli.values import signed_token
from autodmca_client.client import Client, TokenSource
from autodmca_client.closing import Backoff
from autodmca_client.dial import user_of
from autodmca_client.effects import Gap
from autodmca_client.session import Timing
from autodmca_client.status import Status
from autodmca_client.subscription import Subscription

SAVE_EVERY_S = 1.0
PATIENCE = Timing(backoff=Backoff(longest_s=5.0))  # a person is waiting, not a thousand clients


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options."""

    url: str
    token: str | None
    secret: str | None
    user_id: int | None
    roles: tuple[str, ...]
    types: tuple[str, ...]
    filters: dict[str, Any]
    since: str | None
    resume: bool
    as_json: bool
    count: int | None
    wait: bool


async def listen(options: Listen) -> None:
    """Run until cancelled, or until `count` events were shown."""
    token, user_id = _token(options)
    types = options.types or tuple(CATALOGUE)
    saved = SavedPosition(
        state_directory(), url=options.url, user_id=user_id, types=types, filters=options.filters
    )
    resume = saved.load() if options.resume else []
    if options.resume and not resume:
        _say("nothing saved to resume from; " + (f"from {options.since}" if options.since else "live events"))
    try:
        client = Client(options.url, token=token, on_status=_tell_status, timing=PATIENCE)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from None
    if reason := await why_none_answers([edge(options.url)]):
        if not options.wait:
            remedy = "start one (make run), name another with --url or AUTODMCA_URL, or --wait for it"
            raise click.ClickException(f"no edge answers at {options.url} ({reason}): {remedy}")
        _say(f"no edge answers at {options.url} yet ({reason})")
    async with client:
        events = client.subscribe(
            types,
            options.filters,
            since=None if resume else options.since,
            resume=resume,
            on_gap=_tell_gap,
        )
        await _show(events, options, saved)


async def _show(events: Subscription, options: Listen, saved: SavedPosition) -> None:
    saver = asyncio.create_task(_keep_saving(events, saved))
    shown = 0
    try:
        async for event in events:
            # Bytes, not text: the edge's line as it was, whatever the terminal's encoding.
            click.echo(event.raw if options.as_json else event_line(event))
            shown += 1
            if shown == options.count:
                return
    finally:
        saver.cancel()
        _save(events, saved)


async def _keep_saving(events: Subscription, saved: SavedPosition) -> None:
    before: list[str] = []
    while True:
        await asyncio.sleep(SAVE_EVERY_S)
        if events.cursors != before:
            before = events.cursors
            _save(events, saved)


def _save(events: Subscription, saved: SavedPosition) -> None:
    if not events.cursors:
        return
    try:
        saved.save(events.cursors)
    except OSError as error:
        _say(f"position not saved: {error}")


def _token(options: Listen) -> tuple[TokenSource, int | None]:
    if options.token:
        return options.token, user_of(options.token)
    if options.user_id is None:
        raise click.UsageError("who is listening? --token, or --user with JWT_SECRET for a development token")
    user_id = options.user_id
    signed_token(options.secret, user_id, options.roles)  # fail now, not at the first connection

    async def fresh() -> str:
        return signed_token(options.secret, user_id, options.roles)

    return fresh, user_id


def _tell_status(status: Status) -> None:
    match status.state:
        case "open":
            how = " without a WebSocket" if status.transport == "fallback" else ""
            _say(f"connected to {status.node or 'the edge'}{how}")
        case "reconnecting":
            why = f"{status.code} {status.reason}".strip()
            _say(f"connection lost ({why}); again in {status.retry_in_s:.1f} s")
        case "closed" | "connecting":
            return


def _tell_gap(gap: Gap) -> None:
    _say(f"events are missing here ({gap.reason}): the log no longer has them")


def _say(text: str) -> None:
    click.echo(click.style(f"{time.strftime('%H:%M:%S')} {text}", dim=True), file=sys.stderr)
