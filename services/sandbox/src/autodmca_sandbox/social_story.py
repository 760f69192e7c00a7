"""What people do about accounts that pass themselves off as them, for ever.

Each has their profile scanned, which `accounts_story` has protected, reports what is grave, sets aside what
is not, and closes what the moderators leave. A step that the service refuses is logged, and the story goes
on.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import AUTHORS, Person
from autodmca_sandbox.social_api import SocialApi

log = structlog.get_logger()

GRAVE: Final = frozenset({"high", "critical"})
SCAN_EVERY: Final = 120
"""Steps from one scan that a person asks for to the next."""


async def tell(api: SocialApi, pace_s: float) -> None:
    """Run everybody's story at once, until cancelled; `pace_s` seconds pass between two steps of one."""
    async with asyncio.TaskGroup() as group:
        for person in AUTHORS:
            group.create_task(_live(api, person, pace_s), name=person.name)


async def _live(api: SocialApi, person: Person, pace_s: float) -> None:
    step = 0
    while True:
        try:
            watched = await api.watches(person)
            if watched and step % SCAN_EVERY == SCAN_EVERY - 1:
                await api.scan(person, watched[0]["profileId"])
                log.info("scan asked for", by=person.name, profile=watched[0]["names"][0])
            else:
                await decide(api, person)
            step += 1
        except Refused as error:
            log.warning("step refused", by=person.name, reason=str(error))
        await asyncio.sleep(pace_s)


async def decide(api: SocialApi, person: Person) -> None:
    """Decide on one incident. Raises Refused."""
    for incident in await api.incidents(person, "under_review"):
        if incident.get("needsPerson"):
            await api.decide(person, incident["id"], "resolve")
            log.info("incident closed", by=person.name, account=incident["accountHandle"])
            return
    for incident in await api.incidents(person, "detected"):
        deed = "report" if incident["severity"] in GRAVE else "false-positive"
        await api.decide(person, incident["id"], deed)
        log.info(f"incident {deed}", by=person.name, account=incident["accountHandle"])
        return
