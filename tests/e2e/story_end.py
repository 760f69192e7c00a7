"""How a story ended, so that two tellings of it can be compared: what every service shows, and what it told.

Owns what may differ between two tellings: ids, times, and how often something was looked at. All else is to
be the same, but for the order of lists. Values are JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import msgspec
from autodmca_events import CATALOGUE, Envelope, VisibilityChange
from autodmca_sandbox.calls import Calls
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import Person
from autodmca_service.testing import events_of

from deploy.story.system import System

NAMES: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"msg_\d+_\w+|ntf_\d+_\d+"), "<id>"),
    (re.compile(r"[0-9a-f]{16,}"), "<name>"),
    (re.compile(r"\d{10,}"), "<number>"),
)
"""What is drawn anew in each telling, wherever it stands in a text."""
DIFFERS: Final[frozenset[str]] = frozenset(
    {"processingMs", "throughputPerSecond", "etaSeconds", "latencyMs", "elapsedMs", "contribution", "rank"}
)
"""Fields that measure how long something took, how old an account is, where a page ranks by now."""

SEEN: Final = {"engine_response": "requestId", "delisting_request_status": "requestId"}
"""Facts that tell what an engine said when it was asked, which is seldom the same: the last one counts."""
PASSED: Final = {
    "submission_status_change": {"progress"},
    "visibility_change": {"newRank", "previousRank"},
}
"""Fields of facts that say how things stood at that moment."""


async def shown(made: System, person: Person) -> dict[str, Any]:
    """What every GET of every service's document shows the person: by path, what it shows of each entity."""
    ids: dict[str, list[str]] = {}
    found: dict[str, list[Any]] = {}
    reads = await _reads(made)
    for path in sorted(reads, key=lambda each: each.count("{")):
        for place in _filled(path, ids):
            items = [item async for item in _pages(reads[path], person, place)]
            found.setdefault(path, []).extend(items)
            if "{" not in path:
                ids[path] = [str(item["id"]) for item in items if isinstance(item, dict) and "id" in item]
    return {path: canonical(items, person) for path, items in found.items()}


async def told(made: System, person: Person) -> dict[str, Any]:
    """By type of event, what the log has: each fact, and the newest of each entity's states."""
    found: dict[str, list[Any]] = {}
    newest: dict[tuple[str, Any], Any] = {}
    for event in await written(made, person):
        type_, payload = CATALOGUE[event.type], msgspec.to_builtins(event.payload)
        entity = SEEN.get(event.type, type_.entity)
        if isinstance(event.payload, VisibilityChange) and _only_moved(event.payload):
            continue
        if type_.kind == "fact" and event.type not in SEEN:
            passed = PASSED.get(event.type, ())
            kept = {name: value for name, value in payload.items() if name not in passed}
            found.setdefault(event.type, []).append(kept)
        else:
            newest[event.type, payload[entity] if entity else None] = payload
    for (name, _), payload in newest.items():
        found.setdefault(name, []).append(payload)
    return {name: canonical(payloads, person) for name, payloads in found.items()}


async def written(made: System, person: Person) -> list[Envelope]:
    """Every event of the person in the log, each id once; fails when two of one id differ."""
    return [event for name in made.services for event in await events_of(made.servers, name, person.user_id)]


async def filed(made: System, person: Person) -> Any:
    """How often each thing was filed anew outside, by place."""
    return canonical((await made.world.get("/sandbox/received")).json()["filed"], person)


def canonical(value: Any, person: Person) -> Any:
    """The same without what may differ, lists sorted."""
    if isinstance(value, dict):
        return {
            text(key, person): "..." if key in DIFFERS or _is_id(key, each) else canonical(each, person)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return sorted((canonical(each, person) for each in value), key=json.dumps)
    return text(value, person) if isinstance(value, str) else value


def text(of: str, person: Person) -> str:
    """A text without what is drawn anew."""
    for pattern, name in NAMES:
        of = pattern.sub(name, of)
    return of.replace(str(person.user_id), "<user>")


def unlike(was: Any, now: Any, where: str = "") -> Iterator[str]:
    """Where two canonical values differ, a line each."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from unlike(was.get(key), now.get(key), f"{where}.{key}" if where else str(key))
    elif isinstance(was, list) and isinstance(now, list):
        extra, lacking = list(now), []
        for each in was:
            extra.remove(each) if each in extra else lacking.append(each)
        for number in range(max(len(lacking), len(extra))):
            before, after = (each[number] if number < len(each) else None for each in (lacking, extra))
            yield from unlike(before, after, f"{where}[]")
    elif was != now:
        yield f"{where}: {json.dumps(was)[:300]} was, {json.dumps(now)[:300]} is"


def _only_moved(change: VisibilityChange) -> bool:
    """Whether a page has another rank and nothing else, as pages on the web have all the time."""
    return change.new_visibility == change.previous_visibility and not change.relisted


def _is_id(key: str, value: object) -> bool:
    return isinstance(value, int) and (key == "id" or key.endswith("Id"))


async def _reads(made: System) -> dict[str, Calls]:
    """Every path that a GET answers with JSON, and whom to ask."""
    found: dict[str, Calls] = {}
    for name, http in made.services.items():
        calls = Calls(http, made.secret, name)
        document = await calls.ask(Person("Nobody", 1), "GET", "/openapi.json")
        for path, operations in document["paths"].items():
            answer = operations.get("get", {}).get("responses", {}).get("200", {})
            if path.startswith("/v1/") and "application/json" in answer.get("content", {}):
                found[path] = calls
    return found


def _filled(path: str, ids: Mapping[str, list[str]]) -> list[str]:
    """The path for each entity that its list showed; nothing for what a list above it shows already."""
    before, _, rest = path.partition("/{")
    after = rest.partition("}")[2]
    if not rest:
        return [path]
    return [] if "{" in after else [f"{before}/{each}{after}" for each in ids.get(before, ())]


async def _pages(calls: Calls, person: Person, path: str) -> AsyncIterator[Any]:
    """The items of a list, or the one thing that there is."""
    cursor = ""
    while True:
        try:
            body = await calls.ask(person, "GET", path + (f"?cursor={cursor}" if cursor else ""))
        except Refused as refused:
            yield {"status": refused.status}
            return
        shown = body if isinstance(body, dict) else {"items": body}
        cursor = shown.pop("nextCursor", None) or ""
        for item in shown.pop("items", ()):
            yield item
        if shown:
            yield shown
        if not cursor:
            return
