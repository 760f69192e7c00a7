"""What people do about copies of their pictures, for ever.

Each registers their works, meanwhile and then has looked at what the host of pictures lists, one address
after the other, says of a clear verdict whether it is right, and from time to time hands over many addresses
as a batch. The first of them has models fitted, too, and the better ones judge. A step that the service
refuses is logged, and the story goes on.
"""

from __future__ import annotations

import asyncio
from typing import Final

import httpx
import structlog

from autodmca_sandbox.detection_api import DetectionApi
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.images.gallery import WORKS, Gallery
from autodmca_sandbox.people import AUTHORS, Person

log = structlog.get_logger()

BATCH_EVERY: Final = 12
"""Steps from one batch to the next."""
BATCH: Final = 24
TRAIN_EVERY: Final = 40
REGISTERED: Final = 2 * WORKS
"""Steps until every work is registered: each second one looks."""
EPOCHS: Final = 12
EXAMPLES: Final = 6
"""Copies of a work that are made to learn from, of the person who trains."""
SLOWNESS: Final = 2
"""Pictures are drawn and looked at, which takes more than writing does."""
PROFILE: Final = 1
"""The number of each author's first profile, from which the authors count on."""


async def tell(api: DetectionApi, host: httpx.AsyncClient, seed: int, pace_s: float) -> None:
    """Run everybody's story at once, until cancelled; a step of one takes SLOWNESS times `pace_s`. `host`
    reaches the world at the address that the service finds it at."""
    gallery = Gallery(seed, len(AUTHORS))
    async with asyncio.TaskGroup() as group:
        for number, person in enumerate(AUTHORS):
            group.create_task(Seeker(api, host, gallery, person, number).live(pace_s), name=person.name)


class Seeker:
    """Somebody who looks for copies of their works."""

    def __init__(
        self, api: DetectionApi, host: httpx.AsyncClient, gallery: Gallery, person: Person, number: int
    ) -> None:
        self._api = api
        self._host = host
        self._gallery = gallery
        self._person = person
        self._number = number
        self._profile = PROFILE + number
        self._at = 0
        self._asked: list[str] = []
        self._trains = number == 0
        self._model: str | None = None

    async def live(self, pace_s: float) -> None:
        """Take one step after the other."""
        step = 0
        while True:
            try:
                if step < REGISTERED and step % 2 == 0:
                    await self.register(step // 2)
                elif self._trains and step % TRAIN_EVERY == REGISTERED:
                    self._model = await self._api.train(self._person, EPOCHS)
                elif step % BATCH_EVERY == BATCH_EVERY // 2 - 1:
                    await self.hand_over()
                else:
                    await self.look()
                step += 1
            except Refused as error:
                log.warning("step refused", by=self._person.name, reason=str(error))
                step += 1
            except httpx.HTTPError as error:
                log.info("the host of pictures is away", reason=type(error).__name__)
            await asyncio.sleep(SLOWNESS * pace_s)

    async def register(self, work: int) -> str:
        """Have copies of a work found. Raises Refused."""
        picture = await asyncio.to_thread(self._gallery.original, self._number, work)
        title = f"work {work + 1} of {self._person.name}"
        examples = EXAMPLES if self._trains else 0
        return await self._api.add_reference(self._person, self._profile, title, picture, examples)

    async def look(self) -> None:
        """Have the next address looked at, and speak of what came of an earlier one. Raises Refused."""
        (url,) = await self._listed(1)
        self._asked.append(await self._api.detect(self._person, self._profile, url))
        if len(self._asked) > 2:
            await self._speak(self._asked.pop(0))
        if self._model is not None:
            await self._decide(self._model)

    async def hand_over(self) -> None:
        """Have many addresses looked at. Raises Refused."""
        await self._api.batch(self._person, self._profile, await self._listed(BATCH))
        log.info("batch handed over", by=self._person.name, addresses=BATCH)

    async def _speak(self, detection_id: str) -> None:
        """Whoever made a picture knows a copy: the truth is the gallery's."""
        shown = await self._api.detection(self._person, detection_id)
        if shown.get("verdict") in ("match", "possible_match"):
            item = self._gallery.named(shown["contentUrl"].rpartition("/")[2])
            copy = item is not None and item.kind == "copy" and item.owner == self._number
            await self._api.judge(self._person, detection_id, copy=copy)
            log.info("copy found" if copy else "no copy after all", by=self._person.name)

    async def _decide(self, model_id: str) -> None:
        """Let a model that is done judge, if it is no worse. Raises Refused."""
        shown = await self._api.model(self._person, model_id)
        if shown["status"] in ("queued", "running"):
            return
        self._model = None
        if shown["status"] == "completed" and not shown["comparison"].get("worse"):
            await self._api.activate(self._person, model_id)
        log.info("model fitted", by=self._person.name, version=shown["version"], status=shown["status"])

    async def _listed(self, count: int) -> list[str]:
        answer = await self._host.get("/images", params={"after": self._at, "limit": count})
        answer.raise_for_status()
        found: list[str] = answer.json()["items"]
        self._at += len(found)
        return found
