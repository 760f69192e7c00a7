"""References, detections and feedback over the HTTP interface: real workers, real pictures outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from autodmca_ai_detection.model.state import Examples, Rules
from autodmca_events.ai_detection import AiDetectionResult
from autodmca_sandbox.images.edits import EDITS

from services.ai_detection.tests.site import GALLERY, PROFILE, USER, At, copy_of, detection_site, other

REFERENCES = f"/v1/profiles/{PROFILE}/references"


@pytest.fixture
async def at() -> AsyncIterator[At]:
    async with detection_site(rules=Rules(most_references=3, most_waiting=2)) as found:
        yield found


async def test_a_reference_is_kept_as_a_fingerprint_listed_read_and_dropped_by_its_owner(at: At) -> None:
    picture = GALLERY.original(0, 0)
    made = await at.form(REFERENCES, {"title": "Harbour"}, picture)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["title"], shown["format"], shown["width"], shown["height"]) == ("Harbour", "JPEG", 720, 540)
    assert shown["fileBytes"] == len(picture)
    assert 0 < shown["fingerprintBytes"] < 20_000
    where = made.headers["location"]
    assert (await at.site(USER, "GET", where)).json() == shown
    assert (await at.site(USER, "GET", REFERENCES)).json()["items"] == [shown]
    assert (await at.site(USER, "GET", "/v1/profiles/43/references")).json()["items"] == []
    assert (await at.site(USER + 1, "GET", where)).status_code == 404
    wrong_profile = where.replace(f"/{PROFILE}/", "/43/")
    assert (await at.site(USER, "GET", wrong_profile)).status_code == 404
    assert (await at.site(USER, "DELETE", wrong_profile)).status_code == 404
    assert (await at.site(USER, "DELETE", where)).status_code == 200
    assert (await at.site(USER, "GET", where)).status_code == 404
    assert (await at.site(USER, "DELETE", where)).status_code == 404


async def test_the_same_picture_is_the_same_reference_and_a_user_has_so_many_at_most(at: At) -> None:
    first = await at.register(0, 0)
    assert await at.register(0, 0) == first
    await at.register(0, 1)
    await at.register(0, 2)
    refused = await at.form(REFERENCES, {}, GALLERY.original(0, 3))
    assert (refused.status_code, "3 at most" in refused.text) == (409, True)
    await at.site(USER, "DELETE", f"{REFERENCES}/{first}")
    await at.register(0, 3)


@pytest.mark.parametrize("how", sorted(EDITS))
async def test_a_copy_is_found_whatever_was_done_to_it(at: At, how: str) -> None:
    reference = await at.register(0, 1)
    await at.register(0, 2)
    item = copy_of(0, 1, how)
    shown = await at.detected(at.url(item))
    assert (shown["verdict"], shown["matchedReferenceId"]) == ("match", reference), shown
    assert shown["confidence"] > 0.5
    assert shown["transform"]["mirror"] is (how == "mirrored")
    assert shown["evidence"]["inliers"] >= 8
    (event,) = [each for each in at.log.events if isinstance(each, AiDetectionResult)]
    assert (event.detection_id, event.profile_id, event.content_url) == (shown["id"], PROFILE, at.url(item))
    assert (event.verdict, event.matched_reference_id) == ("match", reference)
    assert event.distances.phash == shown["distances"]["phash"]
    assert event.transform is not None
    assert ("mirror" in event.transform) is (how == "mirrored")
    assert event.processing_ms > 0


async def test_another_picture_is_no_match_and_other_users_and_profiles_references_are_not_looked_at(
    at: At,
) -> None:
    await at.register(0, 1)
    assert (await at.detected(at.url(other())))["verdict"] == "no_match"
    copy = at.url(copy_of(0, 1))
    assert (await at.detected(copy, user=USER + 1))["verdict"] == "no_match"
    asked = await at.form("/v1/detections", {"profileId": "43", "url": copy})
    await at.look()
    assert (await at.site(USER, "GET", asked.headers["location"])).json()["verdict"] == "no_match"


async def test_a_reference_that_is_added_or_dropped_counts_from_the_next_detection_on(at: At) -> None:
    copy = at.url(copy_of(0, 1))
    assert (await at.detected(copy))["verdict"] == "no_match"
    reference = await at.register(0, 1)
    assert (await at.detected(copy))["verdict"] == "match"
    await at.site(USER, "DELETE", f"{REFERENCES}/{reference}")
    assert (await at.detected(copy))["verdict"] == "no_match"


@pytest.mark.parametrize(
    ("how", "code"),
    [("gone", "status"), ("page", "unknown_format"), ("cut", "malformed"), ("tiny", "too_small")],
)
async def test_what_is_no_picture_is_unusable_with_its_reason(at: At, how: str, code: str) -> None:
    shown = await at.detected(at.url(other("broken", how)))
    assert (shown["verdict"], shown["reasonCode"]) == ("unusable", code)
    assert shown["reason"]
    (event,) = [each for each in at.log.events if isinstance(each, AiDetectionResult)]
    assert event.verdict == "unusable"


async def test_an_upload_is_looked_at_at_once_and_named_by_its_digest(at: At) -> None:
    reference = await at.register(0, 1)
    data = GALLERY.file(copy_of(0, 1)).data
    made = await at.form("/v1/detections", {"profileId": str(PROFILE)}, data)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["verdict"], shown["matchedReferenceId"]) == ("match", reference)
    assert shown["contentUrl"] == f"urn:sha256:{shown['contentDigest']}"
    named = await at.form("/v1/detections", {"profileId": str(PROFILE), "url": "https://x.example/a"}, data)
    assert named.json()["contentUrl"] == "https://x.example/a"
    bad = await at.form("/v1/detections", {"profileId": str(PROFILE)}, b"words")
    assert (bad.status_code, bad.json()["verdict"], bad.json()["reasonCode"]) == (
        201, "unusable", "unknown_format",
    )  # fmt: skip


async def test_a_request_sent_again_is_answered_again_and_done_once(at: At) -> None:
    data = GALLERY.original(0, 0)
    one, two = [
        await at.form("/v1/detections", {"profileId": str(PROFILE)}, data, idempotency_key="k")
        for _ in range(2)
    ]
    assert one.content == two.content
    assert len([each for each in at.log.events if isinstance(each, AiDetectionResult)]) == 1


async def test_detections_are_listed_by_profile_and_verdict_newest_first(at: At) -> None:
    await at.register(0, 1)
    copies = [await at.detected(at.url(copy_of(0, 1, how))) for how in ("grey", "logo")]
    await at.detected(at.url(other()))
    listed = (await at.site(USER, "GET", "/v1/detections?verdict=match")).json()["items"]
    assert listed == copies[::-1]
    first = (await at.site(USER, "GET", "/v1/detections?limit=2")).json()
    rest = (await at.site(USER, "GET", f"/v1/detections?limit=2&cursor={first['nextCursor']}")).json()
    assert len(first["items"] + rest["items"]) == 3
    assert (await at.site(USER, "GET", "/v1/detections?profileId=43")).json()["items"] == []
    assert (await at.site(USER, "GET", "/v1/detections?profileId=x")).status_code == 422


async def test_more_urls_than_may_wait_are_refused(at: At) -> None:
    fields = {"profileId": str(PROFILE), "url": at.url(other())}
    for _ in range(2):
        assert (await at.form("/v1/detections", fields)).status_code == 202
    refused = await at.form("/v1/detections", fields)
    assert (refused.status_code, "batch" in refused.json()["detail"]) == (409, True)
    await at.look()
    assert (await at.form("/v1/detections", fields)).status_code == 202


async def test_a_person_says_whether_a_verdict_is_right(at: At) -> None:
    reference = await at.register(0, 1)
    shown = await at.detected(at.url(copy_of(0, 1)))
    path = f"/v1/detections/{shown['id']}/feedback"
    said = (await at.site(USER, "POST", path, {"copy": False, "note": "my own post"})).json()
    assert said["feedback"] == {
        "copy": False, "referenceId": reference, "note": "my own post", "at": said["feedback"]["at"],
    }  # fmt: skip
    missed = await at.detected(at.url(other()))
    path = f"/v1/detections/{missed['id']}/feedback"
    assert await unnamed(at, path, {"copy": True}) == ["referenceId"]
    right = await at.site(USER, "POST", path, {"copy": True, "referenceId": reference})
    assert right.json()["feedback"]["referenceId"] == reference
    assert await unnamed(at, path, {"copy": True, "referenceId": "ref_7_x"}) == ["referenceId"]
    assert (await at.site(USER + 1, "POST", path, {"copy": False})).status_code == 404
    unusable = await at.detected(at.url(other("broken", "gone")))
    path = f"/v1/detections/{unusable['id']}/feedback"
    assert (await at.site(USER, "POST", path, {"copy": False})).status_code == 409


async def unnamed(at: At, path: str, body: Any) -> list[str]:
    """The fields of a body that are refused."""
    refused = await at.site(USER, "POST", path, body)
    assert refused.status_code == 422, refused.text
    return [each["field"] for each in refused.json()["errors"]]


async def test_pairs_to_learn_from_are_made_of_a_reference_that_was_there_without(at: At) -> None:
    first = await at.register(0, 0)
    assert await at.register(0, 0, examples=2) == first
    kept = at.log.table.of_user(USER)
    assert [name for name, each in kept.items() if isinstance(each, Examples)] == [f"{first}.examples"]
    assert (await at.site(USER, "DELETE", f"{REFERENCES}/{first}")).status_code == 200
    assert {type(each).__name__ for each in at.log.table.of_user(USER).values()} == {"Tally"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "profileId"),
        ({"profileId": "0", "url": "https://x.example/"}, "profileId"),
        ({"profileId": "x", "url": "https://x.example/"}, "profileId"),
        ({"profileId": "1"}, "url"),
        ({"profileId": "1", "url": "ftp://x.example/"}, "url"),
        ({"profileId": "1", "url": "javascript:alert(1)"}, "url"),
        ({"profileId": "1", "url": "https://x.example/" + "a" * 3_000}, "url"),
        ({"profileId": "1", "uri": "https://x.example/"}, "uri"),
    ],
)
async def test_a_bad_field_is_named(at: At, fields: dict[str, str], field: str) -> None:
    answer = await at.form("/v1/detections", fields or {"url": "https://x.example/"})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_a_reference_that_is_no_picture_is_refused_by_name(at: At) -> None:
    refused = await at.form(REFERENCES, {}, b"<svg/>")
    assert refused.status_code == 422
    problem = refused.json()
    assert problem["type"] == "urn:autodmca:problem:unusable-unknown-format"
    assert problem["errors"][0]["field"] == "file"
    assert (await at.form("/v1/profiles/x/references", {}, b"1")).status_code == 422
    assert (await at.form(REFERENCES, {"title": "no file"})).json()["errors"][0]["field"] == "file"
