"""`make smoke`: a command over HTTP becomes an event at each client behind the load balancer, on both edges.

Gives commands to the templates service for SMOKE_SECONDS, and kills what SMOKE_KILL names meanwhile, one
container after the other, each of which must come back. At the end every client must have been given the
event of every acknowledged command of its user once, and nothing else, and Prometheus must scrape all that it
should, and know every metric that rules, alerts and dashboards ask for. Exit code 1 with a line for each
thing that is not so.
"""

from __future__ import annotations

import asyncio
import logging
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Final

import httpx
import structlog
from autodmca_client.cli.reach import Address, why_none_answers
from autodmca_runtime import ConfigError, load
from autodmca_sandbox.drafts import DRAFTS
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import Person
from autodmca_sandbox.story import content
from autodmca_sandbox.templates_api import TemplatesApi

from deploy.services import SERVICES
from deploy.smoke.expressions import check_known
from deploy.smoke.listeners import Listeners
from deploy.smoke.settings import SmokeSettings
from deploy.smoke.stack import StackError, kill, revive, secret, until_scraped

USERS: Final = 4
PAUSE_S: Final = 0.2
SHOWN: Final = 10


class Commands:
    """What was asked over HTTP and has been acknowledged."""

    def __init__(self, api: TemplatesApi) -> None:
        self.acknowledged: dict[int, list[str]] = {}
        self.at: dict[str, float] = {}
        """When the command that makes the event was given for the last time."""
        self._api = api
        self._one = asyncio.Event()

    async def give(self, user_id: int, until: asyncio.Event) -> None:
        """Write a template and have it examined, again and again, at least once."""
        person = Person("smoke test", user_id)
        for number in range(1 << 30):
            draft = DRAFTS[number % len(DRAFTS)]
            template = await self._api.create(person, content(draft, draft.body))
            self.at[template] = time.monotonic()
            await self._api.validate(person, template)
            self.acknowledged.setdefault(user_id, []).append(template)
            self._one.set()
            if until.is_set():
                return
            await asyncio.sleep(PAUSE_S)

    async def another(self) -> None:
        """Wait until one more has been acknowledged that was given from now on."""
        begun = time.monotonic()
        while not any(self.at[each[-1]] > begun for each in self.acknowledged.values()):
            self._one.clear()
            await self._one.wait()

    def __len__(self) -> int:
        return sum(map(len, self.acknowledged.values()))


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        asyncio.run(smoke(load(SmokeSettings)))
    except (ConfigError, StackError, Refused) as error:
        sys.exit(f"make smoke: {error}")


async def smoke(settings: SmokeSettings) -> None:
    """All of it. Raises StackError, Refused."""
    if reason := await why_none_answers([Address("127.0.0.1", settings.port)]):
        raise StackError(
            f"nothing answers at port {settings.port} ({reason}): start it (make up) or set AUTODMCA_PORT"
        )
    key = await secret()
    base = random.SystemRandom().randrange(10**9, 2 * 10**9)
    users = range(base, base + USERS)
    edges = [name for each in SERVICES if each.name == "edge" for name in each.instances]
    here = f"127.0.0.1:{settings.port}"
    async with (
        Listeners(f"ws://{here}/ws", key, users, edges, settings.recovery_s) as listeners,
        httpx.AsyncClient(base_url=f"http://{here}", timeout=30, trust_env=False) as http,
    ):
        say(f"{len(listeners.all)} clients on {' and '.join(sorted(listeners.nodes))}")
        commands = Commands(TemplatesApi(http, key))
        await given(commands, users, settings)
        say(f"{len(commands)} commands acknowledged")
        try:
            async with asyncio.timeout(settings.recovery_s):
                await listeners.have(commands.acknowledged)
        except TimeoutError:
            pass  # the verdict says what is missing
        if faults := listeners.verdict(commands.acknowledged):
            raise StackError("\n  ".join([f"{len(faults)} faults:", *faults[:SHOWN]]))
        took = [
            heard - commands.at[template]
            for each in listeners.all
            for template, heard in each.given.items()
            if template in commands.at
        ]
        say(
            f"{len(took)} events, each client's own, each once; from command to client "
            f"{statistics.median(took) * 1000:.0f} ms in the middle, {max(took) * 1000:.0f} ms at most; "
            f"{sum(each.reconnects for each in listeners.all)} reconnects"
        )
    targets = await until_scraped(settings.prometheus_port, settings.recovery_s)
    asked = await check_known(settings.prometheus_port)
    say(f"Prometheus scrapes {targets} targets and knows all that {asked} expressions ask for")


async def given(commands: Commands, users: Sequence[int], settings: SmokeSettings) -> None:
    """Give commands while time passes and containers die. Raises StackError, Refused."""
    enough = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for user in users:
                group.create_task(commands.give(user, enough))
            started = time.monotonic()
            for name in settings.kill:
                await killed(name, commands, settings)
            await asyncio.sleep(max(settings.seconds - (time.monotonic() - started), 0))
            enough.set()
    except* (StackError, Refused) as errors:
        raise errors.exceptions[0] from None


async def killed(name: str, commands: Commands, settings: SmokeSettings) -> None:
    """Kill a container, start it again, and wait until commands are acknowledged as before."""
    try:
        async with asyncio.timeout(settings.recovery_s + settings.down_s):
            await commands.another()
            await kill(name)
            say(f"killed {name}")
            await asyncio.sleep(settings.down_s)
            begun = time.monotonic()
            await revive(name)
            healthy = time.monotonic() - begun
            await commands.another()
    except TimeoutError:
        raise StackError(f"{name} was killed, and commands are not acknowledged again") from None
    served = time.monotonic() - begun
    say(f"{name} healthy {healthy:.1f} s after its start, commands acknowledged after {served:.1f} s")


def say(text: str) -> None:
    """A line for who watches."""
    print(text, flush=True)


if __name__ == "__main__":
    main()
