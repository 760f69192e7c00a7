"""Texts and videos through the whole service: each is found among its kind, by what of it was copied."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from autodmca_events.ai_detection import AiDetectionResult

from services.ai_detection.tests.site import PROFILE, USER, At, detection_site
from tests.quality import texts
from tests.quality.videos import clip, encoded, film

REFERENCES = f"/v1/profiles/{PROFILE}/references"
DOCUMENTS = texts.documents()
WORDS, OTHERS = (DOCUMENTS[name] for name in ("topic async", "topic exceptions"))


@pytest.fixture
async def at() -> AsyncIterator[At]:
    async with detection_site() as found:
        yield found


async def kept(at: At, data: bytes, **fields: str) -> Any:
    made = await at.form(REFERENCES, fields, data)
    assert made.status_code == 201, made.text
    return made.json()


async def looked(at: At, data: bytes, **fields: str) -> Any:
    made = await at.form("/v1/detections", {"profileId": str(PROFILE), **fields}, data)
    assert made.status_code == 201, made.text
    return made.json()


async def test_a_copied_passage_of_a_text_is_found_and_shown_in_both(at: At) -> None:
    text = " ".join(WORDS)
    reference = await kept(at, text.encode(), contentType="text")
    assert (reference["contentType"], reference["format"]) == ("text", "text")
    assert reference["words"] > 100
    suspect = " ".join(OTHERS[:40]) + " " + " ".join(WORDS[30:110]) + " " + " ".join(OTHERS[40:80])
    shown = await looked(at, suspect.encode(), contentType="text")
    assert (shown["verdict"], shown["matchedReferenceId"]) == ("match", reference["id"]), shown
    assert (shown["method"], shown["contentType"]) == ("shingles", "text")
    passage = shown["passages"][0]
    assert passage["words"] >= 70
    begin, end = passage["content"]
    first, last = passage["reference"]
    assert suspect[begin:end].split()[5:15] == text[first:last].split()[5:15]
    (event,) = [each for each in at.log.events if isinstance(each, AiDetectionResult)]
    assert (event.content_type, event.verdict) == ("text", "match")
    other = await looked(at, " ".join(OTHERS).encode(), contentType="text")
    assert other["verdict"] == "no_match"
    short = await looked(at, b"A few words.", contentType="text")
    assert (short["verdict"], short["reasonCode"]) == ("unusable", "too_small")
    unsaid = await looked(at, suspect.encode())
    assert (unsaid["verdict"], unsaid["reasonCode"]) == ("unusable", "unknown_format")


async def test_a_clip_of_a_video_is_found_with_its_part_and_a_picture_is_not_looked_for_in_it(at: At) -> None:
    frames = film(("coffee.png", "astronaut.png"), 20)
    reference = await kept(at, encoded(frames))
    assert (reference["contentType"], reference["format"]) == ("video", "MP4")
    assert reference["seconds"] > 15
    shown = await looked(at, clip(frames, "plain", 6.0, random.Random(1)))
    assert (shown["verdict"], shown["matchedReferenceId"]) == ("match", reference["id"]), shown
    assert (shown["method"], shown["contentType"]) == ("frames_in_order", "video")
    begin, end = shown["part"]["reference"]
    assert abs(begin - 6.0) < 2
    assert end > begin
    assert shown["part"]["frames"] <= shown["part"]["of"]
    other = await looked(at, encoded(film(("rocket.jpg", "chelsea.png"), 10)))
    assert other["verdict"] == "no_match"
    await at.register(0, 1)
    listed = (await at.site(USER, "GET", REFERENCES)).json()["items"]
    assert sorted(each["contentType"] for each in listed) == ["image", "video"]
    cut = await looked(at, encoded(frames)[:5_000])
    assert (cut["verdict"], cut["reasonCode"]) == ("unusable", "malformed")
