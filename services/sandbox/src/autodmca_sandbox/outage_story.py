"""What befalls the social networks, for ever: one is away for a while and comes back, then the other.

Owns the times alone. Each person has a profile scanned as an outage begins, so that there is something that
meets it; what it held up goes on by itself.
"""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import Final

import structlog

from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import AUTHORS
from autodmca_sandbox.social_api import SocialApi
from autodmca_sandbox.world.faults import Fault
from autodmca_sandbox.world.server import World

log = structlog.get_logger()

NETWORKS: Final = ("mastodon", "bluesky")
QUIET_S: Final = 35.0
AWAY_S: Final = 15.0


async def tell(world: World, api: SocialApi, *, quiet_s: float = QUIET_S, away_s: float = AWAY_S) -> None:
    """Let one network after the other be away for `away_s` seconds, `quiet_s` apart, until cancelled."""
    for network in cycle(NETWORKS):
        await asyncio.sleep(quiet_s)
        until = world.now_ms() + int(away_s * 1000)
        world.faults.add([Fault(kind="status", place=network, status=503, times=None, until_ms=until)])
        log.info("a network is away", network=network, seconds=away_s)
        await _scan(api)
        await asyncio.sleep(away_s)
        log.info("a network is back", network=network)


async def _scan(api: SocialApi) -> None:
    for person in AUTHORS:
        try:
            for watch in (await api.watches(person))[:1]:
                await api.scan(person, watch["profileId"])
        except Refused as error:
            log.warning("step refused", by=person.name, reason=str(error))
