"""Two replicas of the social media service, killed again and again, while platforms fail and limit.

SOCIAL_MEDIA_KILLS sets how many kills there are, SOCIAL_MEDIA_SEED what is random about them and the faults.
Judged by what reached the networks and by the log: scans end, no incident is missing and none there twice,
and no account is reported twice.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest

from tests.brokers import Broker
from tests.integration.social_media_people import judge, reporting, watched
from tests.integration.social_media_site import NETWORKS, site

KILLS = int(os.environ.get("SOCIAL_MEDIA_KILLS", "6"))
SEED = int(os.environ.get("SOCIAL_MEDIA_SEED") or random.SystemRandom().randrange(2**32))
MOST_PEOPLE = 8
FAULTS = [
    {"kind": kind, "place": place, "chance": chance, "times": None}
    for place in NETWORKS
    for kind, chance in (("drop", 0.04), ("lost", 0.04), ("cut", 0.03), ("garbage", 0.03), ("status", 0.04))
]


@pytest.mark.kafka
async def test_kills_faults_and_rate_limits_lose_no_incident_and_report_nobody_twice(
    kafka_broker: Broker,
) -> None:
    print(f"SOCIAL_MEDIA_SEED={SEED} SOCIAL_MEDIA_KILLS={KILLS}")
    chosen = random.Random(SEED)
    async with site(kafka_broker, 2, window_s=4) as at:
        people = await watched(at, min(MOST_PEOPLE, 3 + KILLS // 15))
        for network in NETWORKS:
            await at.steer(network=network, rate=60)
        await at.fail(*FAULTS)
        async with reporting(people):
            begun = 0
            for number in range(KILLS):
                while begun * KILLS <= number * len(people):  # there is always somebody whose scans are new
                    await people[begun].scan()
                    begun += 1
                await chosen.choice(people[:begun]).scan()
                process = chosen.choice(at.replicas)
                if chosen.random() < 0.8:
                    await process.ready()
                await asyncio.sleep(chosen.uniform(0, 4))
                await process.signal(signal.SIGKILL)
                await process.start()
            for each in people[begun:]:
                await each.scan()
            for process in at.replicas:
                await process.ready()
            met = await at.mend()
            await judge(at, people)
        scans = [scan for each in people for scan in await each.completed()]
        print(f"{KILLS} kills, {len(scans)} scans of {len(people)} people, faults met: {met}")
