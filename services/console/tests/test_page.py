"""The page's files: what may be kept, what is compressed, what a browser is told."""

from __future__ import annotations

import gzip
from pathlib import Path

from autodmca_console.page import Page, policy

from services.console.tests.conftest import SCRIPT, Asked


async def test_every_view_is_the_page_and_is_asked_for_again(asked: Asked) -> None:
    async with asked() as console:
        for path in ("/console/", "/console/activity", "/console/delisting/req_1"):
            answer = await console.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["cache-control"] == "no-cache"
        again = await console.get("/console/", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_assets_are_kept_for_ever_and_sent_compressed(asked: Asked) -> None:
    async with asked() as console:
        address = "/console/assets/main-1a2b.js"
        async with console.stream("GET", address, headers={"accept-encoding": "br, gzip"}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "accept-encoding"
        assert gzip.decompress(raw).decode() == SCRIPT
        plain = await console.get(address, headers={"accept-encoding": "gzip;q=0"})
        assert "content-encoding" not in plain.headers
        assert plain.text == SCRIPT


async def test_nothing_but_the_build_is_served(asked: Asked) -> None:
    async with asked() as console:
        for path in ("/console/assets/other.js", "/console/assets/../../config.py", "/other"):
            assert (await console.get(path)).status_code == 404
        for path in ("/console/.vite/manifest.json", "/console/%2e%2e/config.py"):
            assert (await console.get(path)).text.startswith("<!doctype html>")


async def test_the_root_leads_to_the_page(asked: Asked) -> None:
    async with asked() as console:
        for path in ("/", "/console"):
            assert (await console.get(path)).headers["location"] == "/console/"


async def test_without_a_build_it_says_what_to_do(tmp_path: Path) -> None:
    assert not Page(tmp_path).is_built


async def test_every_answer_has_the_policy(asked: Asked) -> None:
    urls = {"edge_url": "ws://localhost:8080/ws", "service_urls": ("templates=http://localhost:8081",)}
    async with asked(**urls) as console:
        for path in ("/console/", "/console/config.json", "/console/assets/none.js"):
            headers = (await console.get(path)).headers
            directives = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
            assert directives["default-src"] == "'none'"
            assert directives["script-src"] == directives["style-src"] == "'self'"
            assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
            assert directives["connect-src"] == (
                "'self' http://localhost:8081 ws://localhost:8080 http://localhost:8080"
            )
            assert headers["x-content-type-options"] == "nosniff"


def test_behind_a_balancer_the_page_speaks_with_its_own_origin_alone() -> None:
    assert "connect-src 'self';" in policy([])


async def test_the_page_is_told_where_the_others_are(asked: Asked) -> None:
    told = {"service_urls": ("templates=http://localhost:8081",), "people": ("7=Ada", "9=Ruth=reviewer")}
    async with asked(**told) as console:
        assert (await console.get("/console/config.json")).json() == {
            "edge": "",
            "services": {"templates": "http://localhost:8081"},
            "people": [
                {"userId": 7, "name": "Ada", "roles": []},
                {"userId": 9, "name": "Ruth", "roles": ["reviewer"]},
            ],
            "oidc": None,
            "nodes": False,
            "course": False,
            "behind": False,
        }
