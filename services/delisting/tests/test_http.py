"""The HTTP interface: what is taken, what is named as wrong, what is shown, and what is done once."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from autodmca_service.testing import Site
from openapi_spec_validator import OpenAPIV31SpecValidator

ADA, BOB = 11, 12
NOTICE = {"text": "These pages copy my book.", "work": "Alpine Lakes"}


def body(*urls: str, **more: Any) -> dict[str, Any]:
    return {"engine": "google", "urls": list(urls), "notice": NOTICE, **more}


async def made(site: Site, sent: dict[str, Any], user: int = ADA) -> dict[str, Any]:
    answer = await site(user, "POST", "/v1/requests", sent)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/requests/{shown['id']}"
    return shown


async def test_what_is_pasted_is_taken_and_the_rest_is_named_by_its_line(site: Site) -> None:
    sent = body(
        "hxxps://evil[.]example[.]com/a?utm_source=x",
        "EVIL.example.com/a",
        "no url at all",
        "https://b.example.org/My File.pdf",
        "http://localhost/x",
    )
    shown = await made(site, sent)
    assert (shown["status"], shown["urlsTotal"], shown["urlsPending"]) == ("queued", 2, 2)
    dropped = {(each["line"], each["reason"]) for each in shown["dropped"]}
    assert dropped == {(2, "duplicate"), (3, "no_url"), (5, "not_public")}
    assert shown["droppedTotal"] == 3
    page = (await site(ADA, "GET", f"/v1/requests/{shown['id']}/urls")).json()
    assert [item["normalizedUrl"] for item in page["items"]] == [
        "https://evil.example.com/a",
        "https://b.example.org/My%20File.pdf",
    ]
    assert site.counted("autodmca_delisting_urls_dropped_total", reason="no_url") == 1


async def test_urls_are_taken_from_a_notice_but_for_excepted_domains(site: Site) -> None:
    text = "My page https://mine.example.org/x is copied at https://theirs.example.com/y.\nSee README.md."
    shown = await made(site, {"engine": "google", "text": text, "exceptDomains": ["example.org"]})
    assert shown["urlsTotal"] == 1
    assert {each["reason"] for each in shown["dropped"]} == {"excepted", "file_name"}


async def test_many_urls_are_split_as_the_engine_takes_them(site: Site) -> None:
    urls = [f"https://x.example.com/{number}" for number in range(950)]
    google = await made(site, body(*urls))
    yandex = await made(site, body(*urls, engine="yandex"))
    assert [part["urlsTotal"] for part in google["parts"]] == [250, 250, 250, 200]
    assert [part["urlsTotal"] for part in yandex["parts"]] == [*[100] * 9, 50]
    assert len({part["reference"] for part in (*google["parts"], *yandex["parts"])}) == 14
    seen: list[str] = []
    path = f"/v1/requests/{google['id']}/urls?limit=200"
    for cursor in ("0", "200", "400", "600", "800"):
        page = (await site(ADA, "GET", f"{path}&cursor={cursor}")).json()
        seen += [item["url"] for item in page["items"]]
    assert "nextCursor" not in page
    assert seen == urls


async def test_ten_thousand_urls_fit_and_one_more_does_not(site: Site) -> None:
    urls = [f"https://x{number}.example.com/{number}" for number in range(10_001)]
    shown = await made(site, body(*urls[:10_000]))
    assert shown["urlsTotal"] == 10_000
    assert site.log.dead_letters == []
    refused = await site(ADA, "POST", "/v1/requests", body(*urls))
    assert refused.status_code == 413
    assert "10,001" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (body(), "urls"),
        (body("nothing here"), "urls"),
        (body("https://a.example.com/", engine="bing"), "engine"),
        (body("https://a.example.com/", engine="altavista"), "engine"),
        (body("https://a.example.com/", notice={"text": " "}), "notice.text"),
        (body("https://a.example.com/", query=""), "query"),
        (body("https://a.example.com/", other=1), "other"),
        (body("https://a.example.com/", urls=[7]), "urls"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_begun(site: Site, sent: Any, field: str) -> None:
    answer = await site(ADA, "POST", "/v1/requests", sent)
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"].startswith(field)
    assert (await site(ADA, "GET", "/v1/requests")).json()["items"] == []


async def test_a_request_with_a_key_is_made_once(site: Site) -> None:
    sent = body("https://a.example.com/1", "https://a.example.com/2")
    first = await site(ADA, "POST", "/v1/requests", sent, idempotency_key="k")
    again = await site(ADA, "POST", "/v1/requests", sent, idempotency_key="k")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    other = await site(ADA, "POST", "/v1/requests", body("https://b.example.com/"), idempotency_key="k")
    assert other.status_code == 422
    assert len((await site(ADA, "GET", "/v1/requests")).json()["items"]) == 1


async def test_a_request_that_stopped_halfway_goes_on_when_it_is_repeated(site: Site) -> None:
    """The broker goes away after the first of the commands that a request is made of."""
    sent = body(*(f"https://x.example.com/{number}" for number in range(600)))
    ask, left = site.log.ask.ask, 2

    async def failing(*args: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        site.log.away = left < 0
        return await ask(*args, **options)

    site.log.ask.ask = failing  # type: ignore[method-assign]
    assert (await site(ADA, "POST", "/v1/requests", sent, idempotency_key="k")).status_code == 503
    site.log.ask.ask, site.log.away = ask, False  # type: ignore[method-assign]
    (draft,) = (await site(ADA, "GET", "/v1/requests")).json()["items"]
    assert draft["status"] == "draft"
    done = await site(ADA, "POST", "/v1/requests", sent, idempotency_key="k")
    assert (done.status_code, done.json()["urlsTotal"], done.json()["id"]) == (201, 600, draft["id"])


async def test_nobody_sees_or_touches_anothers_request(site: Site) -> None:
    shown = await made(site, body("https://a.example.com/"))
    one = f"/v1/requests/{shown['id']}"
    for method, path in (
        ("GET", one),
        ("GET", f"{one}/urls"),
        ("GET", f"{one}/packet"),
        ("POST", f"{one}/cancel"),
    ):
        assert (await site(BOB, method, path, {} if method == "POST" else None)).status_code == 404
    assert (await site(BOB, "GET", "/v1/requests")).json()["items"] == []
    assert (await site(BOB, "GET", one, None, "admin")).status_code == 200


async def test_lists_are_filtered(site: Site) -> None:
    google = await made(site, body("https://a.example.com/"))
    form = await made(site, body("https://a.example.com/", engine="duckduckgo"))
    await site(ADA, "POST", f"/v1/requests/{google['id']}/cancel", {})

    async def listed(query: str) -> list[str]:
        answer = await site(ADA, "GET", f"/v1/requests?{query}")
        return [item["id"] for item in answer.json()["items"]]

    assert await listed("") == [form["id"], google["id"]]
    assert await listed("engine=google") == [google["id"]]
    assert await listed("status=cancelled") == [google["id"]]
    assert await listed("needsPerson=true") == [form["id"]]
    assert (await site(ADA, "GET", "/v1/requests?needsPerson=maybe")).status_code == 422
    assert (await site(ADA, "GET", "/v1/requests?status=odd")).status_code == 422


async def test_a_form_is_filled_in_from_the_packet_and_reported(site: Site) -> None:
    shown = await made(
        site, body("hxxps://a[.]example.com/1", "https://b.example.co.uk/2", engine="duckduckgo")
    )
    one = f"/v1/requests/{shown['id']}"
    answer = await site(ADA, "GET", f"{one}/packet")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
        assert set(files.namelist()) == {"README.txt", "notice.txt", "urls.csv", "urls-001.txt"}
        assert files.read("urls-001.txt").decode().split() == [
            "https://a.example.com/1",
            "https://b.example.co.uk/2",
        ]
        rows = list(csv.DictReader(io.StringIO(files.read("urls.csv").decode())))
        assert NOTICE["text"] in files.read("notice.txt").decode()
    assert [row["registrable domain"] for row in rows] == ["example.com", "example.co.uk"]
    assert answer.content == (await site(ADA, "GET", f"{one}/packet")).content
    told = await site(ADA, "POST", f"{one}/report", {"progress": "submitted", "externalReference": "f-1"})
    assert (told.status_code, told.json()["status"]) == (200, "submitted")
    early = await site(ADA, "POST", f"{one}/report", {"progress": "decided"})
    assert early.status_code == 409
    outcomes = [{"url": row["url"], "outcome": "removed"} for row in rows]
    done = await site(ADA, "POST", f"{one}/report", {"progress": "decided", "outcomes": outcomes})
    assert done.json()["status"] == "approved"
    assert [note["userId"] for note in done.json()["notes"]] == [ADA, ADA]
    google = await made(site, body("https://a.example.com/"))
    assert (await site(ADA, "GET", f"/v1/requests/{google['id']}/packet")).status_code == 409


async def test_urls_are_found_in_a_text_and_nothing_is_stored(site: Site) -> None:
    text = "see\nhxxp://evil[.]com/%7ea and http://evil.com/~a, not README.md"
    answer = await site(ADA, "POST", "/v1/urls/normalise", {"text": text})
    found = answer.json()
    assert found["urls"] == [
        {
            "url": "http://evil.com/%7ea",
            "normalizedUrl": "http://evil.com/~a",
            "registrableDomain": "evil.com",
            "text": "hxxp://evil[.]com/%7ea",
            "start": 4,
            "end": 26,
            "line": 2,
        }
    ]
    assert [(each["reason"], each.get("duplicateOf")) for each in found["dropped"]] == [
        ("duplicate", "http://evil.com/~a"),
        ("file_name", None),
    ]
    assert site.log.envelopes == []


async def test_preferences_are_kept(site: Site) -> None:
    path = "/v1/delisting/preferences"
    assert (await site(ADA, "GET", path)).json() == {"resubmitRelisted": False}
    changed = await site(ADA, "PUT", path, {"resubmitRelisted": True})
    assert changed.json() == (await site(ADA, "GET", path)).json() == {"resubmitRelisted": True}


async def test_a_read_says_what_is_current(site: Site) -> None:
    shown = await made(site, body("https://a.example.com/"))
    one = f"/v1/requests/{shown['id']}"
    etag = (await site(ADA, "GET", one)).headers["etag"]
    assert (await site(ADA, "GET", one, None, if_none_match=etag)).status_code == 304


async def test_the_document_is_valid_openapi_3_1(site: Site) -> None:
    read = (await site.http.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(read).validate()
    assert len(read["paths"]) == 10
