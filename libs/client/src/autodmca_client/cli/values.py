"""What a person types, turned into values: durations, moments, filters, event types.

Bad input fails by the option's name. Reads files and standard input where the option says so.
"""

import difflib
import json
import os
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from autodmca_events import CATALOGUE, InvalidTimestamp, ms_of, rfc3339

from autodmca_client.development import development_token

USER = click.IntRange(1, 2**53 - 1)
"""A user's id, as a token may name it."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]+)([smhd]?)")


def duration(context: click.Context, option: click.Parameter, value: str) -> int:
    """Seconds of `90`, `90s`, `10m`, `2h` or `1d`."""
    seconds = _seconds(value)
    if not seconds:
        raise click.BadParameter(f"{value!r} is no duration: 90s, 10m, 2h, 1d")
    return seconds


def _seconds(value: str) -> int | None:
    found = _DURATION.fullmatch(value)
    return int(found[1]) * _UNITS[found[2]] if found else None


def since(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """An RFC 3339 moment, of itself or of a duration ago."""
    if value is None:
        return None
    seconds = _seconds(value)
    if seconds is not None:
        return rfc3339((int(time.time()) - seconds) * 1000)
    try:
        return rfc3339(ms_of(value))
    except InvalidTimestamp:
        raise click.BadParameter(
            f"{value!r} is neither a moment (2026-01-31T10:30:00Z) nor a duration (10m, 2h, 1d)"
        ) from None


def event_types(context: click.Context, option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """The names in `a,b` and repeated options."""
    names = [name.strip() for part in value for name in part.split(",") if name.strip()]
    return tuple(dict.fromkeys(_known(name) for name in names))


def event_type(context: click.Context, option: click.Parameter, value: str) -> str:
    """One name of the catalogue."""
    return _known(value)


def _known(name: str) -> str:
    if name in CATALOGUE:
        return name
    near = difflib.get_close_matches(name, CATALOGUE, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(sorted(CATALOGUE))}"
    raise click.BadParameter(f"there is no event type {name!r}; {hint}")


def filters(context: click.Context, option: click.Parameter, value: tuple[str, ...]) -> dict[str, Any]:
    """`key=value` pairs; a value that is no JSON is a word."""
    found: dict[str, Any] = {}
    for pair in value:
        key, sign, text = pair.partition("=")
        if not (key and sign):
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE")
        try:
            found[key] = json.loads(text)
        except json.JSONDecodeError:
            found[key] = text
    return found


def text(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A literal, the content of `@FILE`, or standard input for `-`."""
    if value == "-":
        return sys.stdin.read()
    if value is not None and value.startswith("@"):
        try:
            return Path(value[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.BadParameter(f"cannot read {value[1:]}: {error}") from None
    return value


def secret(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """JWT_SECRET, or what the file that JWT_SECRET_FILE names holds."""
    file = os.environ.get("JWT_SECRET_FILE")
    if value or not file:
        return value
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"JWT_SECRET_FILE: cannot read {file}: {error}") from None


def signed_token(
    secret: str | None,
    user_id: int,
    roles: Iterable[str],
    *,
    ttl_s: int = 3600,
    types: Iterable[str] | None = None,
) -> str:
    """A development token; without a usable secret the command fails, naming JWT_SECRET."""
    if not secret:
        raise click.ClickException(
            "neither JWT_SECRET nor JWT_SECRET_FILE is set: development tokens need the edge's secret"
        )
    try:
        return development_token(secret, user_id, roles=roles, ttl_s=ttl_s, types=types)
    except ValueError as error:
        raise click.ClickException(f"JWT_SECRET: {error}") from None
