"""A request from its head to its answer: who asks comes first, and every complaint names a field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from .conftest import Site

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["instance"] == answer.request.url.path
    assert told["requestId"] == answer.headers["x-request-id"]
    return told


async def test_the_token_is_looked_at_before_everything_else(site: Site) -> None:
    answer = await site.http.post("/v1/pictures?surprise=1", content=b"{", headers={"idempotency-key": " "})
    assert problem(answer, 401)["type"].endswith(":no-token")
    assert answer.headers["www-authenticate"] == 'Bearer realm="autodmca"'
    answer = await site.http.post("/v1/pictures?surprise=1", headers={"authorization": "Bearer nonsense"})
    assert problem(answer, 401)["type"].endswith(":invalid-token")
    assert "invalid_token" in answer.headers["www-authenticate"]


async def test_an_unknown_parameter_is_named(site: Site) -> None:
    told = problem(await site("GET", "/v1/pictures?Limit=3"), 422)
    assert [error["field"] for error in told["errors"]] == ["Limit"]


@pytest.mark.parametrize("key", ["a b", "", "x" * 256, "\u00e9"])
async def test_a_key_that_is_none_is_named(site: Site, key: str) -> None:
    answer = await site("POST", "/v1/pictures", json={"text": "t"}, headers={"idempotency-key": key.encode()})  # type: ignore[dict-item]
    assert [error["field"] for error in problem(answer, 422)["errors"]] == ["Idempotency-Key"]


async def test_the_same_key_of_two_users_is_two_keys(site: Site) -> None:
    keys = {
        (await site("POST", "/v1/pictures", user=user, json={"text": "t"}, headers={"idempotency-key": "k"}))
        .json()["again"]["key"]
        for user in (1, 2, 1)
    }  # fmt: skip
    assert len(keys) == 2


async def test_a_request_is_told_from_others_by_path_query_and_body(site: Site) -> None:
    asked = [
        ("?kind=dog&kind=cat", {"text": "t", "stars": 1}),
        ("?kind=cat&kind=dog", {"stars": 1, "text": "t"}),
        ("?kind=cat", {"text": "t", "stars": 1}),
        ("", {"text": "t", "stars": 1}),
        ("", {"text": "u", "stars": 1}),
    ]
    digests = []
    for query, body in asked:
        answer = await site("POST", f"/v1/pictures{query}", json=body, headers={"idempotency-key": "k"})
        digests.append(answer.json()["again"]["digest"])
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


async def test_a_request_keeps_the_id_that_it_came_with(site: Site) -> None:
    answer = await site("GET", "/v1/pictures", headers={"x-request-id": "proxy-1:7"})
    assert answer.headers["x-request-id"] == "proxy-1:7"


@pytest.mark.parametrize("given", ["", "a b", "x" * 101, "<script>"])
async def test_an_id_that_is_none_is_replaced(site: Site, given: str) -> None:
    answer = await site("GET", "/v1/pictures", headers={"x-request-id": given})
    assert re.fullmatch(r"[\w.-]+", answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] != given


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), None),
        (TRACE[:-1], None),
        ("ff" + TRACE[2:], None),
        ("00-" + "0" * 32 + TRACE[35:], None),
    ],
)
async def test_only_a_well_formed_traceparent_goes_on(site: Site, given: str, taken: str | None) -> None:
    answer = await site("POST", "/v1/pictures", json={"text": "t"}, headers={"traceparent": given})
    assert answer.json().get("traceparent") == taken


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("own", 409, "out-of-film"),
        ("refused", 409, "taken"),
        ("late", 504, "log-late"),
        ("down", 503, "log-unavailable"),
        ("bug", 500, "internal"),
    ],
)
async def test_every_failure_is_a_problem_that_is_counted(
    site: Site, how: str, status: int, code: str
) -> None:
    answer = await site("POST", f"/v1/fail/{how}")
    assert problem(answer, status)["type"] == f"urn:autodmca:problem:{code}"
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "inside" not in answer.text
    assert site.counted("autodmca_pictures_problems_total", type=code) == 1
    assert site.counted("autodmca_pictures_requests_total", operation="fail", status=str(status)) == 1


async def test_a_refusal_names_field_and_line(site: Site) -> None:
    told = problem(await site("POST", "/v1/fail/refused"), 409)
    assert told["errors"] == [{"field": "text", "reason": "is taken", "line": 2}]


async def test_an_answer_that_is_current_or_empty_has_no_body(site: Site) -> None:
    assert (await site("DELETE", "/v1/pictures/p1")).status_code == 204
    for tag, status in (('"7"', 304), ('W/"7"', 304), ('"1", "7"', 304), ("*", 304), ('"8"', 200)):
        answer = await site("GET", "/v1/pictures/p1", headers={"if-none-match": tag})
        assert (answer.status_code, answer.headers["etag"]) == (status, '"7"')


@pytest.mark.parametrize(("tag", "seen"), [('"7"', "7"), ("*", "None"), ("7", "7")])
async def test_the_revision_of_if_match_is_read(site: Site, tag: str, seen: str) -> None:
    answer = await site("PUT", "/v1/pictures/p1", json={"text": "t"}, headers={"if-match": tag})
    assert answer.json()["text"] == f"{seen} t"


async def test_an_if_match_that_is_no_revision_is_named(site: Site) -> None:
    answer = await site("PUT", "/v1/pictures/p1", json={"text": "t"}, headers={"if-match": '"x"'})
    assert [error["field"] for error in problem(answer, 422)["errors"]] == ["If-Match"]


async def test_unknown_paths_and_methods_are_problems_too(site: Site) -> None:
    for method, path, status in (("GET", "/v1/nothing", 404), ("PATCH", "/v1/pictures", 405)):
        answer = await site(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_not_json_is_sent_as_it_is(site: Site) -> None:
    answer = await site("GET", "/v1/archive")
    assert (answer.content, answer.headers["content-type"]) == (b"PK", "application/zip")


async def test_pages_on_an_allowed_origin_may_call_with_any_header(site: Site) -> None:
    asked = {
        "origin": "https://app.example.com",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization, idempotency-key, if-match, traceparent",
    }
    allowed = await site.http.options("/v1/pictures/p1", headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    answer = await site("GET", "/v1/pictures/p1", headers={"origin": "https://app.example.com"})
    assert "ETag" in answer.headers["access-control-expose-headers"]


async def test_pages_on_another_origin_may_not(site: Site) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "PUT"}
    assert (await site.http.options("/v1/pictures/p1", headers=asked)).status_code == 400
    answer = await site("GET", "/v1/pictures/p1", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
