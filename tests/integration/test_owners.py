"""Replicas know who owns what, each partition is answered for by one, and by nobody without a heartbeat."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

import msgspec
import pytest
from autodmca_events.partitions import partition_for, user_key
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.purses import Put
from tests.integration.running import running, until
from tests.integration.service import PARTITIONS, Service
from tests.integration.site import Site

ALL = range(PARTITIONS)
WAITING = 20
"""Inputs of each partition that are in the log when it is taken over; they are applied one by one."""


def answered_by(sites: Iterable[Site]) -> list[list[str]]:
    """For each partition the addresses of those that would answer for it now."""
    return [[site.address for site in sites if site.processor.answers(partition)] for partition in ALL]


def agreed(*sites: Site) -> bool:
    """Whether all know the owner of every partition, and it alone answers."""
    owners = answered_by(sites)
    told = {partition: owner for partition, found in enumerate(owners) for owner in found}
    return all(len(found) == 1 for found in owners) and all(
        dict(site.processor.owners()) == told for site in sites
    )


def home(user_id: int) -> int:
    return partition_for(user_key(user_id), PARTITIONS)


def coins(site: Site, user_id: int) -> int:
    purse = site.processor.entities(user_id).get("left")
    return purse.coins if purse else 0


@pytest.fixture
async def service(any_broker: Broker, new_name: Callable[[str], str]) -> Service:
    made = Service(new_name("owners"), any_broker.bootstrap_servers, random.Random(1))
    await made.set_up()
    return made


async def test_each_partition_is_answered_for_by_its_owner_whom_all_know(service: Service) -> None:
    async with EventProducer(service.bootstrap_servers, client_id="owners") as producer:
        one, two = (Site(service, producer, address=f"10.0.0.{number}:8081") for number in (1, 2))
        async with running(one.table.run(), one.processor.run()):
            await until(lambda: agreed(one))
            async with running(two.table.run(), two.processor.run()):
                await until(lambda: agreed(one, two) and bool(two.owned))
                assert set(one.processor.owners().values()) == {one.address, two.address}
            assert answered_by([two]) == [[]] * PARTITIONS
            assert two.processor.owners() == {}
            await until(lambda: agreed(one))


async def test_a_replica_keeps_its_own_share_and_reads_what_was_answered_at_once(service: Service) -> None:
    async with EventProducer(service.bootstrap_servers, client_id="owners") as producer:
        one, two = (
            Site(service, producer, address=f"10.0.0.{number}:8081", whole=False) for number in (1, 2)
        )
        users = range(1, 30)

        def homes(site: Site) -> set[int]:
            return {user for user in users if site.processor.answers(home(user))}

        async def put(site: Site) -> None:
            for user in sorted(homes(site)):
                before = coins(site, user)
                await site.ask.ask(user, Put("left", 5), timeout_s=30)
                assert coins(site, user) == before + 5

        async with running(one.table.run(), one.processor.run(), one.ask.run()):
            await until(lambda: agreed(one))
            await put(one)
            async with running(two.table.run(), two.processor.run(), two.ask.run()):
                await until(lambda: agreed(one, two) and bool(two.owned))
                await put(one)
                await put(two)
                shares = [
                    {user for each in ALL for user, _, _ in site.table.of_partition(each)}
                    for site in (one, two)
                ]
                assert shares == [homes(one), homes(two)]
                assert shares[0] | shares[1] == set(users)
            await until(lambda: agreed(one))
            assert [coins(one, user) for user in users] == [10] * len(users)


async def test_a_new_owner_answers_first_when_it_has_applied_all_that_stood_in_the_log(
    service: Service,
) -> None:
    """What an owner answered before it died is in the log; the next one must not show less."""
    users = [next(user for user in range(1, 100) if home(user) == partition) for partition in ALL]
    async with EventProducer(service.bootstrap_servers, client_id="owners") as producer:
        for user in users * WAITING:
            await service.write(producer, user, msgspec.json.encode(Put("left", 1)))
        site = Site(service, producer, address="10.0.0.1:8081", max_poll=1)
        first: dict[int, int] = {}
        async with asyncio.timeout(60), running(site.table.run(), site.processor.run()):
            while len(first) < len(users):
                for user in users:
                    if user not in first and site.processor.answers(home(user)):
                        first[user] = coins(site, user)
                await asyncio.sleep(0)
    assert first == dict.fromkeys(users, WAITING)


async def test_an_owner_whose_heartbeats_stay_away_answers_and_applies_no_more(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EventProducer(service.bootstrap_servers, client_id="owners") as producer:
        site = Site(service, producer, address="10.0.0.1:8081", session_timeout_ms=6_000)
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            await until(lambda: agreed(site))
            member = site.processor._member
            assert member is not None
            taken = member.lease.renew
            monkeypatch.setattr(member.lease, "renew", lambda _sent: None)
            await until(lambda: answered_by([site]) == [[]] * PARTITIONS)
            before = site.processor.positions()
            asked = asyncio.create_task(site.ask.ask(1, Put("left", 5), timeout_s=30))
            reached = member.begin
            rewound = asyncio.Event()

            def begin(partition: int, offset: int) -> None:
                reached(partition, offset)
                rewound.set()

            monkeypatch.setattr(member, "begin", begin)
            await rewound.wait()  # the input has come, and was left for whoever has a lease
            assert site.processor.positions() == before
            assert (coins(site, 1), asked.done()) == (0, False)
            monkeypatch.setattr(member.lease, "renew", taken)
            await until(lambda: agreed(site))
            await asked
            assert coins(site, 1) == 5
