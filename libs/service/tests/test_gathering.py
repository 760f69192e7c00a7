"""Lists over all users whose parts belong to several replicas."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from autodmca_service.testing.caller import Caller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .replicas import PARTITIONS, Item, Replica, several, share

OWNERS = 3
ITEMS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5)), max_size=30)
SPLITS = st.lists(st.integers(0, OWNERS - 1), min_size=PARTITIONS, max_size=PARTITIONS)


async def pages(ask: Caller, limit: int) -> list[Any]:
    """All pages of the list, as they come."""
    found, cursor = [], ""
    while True:
        answer = await ask(1, "GET", f"/v1/all?limit={limit}{cursor}", None, "reviewer")
        assert answer.status_code == 200, answer.text
        told = answer.json()
        found.append(told)
        if "nextCursor" not in told:
            return found
        cursor = f"&cursor={told['nextCursor']}"


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=ITEMS, splits=st.lists(SPLITS, min_size=1, max_size=6), limit=st.integers(1, 7))
def test_any_split_gives_the_pages_of_one_replica(
    made: Sequence[tuple[int, int]], splits: list[list[int]], limit: int
) -> None:
    items = [Item(user, at, f"i{number}") for number, (user, at) in enumerate(made)]

    async def compare() -> None:
        async with several(OWNERS, items) as (replicas, callers):
            share(replicas, [0] * PARTITIONS)
            expected = await pages(callers[0], limit)
            assert sum(len(each["items"]) for each in expected) == len(items)
            for split in splits:
                share(replicas, split)
                for ask in callers:
                    assert await pages(ask, limit) == expected

    asyncio.run(compare())


async def test_a_list_is_as_old_as_its_oldest_part() -> None:
    async with several(OWNERS) as (replicas, callers):
        for number, replica in enumerate(replicas):
            replica.moments = dict.fromkeys(range(PARTITIONS), (number + 2) * 1000)
        for ask in callers:
            answer = await ask(1, "GET", "/v1/all", None, "reviewer")
            assert answer.headers["as-of"] == "1970-01-01T00:00:02.000Z"
            assert "x-autodmca-places" not in answer.headers


async def test_what_one_owner_refuses_is_refused() -> None:
    async with several(OWNERS) as (replicas, callers):
        replicas[2].refuses = True
        for ask in callers:
            answer = await ask(1, "GET", "/v1/all", None, "reviewer")
            assert answer.status_code == 403
            assert answer.json()["detail"] == "only reviewers may list everybody's"


async def test_an_owner_that_has_lost_its_part_says_when_to_ask_again() -> None:
    async with several(OWNERS) as (replicas, callers):
        replicas[2].mine = frozenset()
        answer = await callers[0](1, "GET", "/v1/all", None, "reviewer")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_an_owner_that_is_gone_fails_the_list() -> None:
    gone = Replica(())
    async with several(2) as (replicas, (ask, _)):
        replicas[0].told = {**replicas[0].told, 5: gone.address}
        answer = await ask(1, "GET", "/v1/all", None, "reviewer")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["type"].endswith("owner-away")
