"""The networks of a local run are away in turn, and somebody has a scan that meets it."""

import asyncio

import httpx
from autodmca_sandbox import outage_story
from autodmca_sandbox.people import AUTHORS
from autodmca_sandbox.social_api import SocialApi
from autodmca_sandbox.world.server import World

SECRET = "a secret of more than thirty-two bytes"


async def test_one_network_after_the_other_is_away_and_back_while_everybody_scans() -> None:
    now_ms = 1_790_000_000_000
    world = World(7, lambda: now_ms)
    asked, answered = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            asked.release()
            await answered.acquire()
            return httpx.Response(202, json={})
        return httpx.Response(200, json={"items": [{"profileId": 42}]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://social") as http:
        api = SocialApi(http, SECRET)
        telling = asyncio.create_task(outage_story.tell(world, api, quiet_s=0, away_s=0.01))
        for network in ("mastodon", "bluesky", "mastodon"):
            await asked.acquire()
            fault = world.faults.meet(network, "search", now_ms)
            assert fault is not None
            assert (fault.kind, fault.status) == ("status", 503)
            now_ms += 10
            assert world.faults.meet(network, "search", now_ms) is None
            for _ in AUTHORS[1:]:
                answered.release()
                await asked.acquire()
            answered.release()
        telling.cancel()
