"""Bodies: bounded in bytes and seconds, JSON or a form, every complaint with its field."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from autodmca_service.http.bodies import MAX_DISCARDED_BYTES

if TYPE_CHECKING:
    from .conftest import Site

PNG = ("p.png", b"png" * 1000, "image/png")


def fields(answer: httpx.Response, status: int) -> list[str]:
    assert answer.status_code == status, answer.text
    return [error["field"] for error in answer.json().get("errors", ())]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "t", "stars": "many"}, "stars"),
        ({"text": "t", "surprise": 1}, "surprise"),
        ({}, "text"),
        ([], "body"),
    ],
)
async def test_a_bad_field_is_named(site: Site, body: Any, field: str) -> None:
    assert fields(await site("POST", "/v1/pictures", json=body), 422) == [field]


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b'{"text": "\xff"}', b'{"text":' + b"[" * 9000])
async def test_what_is_no_json_is_refused(site: Site, raw: bytes) -> None:
    assert (await site("POST", "/v1/pictures", content=raw)).status_code in (400, 422)


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("application/merge-patch+json", 201),
        ("application/jsonp", 415),
        ("text/plain", 415),
    ],
)
async def test_only_json_is_taken_for_json(site: Site, media_type: str, status: int) -> None:
    answer = await site("POST", "/v1/pictures", content=b'{"text":"t"}', headers={"content-type": media_type})
    assert answer.status_code == status


async def test_a_body_over_its_limit_is_thrown_away_and_told(site: Site) -> None:
    answer = await site("POST", "/v1/pictures", json={"text": "t" * 100_000})
    assert answer.json()["detail"] == "a request has 10,000 bytes at most"
    assert answer.status_code == 413
    announced = {"content-length": str(MAX_DISCARDED_BYTES + 1)}
    answer = await site("POST", "/v1/pictures", content=b"{}", headers=announced)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


async def test_a_trickling_body_is_cut_off(site: Site) -> None:
    forever = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b'{"text":'
        await forever.wait()

    answer = await site("POST", "/v1/pictures", content=trickle())
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")


async def test_a_form_brings_files_and_fields(site: Site) -> None:
    large = ("l.png", b"x" * 2_000_000, "image/png")
    files = [("picture", PNG), ("picture", large)]
    answer = await site("POST", "/v1/uploads", files=files, data={"text": "both", "stars": "3"})
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"id": "p1", "text": "both", "sizes": [3000, 2_000_000]}


@pytest.mark.parametrize(
    ("files", "data", "status", "named"),
    [
        ([], {"text": "t"}, 415, []),
        ([("other", PNG)], {"text": "t"}, 422, ["other"]),
        ([("picture", PNG)], {}, 422, ["text"]),
        ([("picture", PNG)], {"text": "t", "stars": "many"}, 422, ["stars"]),
        ([("picture", PNG)], {"text": ["a", "b"]}, 422, ["text"]),
        ([("picture", PNG)] * 3, {"text": "t"}, 400, []),
        ([("picture", PNG)], {"text": "t", "a": "1", "b": "2"}, 400, []),
        ([("picture", ("p.gif", b"gif", "image/gif"))], {"text": "t"}, 415, []),
        ([("picture", ("l.png", b"x" * 4_000_000, "image/png"))], {"text": "t"}, 413, []),
    ],
)
async def test_a_bad_form_is_told_what_is_wrong(
    site: Site, files: Any, data: dict[str, Any], status: int, named: list[str]
) -> None:
    answer = await site("POST", "/v1/uploads", files=files, data=data)
    assert fields(answer, status) == named


async def test_a_form_without_its_file_names_it(site: Site) -> None:
    boundary = {"content-type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nt\r\n--b--\r\n'
    assert fields(await site("POST", "/v1/uploads", content=body, headers=boundary), 422) == ["picture"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"nonsense",
        b"--b\r\nno disposition\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="text"\r\nX: '
        + b"y" * 10_000
        + b"\r\n\r\nx\r\n--b--\r\n",
    ],
)
async def test_what_is_no_form_is_refused(site: Site, body: bytes) -> None:
    boundary = {"content-type": "multipart/form-data; boundary=b"}
    answer = await site("POST", "/v1/uploads", content=body, headers=boundary)
    assert answer.status_code in (400, 422)


async def test_a_form_is_the_same_form_again_whatever_its_boundary_and_another_with_another_file(
    site: Site,
) -> None:
    digests = []
    for text, file in (("t", PNG), ("t", PNG), ("u", PNG), ("t", ("p.png", b"gnp" * 1000, "image/png"))):
        answer = await site(
            "POST",
            "/v1/uploads",
            data={"text": text},
            files={"picture": file},
            headers={"idempotency-key": "k"},
        )
        assert answer.json()["sizes"] == [3000]
        digests.append(answer.json()["again"]["digest"])
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
