"""Room for forms: bounded for all requests together, and given back whatever becomes of a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from .conftest import Site

HEAD = {"content-type": "multipart/form-data; boundary=b"}
TEXT = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nt\r\n'
FILE = (
    b'--b\r\nContent-Disposition: form-data; name="picture"; filename="p"\r\nContent-Type: image/png\r\n\r\n'
)


async def test_forms_that_come_at_once_have_so_much_room_and_a_further_one_is_told_to_wait(
    site: Site,
) -> None:
    end = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield TEXT + FILE + b"x" * 1_500_000
        await end.wait()
        yield b"\r\n--b--\r\n"

    held = [
        asyncio.create_task(site("POST", "/v1/uploads", content=slowly(), headers=HEAD)) for _ in range(2)
    ]
    async with asyncio.timeout(30):
        while site.spool.taken < 6_000_000:
            await asyncio.sleep(0)
    small: Any = {"files": [("picture", ("p.png", b"png", "image/png"))], "data": {"text": "t"}}
    refused = await site("POST", "/v1/uploads", **small)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["type"].endswith(":uploads-busy")
    assert (await site("POST", "/v1/pictures", json={"text": "no form"})).status_code == 201
    end.set()
    assert [(await each).status_code for each in held] == [201, 201]
    assert site.spool.taken == 0
    assert (await site("POST", "/v1/uploads", **small)).status_code == 201


async def too_large() -> AsyncIterator[bytes]:
    yield TEXT + FILE
    for _ in range(40):
        yield b"x" * 100_000


async def cut_off() -> AsyncIterator[bytes]:
    yield TEXT + FILE + b"x" * 2_000_000
    raise ClientDisconnect


async def no_form() -> AsyncIterator[bytes]:
    yield TEXT + b"--b\r\nno disposition\r\n\r\n"


@pytest.mark.parametrize(("body", "status"), [(too_large, 413), (cut_off, 499), (no_form, 400)])
async def test_room_is_given_back_whatever_becomes_of_a_form(
    site: Site, body: Callable[[], AsyncIterator[bytes]], status: int
) -> None:
    assert (await site("POST", "/v1/uploads", content=body(), headers=HEAD)).status_code == status
    assert site.spool.taken == 0
