"""Persons who join the social networks, and those who leave them when many have."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from autodmca_sandbox.platforms.hand import NEWCOMERS, PERSONS
from autodmca_sandbox.platforms.population import persons

from services.sandbox.tests.world import Clock, listening

NETWORKS = ("mastodon", "bluesky")


@pytest.fixture
async def world() -> AsyncIterator[httpx.AsyncClient]:
    async with listening(Clock()) as client:
        yield client


async def truth(world: httpx.AsyncClient) -> Any:
    return (await world.get("/sandbox/truth")).json()


async def join(world: httpx.AsyncClient, number: object) -> httpx.Response:
    return await world.post("/sandbox/persons", json={"number": number})


async def test_a_person_joins_both_networks_with_impersonators_and_once(world: httpx.AsyncClient) -> None:
    before = await truth(world)
    for _ in range(2):
        assert (await join(world, PERSONS)).status_code == 204
    now = await truth(world)
    assert [each["number"] for each in now["persons"]] == list(range(PERSONS + 1))
    for network in NETWORKS:
        known = {each["id"] for each in before["accounts"][network]}
        new = [each for each in now["accounts"][network] if each["id"] not in known]
        kinds = Counter(each["kind"] for each in new if each["person"] == PERSONS)
        assert (kinds["person"], kinds["impersonator"] > 0) == (1, True)
        handles = [each["handle"] for each in now["accounts"][network]]
        assert len(set(handles)) == len(handles)


async def test_who_was_there_from_the_beginning_is_not_there_twice(world: httpx.AsyncClient) -> None:
    before = await truth(world)
    assert (await join(world, 0)).status_code == 204
    assert await truth(world) == before


async def test_the_first_who_joined_leave_when_many_have(world: httpx.AsyncClient) -> None:
    for number in range(PERSONS, PERSONS + NEWCOMERS + 1):
        assert (await join(world, number)).status_code == 204
    now = await truth(world)
    assert len(now["persons"]) == PERSONS + NEWCOMERS
    gone = persons(7, PERSONS + 1)[PERSONS].handle
    for network in NETWORKS:
        there = {each["person"] for each in now["accounts"][network]} - {None}
        assert there == {*range(PERSONS), *range(PERSONS + 1, PERSONS + NEWCOMERS + 1)}
        assert gone not in {each["handle"] for each in now["accounts"][network]}


@pytest.mark.parametrize("number", [-1, "two", None])
async def test_a_number_that_is_none_is_refused_by_name(world: httpx.AsyncClient, number: object) -> None:
    answer = await join(world, number)
    assert (answer.status_code, "$.number" in answer.text) == (422, True)
