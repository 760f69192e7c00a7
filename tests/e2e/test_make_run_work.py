"""`make run` shows real work: requests to every engine, a URL that is listed, removed and listed again,
profiles that are scanned, and submissions from the template to the engines' decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from autodmca_events import CATALOGUE

from tests.e2e.local_system import Program, free_ports, started
from tests.e2e.test_make_run import PORTS, listening_line

LIFE = ["visible", "not_indexed", "visible again"]
DECIDED = {"approved", "partially_approved", "denied"}
ENGINES = {"google", "bing", "yandex", "duckduckgo"}
STAGES = {"validating", "rendering", "queueing", "sending", "confirming"}
ACTIVITIES = {"created", "handle_added", "scan_started", "takedown_sent"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        **free_ports(*PORTS),
        "SANDBOX_PACE_SECONDS": "0.5",
        "SANDBOX_REVIEW_SECONDS": "5",
        "XDG_STATE_HOME": str(tmp_path),
    }


class Heard:
    """The payloads of what a listener has printed, by type, in order."""

    def __init__(self, listener: Program) -> None:
        self._listener = listener
        self._read = 0
        self._payloads: dict[str, list[dict[str, Any]]] = {kind: [] for kind in CATALOGUE}

    def so_far(self) -> Mapping[str, list[dict[str, Any]]]:
        for line in self._listener.lines[self._read :]:
            if line.startswith("{"):
                event = json.loads(line)
                self._payloads[event["type"]].append(event["payload"])
        self._read = len(self._listener.lines)
        return self._payloads


def lives(changes: list[dict[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """What was seen of each URL on each engine, in order."""
    seen: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        is_seen = change["newVisibility"] in ("visible", "demoted", "hidden")
        word = "visible again" if change["relisted"] else "visible" if is_seen else change["newVisibility"]
        life = seen.setdefault((change["engine"], change["normalizedUrl"]), [])
        if not life or life[-1] != word:
            life.append(word)
    return seen


def came_back(life: list[str]) -> bool:
    """Whether it ever did; it may have been removed again since."""
    return any(life[start : start + len(LIFE)] == LIFE for start in range(len(life)))


def missing(heard: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """What has not been heard yet, in words."""
    decided = {each["engine"] for each in heard["delisting_request_status"] if each["status"] in DECIDED}
    facts = {
        "a URL that came back": any(came_back(life) for life in lives(heard["visibility_change"]).values()),
        "a decision of every engine": decided >= ENGINES,
        "an answer that accepts": any(
            each["responseCode"] == "accepted" for each in heard["engine_response"]
        ),
        "a scan to its end": any(each["status"] == "completed" for each in heard["profile_scan_update"]),
        "a submission to its end": any(
            each["status"] == "completed" for each in heard["submission_status_change"]
        ),
        "every stage": {each["stage"] for each in heard["submission_progress"]} == STAGES,
        "what happens to a profile": {each["type"] for each in heard["profile_activity"]} >= ACTIVITIES,
        **{kind: bool(heard[kind]) for kind in CATALOGUE},
    }
    return [fact for fact, has_come in facts.items() if not has_come]


@pytest.mark.alone
async def test_work_of_every_kind_is_heard_to_its_end(environ: dict[str, str]) -> None:
    async with started("make", "run", environ=environ) as system:
        line = await listening_line(system)
        listen = f"{line.partition(' --types ')[0]} --types {','.join(CATALOGUE)}"
        command = f"exec env {listen} --since 1970-01-01T00:00:00Z --json"
        async with started("bash", "-c", command, environ=environ) as listener:
            heard = Heard(listener)
            try:
                await listener.until(lambda: not missing(heard.so_far()), seconds=300)
            except AssertionError as error:
                raise AssertionError(f"missing: {missing(heard.so_far())}\n{error}") from None
            listener.interrupt()
            await listener.ended()
        system.interrupt()
        await system.ended()
        assert not [line for line in system.lines if "Traceback" in line], "\n".join(system.lines[-100:])
