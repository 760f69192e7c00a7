"""Requests that arrive at a replica which does not own their user, over real HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx
import pytest
from autodmca_service.http import forwarding
from autodmca_service.testing.caller import token

from .replicas import PARTITIONS, Replica, of_replica, several, share

if TYPE_CHECKING:
    from autodmca_service.testing.caller import Caller

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ODD, EVEN = (1, 3, 5), (0, 2, 4)
DEADLINE_S = 60.0


@pytest.fixture
async def two() -> AsyncIterator[tuple[list[Replica], list[Caller]]]:
    async with several(2) as found:
        yield found


Two = tuple[list[Replica], "list[Caller]"]


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and type of a problem."""
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def test_a_request_goes_to_its_owner_once_with_all_that_came(two: Two) -> None:
    (one, other), (ask, _) = two
    user = of_replica(*ODD)
    answer = await ask(
        user, "POST", "/v1/notes", {"text": "t"}, traceparent=TRACE, x_request_id="r-1", idempotency_key="k"
    )
    assert answer.status_code == 201
    assert answer.json() == {"at": other.address, "text": "t"}
    assert answer.headers["location"] == "/v1/caf%C3%A9"
    assert answer.headers["etag"] == '"7"'
    assert answer.headers["x-request-id"] == "r-1"
    (call,) = other.heard
    assert (call.actor.user_id, call.headers["x-request-id"]) == (user, "r-1")
    assert call.again is not None
    assert other.contexts == [(True, TRACE)]
    assert one.heard == []


async def test_one_id_goes_through_both_where_the_caller_gave_none(two: Two) -> None:
    (_, other), (ask, _) = two
    answer = await ask(of_replica(*ODD), "POST", "/v1/notes", {"text": "t"})
    assert other.heard[0].headers["x-request-id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("name", ["a%3Fb", "a%23b", "caf%C3%A9", "a%25b", "%2e%2e", "a;b"])
async def test_a_path_arrives_as_it_was_sent(two: Two, name: str) -> None:
    _, (ask, owner) = two
    user = of_replica(*ODD)
    path = f"/v1/notes/{name}?q=%26%3D&q=%C3%A9"
    there, here = [await each(user, "GET", path) for each in (ask, owner)]
    assert there.status_code == 200
    assert there.content == here.content
    assert there.headers["as-of"] == here.headers["as-of"]


async def test_headers_of_any_bytes_and_of_one_hop(two: Two) -> None:
    (_, other), (ask, _) = two
    raw = [
        (b"authorization", b"Bearer " + token(of_replica(*ODD)).encode()),
        (b"x-name", b"caf\xe9"),
        (b"x-hop", b"mine"),
        (b"connection", b"keep-alive, X-Hop"),
    ]
    answer = await ask.http.request("DELETE", "/v1/notes", headers=raw)
    assert answer.status_code == 201
    headers = other.heard[0].headers
    assert headers["x-name"] == "caf\xe9"
    assert "x-hop" not in headers


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_form_with_a_large_file_is_streamed(two: Two, *, streamed: bool) -> None:
    (_, other), (ask, _) = two
    user, size = of_replica(*ODD), 2_500_000
    head = b'--b\r\ncontent-disposition: form-data; name="picture"; filename="p"\r\n\r\n'
    whole = head + b"x" * size + b"\r\n--b--\r\n"

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 100_000):
            yield whole[start : start + 100_000]

    headers = {"authorization": f"Bearer {token(user)}", "content-type": "multipart/form-data; boundary=b"}
    content = chunks() if streamed else whole
    answer = await ask.http.post("/v1/uploads", headers=headers, content=content)
    assert (answer.status_code, answer.json()) == (201, [size])
    assert len(other.heard) == 1


async def test_a_form_that_is_too_large_or_stalls_is_refused_on_the_way(two: Two) -> None:
    (one, other), (ask, _) = two
    headers = {
        "authorization": f"Bearer {token(of_replica(*ODD))}",
        "content-type": "multipart/form-data; boundary=b",
    }
    answer = await ask.http.post("/v1/uploads", headers=headers, content=b"x" * 4_000_000)
    assert code(answer) == (413, "too-large")

    length = {"content-length": "1000", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in {"host": "h", **length}.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(f"POST /v1/uploads HTTP/1.1\r\n{head}\r\n--b\r\n".encode())  # and no more
    async with asyncio.timeout(DEADLINE_S):
        told = await reader.read()
    writer.close()
    assert told.startswith(b"HTTP/1.1 408")
    assert other.heard == []


async def test_an_owner_that_is_gone_is_told_at_once(two: Two) -> None:
    (one, _), (ask, _) = two
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        one.told = dict.fromkeys(range(PARTITIONS), f"127.0.0.1:{nobody.getsockname()[1]}")
        for method in ("POST", "DELETE"):
            answer = await ask(of_replica(*ODD), method, "/v1/notes", {"text": "t"})
            assert code(answer) == (503, "owner-away")
            assert answer.headers["retry-after"] == "1"


async def test_a_write_whose_owner_dies_over_it_may_be_done(two: Two) -> None:
    (one, _), (ask, _) = two

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        one.told = dict.fromkeys(range(PARTITIONS), f"127.0.0.1:{port}")
        user = of_replica(*ODD)
        assert code(await ask(user, "POST", "/v1/notes", {"text": "t"})) == (504, "log-late")
        assert code(await ask(user, "GET", "/v1/notes/a")) == (503, "owner-away")


async def test_maps_that_disagree_end_after_one_hop(two: Two) -> None:
    (one, other), (ask, _) = two
    one.told = dict.fromkeys(range(PARTITIONS), other.address)
    other.told = dict.fromkeys(range(PARTITIONS), one.address)
    one.mine = other.mine = frozenset()
    answer = await ask(of_replica(*ODD), "POST", "/v1/notes", {"text": "t"})
    assert code(answer) == (503, "log-unavailable")
    assert "retry-after" in answer.headers
    assert one.heard == other.heard == []


async def test_nobody_is_known_to_own_a_user(two: Two) -> None:
    (one, _), (ask, _) = two
    one.told = {}
    assert code(await ask(of_replica(*ODD), "DELETE", "/v1/notes")) == (503, "log-unavailable")


async def test_an_owner_that_answers_nothing_takes_no_place_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forwarding, "AT_ONCE", 3)
    async with several(3) as (replicas, (ask, *_)):
        share(replicas, [0, 1, 2, 0, 1, 2])
        silent, well = of_replica(1, 4), of_replica(2, 5)
        replicas[1].waits = asyncio.Event()
        waiting = [asyncio.create_task(ask(silent, "DELETE", "/v1/notes")) for _ in range(3)]
        async with asyncio.timeout(DEADLINE_S):
            while len(replicas[1].heard) < 3:
                await asyncio.sleep(0.01)
        assert code(await ask(silent, "DELETE", "/v1/notes")) == (503, "owner-busy")
        assert (await ask(well, "DELETE", "/v1/notes")).status_code == 201
        replicas[1].waits.set()
        assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [201] * 3
        assert (await ask(silent, "DELETE", "/v1/notes")).status_code == 201


async def test_what_is_worked_on_before_the_log_is_asked_is_waited_for_longer() -> None:
    async with several(2, answer_s=0.5) as ((_, owner), (ask, _)):
        user, owner.waits = of_replica(*ODD), asyncio.Event()
        bearer = {"authorization": f"Bearer {token(user)}"}
        files = {"picture": ("p", b"x")}
        upload = asyncio.create_task(ask.http.post("/v1/uploads", headers=bearer, files=files))
        async with asyncio.timeout(DEADLINE_S):
            while not owner.heard:
                await asyncio.sleep(0.01)
        assert code(await ask(user, "DELETE", "/v1/notes")) == (504, "log-late")
        owner.waits.set()
        assert (await upload).status_code == 201


HOSTILE = ["", "x", "127.0.0.1:1", "0", "0,1,2,3,4,5", "-1", "99999", "1" * 5000, "\xe9"]


@pytest.mark.parametrize("name", ["x-autodmca-forwarded", "x-autodmca-part", "x-autodmca-places"])
async def test_our_headers_from_outside_allow_nothing(two: Two, name: str) -> None:
    (one, other), (ask, _) = two
    user = of_replica(*ODD)

    async def get(path: str, value: str, bearer: str) -> int:
        headers = [(b"authorization", bearer.encode()), (name.encode(), value.encode("latin-1"))]
        return (await ask.http.get(path, headers=headers)).status_code

    for value in HOSTILE:
        bearer = f"Bearer {token(user)}"
        # One that says it was forwarded is not forwarded again: that is all that it can bring about.
        expected = 503 if name.endswith("forwarded") else 200
        assert await get("/v1/notes/a", value, bearer) == expected
        assert await get("/v1/all", value, bearer) in (403, 503)
        assert await get("/v1/notes/a", value, "Bearer none") == 401
    assert {call.actor.user_id for call in one.heard + other.heard} <= {user}


async def test_a_form_whose_owner_changed_while_it_was_read_is_to_be_sent_again(two: Two) -> None:
    (one, other), (ask, _) = two
    user = of_replica(*EVEN)
    here = one.ownership.here

    async def moves(user_id: int) -> None:
        await here(user_id)
        share([one, other], [1] * PARTITIONS)

    one.ownership.here = moves  # type: ignore[method-assign]
    headers = {"authorization": f"Bearer {token(user)}", "idempotency-key": "k"}
    answer = await ask.http.post("/v1/uploads", headers=headers, files={"picture": ("p", b"x")})
    assert code(answer) == (503, "log-unavailable")
    assert other.heard == []
