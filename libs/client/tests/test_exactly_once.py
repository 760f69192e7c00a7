"""Whatever happens to connections, each subscription gets each of its events once, in the log's order."""

import asyncio
import random

import pytest
from autodmca_client import Backoff, Client, Subscription, Timing
from autodmca_client.testing import FakeEdge

FAST = Timing(backoff=Backoff(first_s=0.002, longest_s=0.01))
TYPES = ["template_usage", "template_approval", "delisting_request_status"]


async def collect(subscription: Subscription, last: str) -> list[str]:
    found = []
    async for event in subscription:
        found.append(event.id)
        if event.id == last:
            return found
    raise AssertionError("the subscription ended early")


async def harm(edge: FakeEdge, rng: random.Random) -> None:
    """One of the things that happen to connections."""
    match rng.randrange(6):
        case 0:
            edge.drop()
        case 1:
            edge.drop_after(rng.randint(1, 5))
        case 2:
            edge.repeat(rng.randint(1, 4))
        case 3:
            edge.close(rng.choice([1012, 4408, 4410, 4503]))
        case 4:
            edge.refuse(rng.choice([4429, 4503, 1011]))
            edge.drop()
        case 5:
            await asyncio.sleep(0.003)  # lets the client get some way; nothing is expected of it


@pytest.mark.parametrize("seed", range(20))
async def test_no_event_is_lost_or_repeated_under(seed: int) -> None:
    rng = random.Random(seed)
    wanted: dict[str, list[str]] = {"all": [], "usage": [], "t1": []}
    async with FakeEdge(heartbeat_interval_ms=5) as edge, Client(edge.url, token="t", timing=FAST) as client:
        subscriptions = {
            "all": client.subscribe(TYPES),
            "usage": client.subscribe(["template_usage"]),
            "t1": client.subscribe(["template_usage", "template_approval"], {"templateIds": ["t1"]}),
        }
        for each in subscriptions.values():
            await each.ready()
        for _ in range(60):
            event_type, template = rng.choice(TYPES), rng.choice(["t1", "t2"])
            payload = {"templateId": template} if event_type.startswith("template") else {"requestId": "r1"}
            event_id = edge.emit(event_type, payload)
            wanted["all"].append(event_id)
            if event_type == "template_usage":
                wanted["usage"].append(event_id)
            if template == "t1" and event_type.startswith("template"):
                wanted["t1"].append(event_id)
            await harm(edge, rng)
        last = edge.emit("template_usage", {"templateId": "t1"})
        async with asyncio.timeout(60):
            found = {name: await collect(each, last) for name, each in subscriptions.items()}
    for name, ids in wanted.items():
        assert sorted(found[name]) == sorted([*ids, last]), name
    for name in ("usage", "t1"):  # of one topic each
        assert found[name] == [*wanted[name], last], name
    templates = set(wanted["usage"]) | set(wanted["t1"])
    assert [each for each in found["all"] if each in templates] == [
        each for each in wanted["all"] if each in templates
    ]
