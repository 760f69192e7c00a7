"""The engines and Lumen over real HTTP: what they decide, what they count, and how they fail on command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from autodmca_sandbox.engines.engine import Engine, Pace
from autodmca_sandbox.engines.http import EngineSite
from autodmca_sandbox.engines.index import Web
from autodmca_sandbox.engines.manners import WITH_API
from autodmca_sandbox.world.server import World
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

from services.sandbox.tests.world import TOKEN, Clock, listening

INTERFACE = Path(__file__).parents[1] / "engines.openapi.yaml"
URLS = [f"https://copies.example.com/page/{number}" for number in range(40)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def world(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with listening(clock) as client:
        yield client


def asked(reference: str = "r1", urls: list[str] | None = None) -> dict[str, Any]:
    return {"reference": reference, "urls": urls or URLS, "notice": {"text": "my book"}}


async def submit(world: httpx.AsyncClient, engine: str = "google", **more: Any) -> httpx.Response:
    return await world.post(f"/{engine}/v1/removals", json=asked(), headers={"idempotency-key": "k1"}, **more)


async def filed(world: httpx.AsyncClient, engine: str) -> dict[str, int]:
    counts: dict[str, int] = (await world.get("/sandbox/received")).json()["filed"].get(engine, {})
    return counts


async def test_a_request_goes_from_submitted_to_a_decision_on_each_url(
    world: httpx.AsyncClient, clock: Clock
) -> None:
    first = await submit(world)
    assert first.status_code == 201
    assert first.json()["status"] == "submitted"
    where = first.headers["location"]
    clock.pass_s(1)
    assert (await world.get(where)).json()["status"] == "under_review"
    clock.pass_s(4)
    half = (await world.get(where)).json()
    outcomes = {item["outcome"] for item in half["urls"]}
    assert {"pending", "removed"} <= outcomes
    clock.pass_s(6)
    done = (await world.get(where)).json()
    assert done["status"] == "partially_approved"
    assert {item["outcome"] for item in done["urls"]} == {"removed", "no_action", "not_in_index"}
    assert all(item["reason"] for item in done["urls"] if item["outcome"] == "no_action")


async def test_a_key_is_honoured_where_the_engine_knows_keys(world: httpx.AsyncClient) -> None:
    one, other = await submit(world), await submit(world)
    assert (one.status_code, other.status_code) == (201, 200)
    assert one.json()["id"] == other.json()["id"]
    assert set((await filed(world, "google")).values()) == {1}
    for _ in range(2):
        assert (await submit(world, "yandex")).status_code == 201
    assert set((await filed(world, "yandex")).values()) == {2}
    listed = (await world.get("/yandex/v1/removals", params={"reference": "r1"})).json()["items"]
    assert len(listed) == 2
    assert (await world.get("/bing/v1/removals", params={"reference": "r1"})).status_code == 405


async def test_a_removed_url_leaves_the_results_and_some_come_back(
    world: httpx.AsyncClient, clock: Clock
) -> None:
    async def shown(url: str) -> bool:
        answer = await world.get("/google/v1/search", params={"q": f"url:{url}"})
        return bool(answer.json()["results"])

    await submit(world)
    before = [url for url in URLS if await shown(url)]
    clock.pass_s(11)
    after = [url for url in URLS if await shown(url)]
    assert len(after) < len(before)
    clock.pass_s(30)
    later = [url for url in URLS if await shown(url)]
    assert set(after) < set(later)
    gone = next(url for url in before if url not in later)
    await world.post("/sandbox/relist", json=[{"engine": "google", "url": gone}])
    assert await shown(gone)


async def test_results_have_ranks_and_miss_what_was_removed(world: httpx.AsyncClient, clock: Clock) -> None:
    query = {"q": "violin sonata recording"}
    hits = (await world.get("/duckduckgo/v1/search", params=query)).json()["results"]
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    url = (await world.get("/google/v1/search", params=query)).json()["results"][0]["url"]
    await world.post("/sandbox/rules", json=[{"engine": "google", "url": url, "outcome": "removed"}])
    await world.post("/google/v1/removals", json=asked(urls=[url]))
    clock.pass_s(11)
    hits = (await world.get("/google/v1/search", params=query)).json()["results"]
    assert url not in [hit["url"] for hit in hits]
    again = await world.post("/google/v1/removals", json=asked("r2", [url]))
    assert again.json()["urls"][0]["outcome"] in ("duplicate", "pending")


async def test_an_appeal_reviews_once_more_what_stayed(world: httpx.AsyncClient, clock: Clock) -> None:
    urls = [f"{URLS[0]}/{number}" for number in range(200)]
    where = (await world.post("/google/v1/removals", json=asked(urls=urls))).headers["location"]
    assert (await world.post(f"{where}/appeal", json={"text": "no"})).status_code == 409
    clock.pass_s(11)
    before = (await world.get(where)).json()["urls"]
    assert (await world.post(f"{where}/appeal", json={"text": "no"})).status_code == 202
    assert (await world.post(f"{where}/appeal", json={"text": "no"})).status_code == 200
    assert (await world.get(where)).json()["status"] == "under_review"
    clock.pass_s(11)
    after = (await world.get(where)).json()["urls"]
    removed = [sum(item["outcome"] == "removed" for item in urls) for urls in (before, after)]
    assert removed[0] < removed[1] < len(urls)
    assert (await world.post(f"{where}/cancel")).status_code == 409


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({"reference": "r", "urls": [], "notice": {"text": "x"}}, 422, "urls"),
        ({"reference": "r", "urls": ["https://a.example.com/"]}, 422, "notice.text"),
        ({"reference": "", "urls": ["https://a.example.com/"]}, 422, "reference"),
        ({"reference": "r", "urls": ["x"] * 1001, "notice": {"text": "x"}}, 422, "urls"),
    ],
)
async def test_a_bad_request_is_refused_by_field(
    world: httpx.AsyncClient, body: dict[str, Any], status: int, names: str
) -> None:
    answer = await world.post("/google/v1/removals", json=body)
    assert answer.status_code == status
    assert names in answer.json()["error"]["message"]
    assert await filed(world, "google") == {}


async def test_who_has_no_key_is_refused(world: httpx.AsyncClient) -> None:
    answer = await world.get("/google/v1/removals/x", headers={"authorization": "Bearer other"})
    assert answer.status_code == 401


async def test_too_many_requests_are_told_when_to_come_back(world: httpx.AsyncClient, clock: Clock) -> None:
    for left in range(299, -1, -1):
        answer = await world.get("/bing/v1/removals/x")
        assert answer.headers["x-ratelimit-remaining"] == str(left)
    late = await world.get("/bing/v1/removals/x")
    assert late.status_code == 429
    when = parsedate_to_datetime(late.headers["retry-after"]).timestamp()
    clock.ms = int(when * 1000)
    assert (await world.get("/bing/v1/removals/x")).status_code == 404


@pytest.mark.parametrize(("kind", "reaches"), [("drop", False), ("lost", True), ("cut", True)])
async def test_a_connection_dies_before_or_after_the_work(
    world: httpx.AsyncClient, kind: str, reaches: bool
) -> None:
    await world.post("/sandbox/faults", json=[{"kind": kind, "place": "google", "operation": "submit"}])
    with pytest.raises(httpx.TransportError):
        await submit(world)
    assert bool(await filed(world, "google")) is reaches
    again = await submit(world)
    assert again.status_code == (200 if reaches else 201)
    lines = (await world.get("/sandbox/received", params={"operation": "submit"})).json()["lines"]
    assert [line.get("fault") for line in lines] == [kind, None]


async def test_faults_of_every_other_kind(world: httpx.AsyncClient, clock: Clock) -> None:
    faults = [
        {"kind": "status", "status": 503, "retryAfter": "date:30"},
        {"kind": "status", "status": 503, "retryAfter": "7"},
        {"kind": "garbage"},
        {"kind": "slow", "seconds": 0.01},
        {"kind": "status", "place": "bing", "times": None, "untilMs": clock.ms + 1000},
    ]
    assert (await world.post("/sandbox/faults", json=faults)).status_code == 204
    dated = await submit(world)
    assert parsedate_to_datetime(dated.headers["retry-after"]).timestamp() * 1000 == clock.ms + 30_000
    assert (await submit(world)).headers["retry-after"] == "7"
    assert "html" in (await submit(world)).headers["content-type"]
    assert (await submit(world)).status_code == 200
    assert [(await submit(world, "bing")).status_code for _ in range(3)] == [503] * 3
    clock.pass_s(2)
    assert (await submit(world, "bing")).status_code == 201
    bad = await world.post("/sandbox/faults", json=[{"kind": "odd"}])
    assert bad.status_code == 422
    assert "kind" in bad.json()["error"]


def test_the_described_interface_is_the_one_that_is_served() -> None:
    described: Any = read_from_filename(str(INTERFACE))[0]
    validate(described)
    operations = {
        (path.replace("{engine}", "google"), method.upper(), operation["operationId"])
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    web = Web(1, 60)
    site = EngineSite(Engine(WITH_API[0], web, 1, Pace()), World(1), TOKEN)
    served = {
        (route.path, method) for route in site.routes() for method in (route.methods or set()) - {"HEAD"}
    }
    assert {(path, method) for path, method, _ in operations} == served


async def test_lumen_takes_notices_with_a_token(world: httpx.AsyncClient) -> None:
    notice = {
        "title": "DMCA notice r1",
        "type": "DMCA",
        "works_attributes": [
            {
                "description": "A book",
                "copyrighted_urls_attributes": [{"url": "https://mine.example.org/book"}],
                "infringing_urls_attributes": [{"url": URLS[0]}],
            }
        ],
        "entity_notice_roles_attributes": [{"name": "sender", "entity_attributes": {"name": "Ada"}}],
    }
    refused = await world.post("/lumen/notices.json", json={"notice": notice})
    assert refused.status_code == 401
    made = await world.post("/lumen/notices.json", json={"notice": notice, "authentication_token": TOKEN})
    assert made.status_code == 201
    read = (await world.get(f"{made.headers['location']}.json")).json()["dmca"]
    assert read["works"][0]["infringing_urls"] == [{"url": URLS[0]}]
    found = (await world.get("/lumen/notices/search.json", params={"term": "r1"})).json()["notices"]
    assert [each["title"] for each in found] == ["DMCA notice r1"]
    assert await filed(world, "lumen") == {URLS[0]: 1}
