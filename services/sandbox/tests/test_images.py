"""The host of pictures: the same seed gives the same pictures, and each is what the truth says."""

from __future__ import annotations

import io

from autodmca_sandbox.images.gallery import Gallery
from PIL import Image

from services.sandbox.tests.world import Clock, listening


async def test_addresses_are_listed_without_end_and_answer_what_the_truth_says() -> None:
    async with listening(Clock()) as world:
        truth = (await world.get("/sandbox/pictures", params={"limit": 40})).json()
        first = (await world.get("/images", params={"limit": 25})).json()
        rest = (await world.get("/images", params={"after": first["nextAfter"], "limit": 15})).json()
        urls = first["items"] + rest["items"]
        assert [url.rpartition("/")[2] for url in urls] == [item["name"] for item in truth]
        assert {item["kind"] for item in truth} == {"copy", "other", "broken"}
        for url, item in zip(urls, truth, strict=True):
            answer = await world.get(url)
            assert answer.status_code == (404 if item["how"] == "gone" else 200)
            if item["kind"] != "broken":
                assert answer.headers["content-type"] == "image/jpeg"
                with Image.open(io.BytesIO(answer.content)) as image:
                    image.load()
        assert (await world.get("/images/0-nonsense.jpg")).status_code == 404
        assert (await world.get("/images/x")).status_code == 404


async def test_a_host_of_the_same_seed_has_the_same_pictures_and_of_another_seed_others() -> None:
    one, again, other = Gallery(7, 3), Gallery(7, 3), Gallery(8, 3)
    items = [one.item(n) for n in range(6)]
    assert items == [again.item(n) for n in range(6)] != [other.item(n) for n in range(6)]
    assert one.original(0, 0) == again.original(0, 0) != other.original(0, 0)
    assert one.original(0, 0) != one.original(0, 1) != one.original(1, 1)


async def test_a_fault_reaches_the_host_of_pictures_like_any_place() -> None:
    async with listening(Clock()) as world:
        url = (await world.get("/images", params={"limit": 1})).json()["items"][0]
        await world.post(
            "/sandbox/faults",
            json=[{"kind": "status", "place": "images", "operation": "fetch", "status": 503}],
        )
        assert (await world.get(url)).status_code == 503
        lines = (await world.get("/sandbox/received", params={"operation": "fetch"})).json()["lines"]
        assert [line["place"] for line in lines] == ["images"]
