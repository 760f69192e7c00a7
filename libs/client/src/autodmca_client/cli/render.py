"""Events and records as lines for people. Colours are dropped by click where the output is no terminal."""

from collections.abc import Mapping
from typing import Any

import click
import msgspec
from autodmca_events import CATALOGUE, FAMILIES

from autodmca_client.wire import Event

_COLOURS = ("cyan", "blue", "magenta", "yellow", "bright_red", "green", "bright_blue", "white")
_FAMILY_COLOURS = dict(zip(FAMILIES, _COLOURS, strict=False))
_LONGEST = 60
_TYPE_WIDTH = max(len(name) for name in CATALOGUE)
_TELLING = frozenset(
    {"status", "newStatus", "verdict", "valid", "severity", "level", "outcome", "responseCode"}
)


def event_line(event: Event) -> str:
    """Time, type, user, and the payload's fields in their order."""
    known = CATALOGUE.get(event.type)
    colour = _FAMILY_COLOURS.get(known.family) if known else None
    payload = event.payload if isinstance(event.payload, Mapping) else msgspec.to_builtins(event.payload)
    whose = "everybody" if event.user_id is None else f"user {event.user_id}"
    return "  ".join(
        (
            click.style(event.timestamp[11:].rstrip("Z").ljust(12), dim=True),
            click.style(event.type.ljust(_TYPE_WIDTH), fg=colour, bold=True),
            click.style(whose, dim=True),
            fields(payload),
        )
    )


def fields(payload: Mapping[str, Any]) -> str:
    """`name=value` for each field; long values are cut."""
    return " ".join(
        click.style(f"{name}=", dim=True) + click.style(value_text(value), bold=name in _TELLING or None)
        for name, value in payload.items()
    )


def value_text(value: object) -> str:
    """A value in one short word or JSON."""
    word = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    word = " ".join(printable(word).split())
    if len(word) > _LONGEST:
        word = word[: _LONGEST - 1] + "…"
    return f'"{word}"' if isinstance(value, str) and (" " in word or not word) else word


def printable(line: str) -> str:
    """`line` without what could steer a terminal: it comes from outside."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in line)


def text(data: bytes) -> str:
    """Bytes of a record as text, whatever they are."""
    return data.decode("utf-8", "replace")


def decoded(value: bytes | None) -> object:
    """A record's value for JSON: what it holds if it is JSON, else its text; None for a tombstone."""
    if value is None:
        return None
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text(value)
