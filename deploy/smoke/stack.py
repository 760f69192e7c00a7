"""The running compose stack, as `docker compose` and Prometheus show it.

Owns the child processes that it starts. Fails with `StackError`, which says what did not work in one line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from deploy.services import COMMAND, JWT_SECRET, SECRETS, SERVICES

ROOT: Final = Path(__file__).parents[2]
ASK_EVERY_S: Final = 0.5


class StackError(Exception):
    """The stack is not as it should be."""


async def compose(*arguments: str) -> str:
    """What `docker compose` prints. Raises StackError."""
    process = await asyncio.create_subprocess_exec(
        "docker",
        "compose",
        *arguments,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode:
        last = (err.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise StackError(f"docker compose {' '.join(arguments)} ended with {process.returncode}: {last}")
    return out.decode()


async def secret() -> str:
    """What tokens are signed with."""
    reading = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", COMMAND.name)
    return (await compose(*reading, f"{SECRETS}/{JWT_SECRET}")).strip()


async def kill(container: str) -> None:
    """End it as `kill -9` does. Compose then leaves it dead."""
    await compose("kill", "--signal", "SIGKILL", container)


async def revive(container: str) -> None:
    """Start it again and return when it is healthy."""
    await compose("up", "--detach", "--no-deps", "--no-recreate", "--wait", container)


def expected_targets() -> dict[str, int]:
    """Of each job of Prometheus, how many targets it has."""
    own = {each.host: each.nodes for each in SERVICES if each.probe_port and not each.profile}
    return {**own, "haproxy": 1, "prometheus": 1}


async def until_scraped(port: int, patience_s: float) -> int:
    """How many targets there are, once Prometheus has scraped each of them. Raises StackError."""
    address = f"http://127.0.0.1:{port}/api/v1/targets"
    reason = "no answer"
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    try:
                        found = (await http.get(address, params={"state": "active"})).json()
                        reason = _missing(found["data"]["activeTargets"])
                    except (httpx.HTTPError, ValueError, KeyError) as error:
                        reason = f"{type(error).__name__}: {error}"
                    if not reason:
                        return sum(expected_targets().values())
                    await asyncio.sleep(ASK_EVERY_S)
        except TimeoutError:
            raise StackError(f"Prometheus at {address}: {reason}") from None


def _missing(targets: list[Mapping[str, str | Mapping[str, str]]]) -> str:
    up: dict[str, int] = {}
    for each in targets:
        labels = each["labels"]
        assert isinstance(labels, Mapping)
        if each["health"] != "up":
            return f"{labels['job']} at {labels['instance']} is {each['health']}: {each.get('lastError', '')}"
        up[labels["job"]] = up.get(labels["job"], 0) + 1
    wanted = expected_targets()
    return "" if up == wanted else f"it scrapes {up}, not {wanted}"
