"""Batches of uploads: fingerprints before the answer, then items like any other, whoever dies in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import msgspec
import pytest
from autodmca_ai_detection.batches import of_uploads
from autodmca_ai_detection.model.state import Content, Items, Rules, Sent
from autodmca_events.ai_detection import AiBatchJobStatus, AiDetectionResult
from autodmca_service.testing import perform_due
from autodmca_service.testing.caller import token
from msgspec import structs

from services.ai_detection.tests.site import GALLERY, PROFILE, USER, At, copy_of, detection_site, other

UPLOADS = "/v1/batches/uploads"


@pytest.fixture
async def at() -> AsyncIterator[At]:
    async with detection_site(rules=Rules(told_ms=0)) as found:
        yield found


async def sent(at: At, files: Sequence[bytes], *, key: str | None = None, **fields: str) -> httpx.Response:
    """A batch of these files."""
    parts: list[tuple[str, Any]] = [("files", (f"{n}.jpg", data)) for n, data in enumerate(files)]
    parts += [(name, (None, text)) for name, text in fields.items()]
    headers = {"authorization": f"Bearer {token(USER)}"}
    if key is not None:
        headers["idempotency-key"] = key
    return await at.site.http.post(UPLOADS, files=parts, headers=headers)


async def worked(at: At) -> None:
    await perform_due(at.log, at.worker.batch_due, at.worker.batches)


def told(at: At, kind: type[Any]) -> list[Any]:
    return [each for each in at.log.events if isinstance(each, kind)]


def kept(at: At, kind: type[Any]) -> list[Any]:
    every: list[Any] = list(at.log.table.of_user(USER).values())
    return [each for each in every if isinstance(each, kind)]


def some() -> list[bytes]:
    """A copy of the first work, another picture, no picture, and the copy once more."""
    copy = GALLERY.file(copy_of(0, 0)).data
    return [copy, GALLERY.file(other()).data, b"words", copy]


async def test_uploads_are_items_with_verdicts_and_nothing_of_the_files_is_kept(at: At) -> None:
    reference = await at.register(0, 0)
    files = some()
    answer = await sent(at, files, profileId=str(PROFILE))
    assert (answer.status_code, answer.json()["itemsTotal"]) == (202, 4), answer.text
    (items,) = kept(at, Items)
    assert max(len(msgspec.json.encode(each)) for each in items.sent) < 40_000
    await worked(at)
    found = told(at, AiDetectionResult)
    assert [each.matched_reference_id for each in found] == [reference, None, None, reference]
    assert [each.verdict for each in found] == ["match", "no_match", "unusable", "match"]
    assert found[0].content_url.startswith("urn:sha256:")
    assert found[0].content_url == found[3].content_url
    batch = (await at.site(USER, "GET", answer.headers["location"])).json()
    assert (batch["status"], batch["itemsFailed"], batch["matchesFound"]) == ("completed_with_errors", 1, 2)
    failures = (await at.site(USER, "GET", f"{answer.headers['location']}/failures")).json()["items"]
    assert [(each["item"], each["reasonCode"]) for each in failures] == [(2, "unknown_format")]
    assert kept(at, Items) == []
    assert [each.items_processed for each in told(at, AiBatchJobStatus)] == [0, 1, 2, 3, 4]


async def test_a_replica_that_dies_before_the_answer_has_lost_nothing_that_cannot_be_sent_again(
    at: At,
) -> None:
    """The log goes away in the middle of the parts, as it does for a replica that is killed there."""
    files = some() * 2
    ask, asked = at.log.ask.ask, 0

    async def dying(*args: Any, **about: Any) -> Any:
        nonlocal asked
        asked += 1
        at.log.away = asked == 3
        return await ask(*args, **about)

    at.log.ask.ask = dying  # type: ignore[method-assign]
    assert (await sent(at, files, key="k", profileId=str(PROFILE))).status_code == 503
    assert told(at, AiBatchJobStatus) == []
    assert (await at.site(USER, "GET", "/v1/batches")).json()["items"] == []
    first = await sent(at, files, key="k", profileId=str(PROFILE))
    assert first.status_code == 202
    again = await sent(at, files, key="k", profileId=str(PROFILE))
    assert again.json() == first.json()
    await worked(at)
    assert [each.verdict for each in told(at, AiDetectionResult)].count("unusable") == 2
    assert len(told(at, AiDetectionResult)) == 8
    assert len((await at.site(USER, "GET", "/v1/batches")).json()["items"]) == 1


async def test_a_first_try_that_was_cut_into_more_parts_leaves_nothing_behind(at: At) -> None:
    at.log.ask.ask, ask = _fails_to_start(at), at.log.ask.ask  # type: ignore[method-assign]
    assert (await sent(at, some() * 2, key="k", profileId=str(PROFILE))).status_code == 503
    at.log.ask.ask = ask  # type: ignore[method-assign]
    at.log.away = False
    assert (await sent(at, some()[:2], key="k", profileId=str(PROFILE))).status_code == 202
    assert [len(each) for each in kept(at, Items)] == [2]
    await worked(at)
    assert len(told(at, AiDetectionResult)) == 2


def _fails_to_start(at: At) -> Any:
    ask = at.log.ask.ask

    async def asked(user_id: int, request: Any, **about: Any) -> Any:
        at.log.away = type(request).__name__ == "StartBatch"
        return await ask(user_id, request, **about)

    return asked


async def test_an_upload_that_another_version_has_kept_is_told_to_be_sent_again(at: At) -> None:
    await at.register(0, 0)
    looker: Any = at.worker._looker
    upload = await looker.sent(USER, some()[0])
    assert (await looker.kept(USER, PROFILE, upload)).verdict == "match"
    old = structs.replace(upload.content, fingerprint=b"\x00" + upload.content.fingerprint[1:])
    found = await looker.kept(USER, PROFILE, structs.replace(upload, content=old))
    assert (found.verdict, found.code, found.digest) == ("unusable", "upload_lost", upload.digest)


async def test_a_bad_form_is_named(at: At) -> None:
    async def named(files: Sequence[bytes], **fields: str) -> list[str]:
        answer = await sent(at, files, **fields)
        assert answer.status_code == 422, answer.text
        return [each["field"] for each in answer.json()["errors"]]

    assert await named([], profileId="1") == ["files"]
    assert await named([b"x"]) == ["profileId"]
    assert await named([b"x"], profileId="0") == ["profileId"]
    assert await named([b"x"], profileId="1", contentType="image") == ["contentType"]
    assert (await sent(at, [b"x"] * 101, profileId="1")).status_code == 400


def test_a_part_is_one_record_however_large_its_fingerprints_are() -> None:
    def upload(size: int) -> Sent:
        content = Content(
            content_type="video", format="MP4", file_bytes=1, digest="d", fingerprint=b"x" * size
        )
        return Sent(digest="d", content=content)

    sizes = [384_000, 24_000, 500_000, *[24_000] * 40, 160_000, 160_000, 160_000]
    parts = of_uploads([*map(upload, sizes), Sent(digest="d", code="malformed", reason="r")])
    assert sum(map(len, parts)) == len(sizes) + 1
    assert [len(each.content.fingerprint) for part in parts for each in part.sent if each.content] == sizes
    assert max(len(msgspec.json.encode(part)) for part in parts) < 800_000
