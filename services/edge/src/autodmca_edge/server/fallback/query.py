"""What a request to the fallback asks for.

Owns the query parameters and headers, and turns them into a subscription's config. Knows neither the node
nor the socket. What makes no sense raises `Refusal` naming the parameter; types, filters, cursors and
moments are judged by the session, as those of a WebSocket are.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from autodmca_events import CATALOGUE, FAMILIES

from autodmca_edge.protocol import Refusal

__all__ = ["Query", "read_query", "wants_stream"]

TIMEOUT_S: Final = 25.0
LONGEST_S: Final = 55.0  # proxies give up at 60 seconds
_LAST_EVENT_ID: Final = "lastEventId"
_POLYFILLS: Final = frozenset({"lasteventid", "last-event-id", "last_event_id", "evs_last_event_id"})
_LISTS: Final = frozenset({"types", "resume", "token"})  # of tokens the last one counts, as for a WebSocket
_KNOWN: Final = (*_LISTS, "family", "filters", "since", "timeout", _LAST_EVENT_ID)
_SEPARATOR: Final = re.compile(r"[,\s]+")
# `+01:00` in an address where nobody escaped it: of a form, a + is a space.
_UNESCAPED: Final = re.compile(r"(.+[Tt ].+) (\d\d:\d\d)")


def _stem(name: str) -> str:
    return name[:_STEM].lower().rstrip("s")


_STEM: Final = 16  # characters of a name that are looked at
_SLIPS: Final = {_stem(name): name for name in _KNOWN}


class Query(NamedTuple):
    """What is wanted. `config`: of a subscribe message; `timeout_s`: how long a poll waits for an event."""

    config: dict[str, Any]
    timeout_s: float

    @property
    def resume(self) -> list[str]:
        """The cursors that it came with."""
        return list(self.config.get("resume", ()))

    @property
    def positioned(self) -> bool:
        """Whether it says from where on it wants events."""
        return "resume" in self.config or "since" in self.config


def wants_stream(accept: Iterable[str]) -> bool:
    """Whether Server-Sent Events are asked for, by the values of the Accept headers."""
    return any(
        each.partition(";")[0].strip().lower() == "text/event-stream"
        for value in accept
        for each in value.split(",")
    )


def read_query(parameters: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> Query:
    """What is wanted. Raises Refusal. A parameter of others is passed over, a slip of ours is not."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        known = _LAST_EVENT_ID if name.lower() in _POLYFILLS else name
        if known not in _KNOWN:
            if (meant := _SLIPS.get(_stem(name))) is not None:
                raise _bad(name[:64], f"is {meant} meant?")
            continue
        if known in given and known not in _LISTS:
            raise _bad(name, "given more than once")
        given.setdefault(known, []).append(value)
    config: dict[str, Any] = {"types": _types(given)}
    if "filters" in given:
        config["filters"] = _filters(given["filters"][0])
    # A browser's EventSource comes back with the address it had at first, and this header; a polyfill with a
    # parameter.
    resume = (
        _split([headers.get("last-event-id", "")])
        or _split(given.get(_LAST_EVENT_ID, ()))
        or _split(given.get("resume", ()))
    )
    if resume:
        config["resume"] = resume
    elif "since" in given:
        config["since"] = _UNESCAPED.sub(r"\1+\2", given["since"][0])
    return Query(config, _timeout(given))


def _bad(field: str, message: str, code: str = "bad_message") -> Refusal:
    return Refusal(code, message, field=field)


def _split(values: Iterable[str]) -> list[str]:
    return [each for value in values for each in _SEPARATOR.split(value) if each]


def _types(given: Mapping[str, list[str]]) -> list[str]:
    if "family" not in given:
        types = _split(given.get("types", ()))
        if not types:
            raise _bad("types", "which types of events, or which family?")
        return types
    if "types" in given:
        raise _bad("family", "either types or a family")
    family = given["family"][0]
    if family not in FAMILIES:
        raise _bad("family", f"the families are {', '.join(FAMILIES)}", "unknown_type")
    return [name for name, each in CATALOGUE.items() if each.family == family]


def _filters(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
        raise _bad("filters", f"not a JSON object: {fault}", "bad_filter") from None


def _timeout(given: Mapping[str, list[str]]) -> float:
    if "timeout" not in given:
        return TIMEOUT_S
    try:
        seconds = float(given["timeout"][0])
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= LONGEST_S:  # not a number is refused, too
        raise _bad("timeout", f"seconds, from 1 to {LONGEST_S:g}")
    return seconds
