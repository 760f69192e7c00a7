"""The HTTP side: what is refused, with which status, and that every refusal names what is wrong."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from autodmca_service.testing import Site
from autodmca_templates import api

CONTENT = {
    "name": "Mine",
    "kind": "retraction",
    "body": "I retract my notice about {{ url }}.",
    "variables": ["url"],
}
ADA, BOB, RUTH = 11, 12, 90


def problem(answer: httpx.Response, status: int) -> api.Problem:
    """The answer as RFC 9457 wants it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    read = msgspec.json.decode(answer.content, type=api.Problem)
    assert read.status == status
    assert read.type.startswith("urn:autodmca:problem:")
    assert read.title
    assert read.instance == answer.request.url.path
    return read


async def created(site: Site, user_id: int = ADA, **changes: Any) -> str:
    answer = await site(user_id, "POST", "/v1/templates", {**CONTENT, **changes})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def approved(site: Site) -> str:
    one = await created(site)
    assert (await site(ADA, "POST", f"{one}/validate")).json()["valid"]
    assert (await site(ADA, "POST", f"{one}/submit")).status_code == 200
    assert (await site(RUTH, "POST", f"{one}/approve", None, "reviewer")).status_code == 200
    return one


async def test_what_is_written_is_read_back(site: Site) -> None:
    one = await created(site)
    answer = await site(ADA, "GET", one)
    read = answer.json()
    assert {key: read[key] for key in CONTENT} == CONTENT
    assert (read["status"], read["version"], read["revision"], read["userId"]) == ("draft", 1, 1, ADA)
    assert answer.headers["etag"] == '"1"'
    assert (await site(ADA, "GET", one, if_none_match='"1"')).status_code == 304


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"kind": "letter"}, "kind"),
        ({"body": None}, "body"),
        ({"variables": ["no spaces"]}, "variables[0]"),
        ({"variables": ["a", "a"]}, "variables"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_bad_field_is_named(site: Site, changes: dict[str, Any], field: str) -> None:
    told = problem(await site(ADA, "POST", "/v1/templates", {**CONTENT, **changes}), 422)
    assert [error.field for error in told.errors] == [field]
    assert all(error.reason for error in told.errors)


async def test_a_missing_field_is_named(site: Site) -> None:
    told = problem(await site(ADA, "POST", "/v1/templates", {"name": "x", "kind": "takedown"}), 422)
    assert [error.field for error in told.errors] == ["body"]


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b'{"name": "\xff"}', b"null"])
async def test_what_is_no_json_object_is_refused(site: Site, raw: bytes) -> None:
    token = (await site(ADA, "GET", "/v1/templates")).request.headers["authorization"]
    answer = await site.http.post("/v1/templates", content=raw, headers={"authorization": token})
    problem(answer, 422 if raw == b"null" else 400)


async def test_json_without_a_floor_is_refused(site: Site) -> None:
    token = (await site(ADA, "GET", "/v1/templates")).request.headers["authorization"]
    raw = b'{"values": {"a": ' + b"[" * 100_000
    answer = await site.http.post("/v1/templates/x/render", content=raw, headers={"authorization": token})
    problem(answer, 400)


async def test_a_form_is_not_json(site: Site) -> None:
    token = (await site(ADA, "GET", "/v1/templates")).request.headers["authorization"]
    problem(await site.http.post("/v1/templates", data={"a": "b"}, headers={"authorization": token}), 415)


async def test_a_template_over_its_limit_is_too_large(site: Site) -> None:
    problem(await site(ADA, "POST", "/v1/templates", {**CONTENT, "body": "a" * (256 * 1024)}), 413)
    problem(await site(ADA, "POST", "/v1/templates", {**CONTENT, "body": "a" * (10 * 1024 * 1024)}), 413)
    assert site.counted("autodmca_templates_problems_total", type="too-large") == 2


async def test_without_a_token_nothing_is_told(site: Site) -> None:
    told = problem(await site.http.get("/v1/templates"), 401)
    assert told.type.endswith(":no-token")
    answer = await site.http.get("/v1/templates", headers={"authorization": "Bearer nonsense"})
    problem(answer, 401)
    assert "invalid_token" in answer.headers["www-authenticate"]


async def test_unknown_paths_and_methods_are_problems_too(site: Site) -> None:
    problem(await site(ADA, "GET", "/v1/nothing"), 404)
    problem(await site(ADA, "DELETE", "/v1/templates"), 405)
    problem(await site(ADA, "GET", "/v1/templates/tpl_11_00000000000000000000"), 404)
    problem(await site(ADA, "GET", "/v1/templates/anything"), 404)


async def test_others_templates_are_for_reviewers(site: Site) -> None:
    one = await created(site)
    problem(await site(BOB, "GET", one), 404)
    problem(await site(BOB, "PUT", one, CONTENT), 404)
    assert (await site(RUTH, "GET", one, None, "reviewer")).status_code == 200
    problem(await site(RUTH, "PUT", one, CONTENT, "reviewer"), 403)
    problem(await site(BOB, "GET", f"/v1/templates?userId={ADA}"), 403)
    everybody = await site(RUTH, "GET", "/v1/templates?userId=*", None, "admin")
    assert [item["userId"] for item in everybody.json()["items"]] == [ADA]


async def test_a_list_goes_through_every_template_once(site: Site) -> None:
    made = [await created(site, name=f"Number {number}") for number in range(7)]
    await created(site, BOB)
    seen: list[str] = []
    path = "/v1/templates?limit=3"
    while path:
        page = (await site(ADA, "GET", path)).json()
        seen += [item["name"] for item in page["items"]]
        path = f"/v1/templates?limit=3&cursor={page['nextCursor']}" if "nextCursor" in page else ""
    assert seen == [f"Number {number}" for number in reversed(range(len(made)))]


async def test_a_list_is_filtered(site: Site) -> None:
    await created(site)
    await approved(site)
    await created(site, kind="takedown")
    counts = {}
    for query in (
        "status=draft",
        "status=approved",
        "status=draft&status=approved",
        "kind=takedown",
        "status=archived",
    ):
        counts[query] = len((await site(ADA, "GET", f"/v1/templates?{query}")).json()["items"])
    assert list(counts.values()) == [2, 1, 3, 1, 0]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=9999", "limit"),
        ("limit=many", "limit"),
        ("cursor=AAAA", "cursor"),
        ("cursor=%21", "cursor"),
        ("status=lost", "status"),
        ("kind=letter", "kind"),
        ("userid=5", "userid"),
    ],
)
async def test_a_bad_query_is_named(site: Site, query: str, field: str) -> None:
    told = problem(await site(ADA, "GET", f"/v1/templates?{query}"), 422)
    assert [error.field for error in told.errors] == [field]


async def test_a_key_makes_a_request_safe_to_repeat(site: Site) -> None:
    first = await site(ADA, "POST", "/v1/templates", CONTENT, idempotency_key="abc")
    again = await site(ADA, "POST", "/v1/templates", CONTENT, idempotency_key="abc")
    assert first.json() == again.json()
    assert len((await site(ADA, "GET", "/v1/templates")).json()["items"]) == 1
    other = {**CONTENT, "name": "Other"}
    problem(await site(ADA, "POST", "/v1/templates", other, idempotency_key="abc"), 422)
    problem(await site(ADA, "POST", "/v1/templates", other, idempotency_key="a b"), 422)
    assert (await site(BOB, "POST", "/v1/templates", other, idempotency_key="abc")).status_code == 201


async def test_an_edit_of_what_has_changed_since_is_refused(site: Site) -> None:
    one = await created(site)
    assert (await site(ADA, "PUT", one, {**CONTENT, "name": "B"}, if_match='"1"')).status_code == 200
    problem(await site(ADA, "PUT", one, {**CONTENT, "name": "C"}, if_match='"1"'), 412)
    problem(await site(ADA, "PUT", one, {**CONTENT, "name": "C"}, if_match='"x"'), 422)


async def test_a_step_that_is_not_listed_is_a_conflict_and_tells_nobody(site: Site) -> None:
    one = await created(site)
    for step in ("submit", "appeal", "deprecate", "archive"):
        problem(await site(ADA, "POST", f"{one}/{step}"), 409)
    for step in ("approve", "reject", "request-changes"):
        problem(await site(RUTH, "POST", f"{one}/{step}", {"comment": "?"}, "reviewer"), 409)
        problem(await site(ADA, "POST", f"{one}/{step}"), 403)
    assert site.log.events == []


async def test_an_invalid_template_is_told_what_it_lacks(site: Site) -> None:
    one = await created(site, kind="takedown", body="one\n{{ missing }}", variables=[])
    report = (await site(ADA, "POST", f"{one}/validate")).json()
    assert report["valid"] is False
    assert report["undeclaredVariables"] == ["missing"]
    assert all(finding["reason"] and finding["line"] for finding in report["findings"])
    told = problem(await site(ADA, "POST", f"{one}/submit"), 409)
    assert ("body", 2) in {(error.field, error.line) for error in told.errors}


async def test_a_use_is_rendered_counted_and_resolved(site: Site) -> None:
    one = await approved(site)
    values = {"url": "https://example.com/x"}
    rendered = (await site(ADA, "POST", f"{one}/render", {"values": values, "submissionId": "s-1"})).json()
    assert rendered["text"] == "I retract my notice about https://example.com/x."
    assert rendered["length"] == len(rendered["text"])
    made_up = (await site(ADA, "POST", f"{one}/render", {"values": values})).json()["submissionId"]
    outcome = {"submissionId": made_up, "outcome": "accepted"}
    resolved = (await site(ADA, "POST", f"{one}/outcome", outcome)).json()
    assert resolved["usage"] == {
        "usageCount": 2, "acceptedCount": 1, "rejectedCount": 0, "acceptanceRatePercent": 100.0
    }  # fmt: skip
    problem(await site(ADA, "POST", f"{one}/outcome", {"submissionId": "s-9", "outcome": "sent"}), 404)
    problem(await site(ADA, "POST", f"{one}/outcome", outcome), 409)


async def test_the_version_in_use_is_read_beside_a_newer_one(site: Site) -> None:
    one = await approved(site)
    assert "usable" not in (await site(ADA, "GET", one)).json()
    changed = {**CONTENT, "name": "Shorter", "body": "I retract {{ url }}."}
    assert (await site(ADA, "PUT", one, changed)).status_code == 200
    read = (await site(ADA, "GET", one)).json()
    assert (read["version"], read["usableVersion"], read["body"]) == (2, 1, changed["body"])
    kept = {key: CONTENT[key] for key in ("name", "body", "variables")}
    assert read["usable"] == {"version": 1, **kept}


async def test_values_are_checked_against_the_variables(site: Site) -> None:
    one = await approved(site)
    told = problem(await site(ADA, "POST", f"{one}/render", {"values": {"url": "x", "uri": "y"}}), 422)
    assert [error.field for error in told.errors] == ["values.uri"]
    told = problem(await site(ADA, "POST", f"{one}/render", {}), 422)
    assert told.type.endswith(":value-missing")
    assert "url" in told.errors[0].reason


async def test_a_draft_is_previewed_but_not_used(site: Site) -> None:
    one = await created(site)
    body = {"values": {"url": "u"}, "preview": True}
    preview = (await site(ADA, "POST", f"{one}/render", body)).json()
    assert (preview["preview"], preview["text"]) == (True, "I retract my notice about u.")
    assert "submissionId" not in preview
    problem(await site(ADA, "POST", f"{one}/render", {"values": {"url": "u"}}), 409)
    assert site.log.events == []


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("a\n{% if %}", "syntax-error", 2),
        ("a\nb\n{{ ''.__class__ }}", "template-unsafe", 3),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "template-timeout",
            None,
        ),
        ("{{ 'a' * 99999999999 }}", "template-memory", None),
    ],
)
async def test_a_bad_template_is_a_clean_problem(site: Site, body: str, code: str, line: int | None) -> None:
    one = await created(site, body=body)
    told = problem(await site(ADA, "POST", f"{one}/render", {"preview": True}), 422)
    assert told.type.endswith(f":{code}")
    assert [error.line for error in told.errors] == [line]
    assert site.counted("autodmca_templates_problems_total", type=code) == 1


async def test_a_template_that_had_to_be_stopped_is_reported_and_stays_out_of_review(
    site: Site,
) -> None:
    one = await created(site, body="{{ ''.__class__ }}")
    problem(await site(ADA, "POST", f"{one}/validate"), 422)
    (event,) = site.log.events
    assert [warning.code for warning in event.warnings] == ["template_unsafe"]  # type: ignore[attr-defined]
    told = problem(await site(ADA, "POST", f"{one}/submit"), 409)
    assert told.type.endswith(":not-valid")


async def test_an_outcome_that_does_not_come_is_a_timeout(site: Site) -> None:
    site.log.late = True
    problem(await site(ADA, "POST", "/v1/templates", CONTENT), 504)


async def test_a_notice_is_analysed_and_not_kept(site: Site) -> None:
    text = "I retract my DMCA takedown notice about https://example.com/x."
    answer = await site(ADA, "POST", "/v1/notices/analyse", {"text": text})
    assert answer.json()["kind"] == "retraction"
    assert answer.json()["urls"] == ["https://example.com/x"]
    assert set(answer.json()) == {"kind", "confidence", "elements", "urls", "language"}
    assert site.log.events == []
    problem(await site(ADA, "POST", "/v1/notices/analyse", {"text": ""}), 422)
