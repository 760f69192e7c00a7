"""Two replicas of the social media service, and what platforms and the group of replicas do to them.

SOCIAL_MEDIA_AWAY_SECONDS sets how long both platforms are away, SOCIAL_MEDIA_REBALANCES how often a replica
joins and leaves. Judged as in `test_social_media_kills.py`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from tests.brokers import Broker
from tests.integration.social_media_people import PATIENCE_S, judge, reporting, watched
from tests.integration.social_media_site import NETWORKS, Site, site

AWAY_S = float(os.environ.get("SOCIAL_MEDIA_AWAY_SECONDS", "4"))
REBALANCES = int(os.environ.get("SOCIAL_MEDIA_REBALANCES", "3"))
AWAY = [
    {"kind": kind, "place": place, "chance": chance, "times": None}
    for place in NETWORKS
    for kind, chance in (("drop", 0.5), ("status", 1.0))
]
RATES = ((8, 2), (4, 4), (2, 8), (2, 16))
"""Requests in a window of so many seconds; fewer where the machine was too slow to use them up."""


@pytest.mark.kafka
async def test_rate_limits_in_the_middle_of_a_scan_hold_it_up_and_lose_nothing(kafka_broker: Broker) -> None:
    async with site(kafka_broker, 2) as at:
        people = await watched(at, 1)
        async with reporting(people):
            for rate, seconds in RATES:
                for network in NETWORKS:
                    await at.steer(network=network, rate=rate, seconds=seconds)
                await people[0].scan()
                await judge(at, people)
                told = await people[0].told("social_media_scan_status")
                if {each.platform for each in told if _is_held_in_its_middle(each)} == set(NETWORKS):
                    break
            else:
                pytest.fail(f"no scan met a rate limit: {told}")
        assert all(each.resume_at is None for each in told if each.status != "rate_limited")


@pytest.mark.kafka
async def test_both_platforms_away_for_a_while_lose_nothing(kafka_broker: Broker) -> None:
    retry_s = max(0.2, AWAY_S / 60)  # a scan gives up after forty waits, of eight times that at most
    async with site(kafka_broker, 2, SOCIAL_MEDIA_RETRY_SECONDS=str(retry_s)) as at:
        people = await watched(at, 2)
        async with reporting(people):
            for each in people:
                await each.scan()
            await _first_report(at)  # and the scans are under way
            await at.fail(*AWAY)
            await people[0].person.until(at.replicas[0], "/v1/platforms", _all_are("down"))
            await asyncio.sleep(AWAY_S)
            for each in people:
                await each.scan()
            await at.mend()
            await judge(at, people)
        await people[0].person.until(at.replicas[0], "/v1/platforms", _all_are("operational"))


@pytest.mark.kafka
async def test_replicas_that_join_and_leave_lose_nothing(kafka_broker: Broker) -> None:
    async with site(kafka_broker, 2) as at:
        people = await watched(at, 3)
        one, two = at.replicas
        async with reporting(people):
            for number in range(REBALANCES):
                for each in people[: number + 1]:
                    await each.scan()
                leaving, staying = (one, two) if number % 2 else (two, one)
                assert await leaving.signal(signal.SIGTERM) == 0
                await staying.ready()
                await leaving.start()
                await leaving.ready()
            for each in people:
                await each.scan()
            await judge(at, people)


def _is_held_in_its_middle(told: Any) -> bool:
    return bool(told.status == "rate_limited" and told.resume_at is not None and told.accounts_checked > 0)


async def _first_report(at: Site) -> None:
    """Wait until a report has reached a network."""
    async with asyncio.timeout(PATIENCE_S):
        while not await at.filed():
            await asyncio.sleep(0.05)


def _all_are(status: str) -> Any:
    return lambda shown: {each["status"] for each in shown} == {status}
