"""Where the token comes from, how it travels, and what happens when it is refused or expires."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from autodmca_client import AuthenticationFailed, Backoff, Client, Timing
from autodmca_client.testing import FakeEdge

FAST = Timing(backoff=Backoff(first_s=0.01, longest_s=0.05))
USAGE = ["template_usage"]


@pytest.fixture
async def edge() -> AsyncIterator[FakeEdge]:
    async with FakeEdge() as edge:
        yield edge


class Tokens:
    """Gives t1, t2, ... and remembers how many were asked for."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> str:
        self.count += 1
        return f"t{self.count}"


async def test_a_refused_token_is_replaced_by_a_fresh_one() -> None:
    tokens = Tokens()
    async with (
        FakeEdge(token_ok=lambda token: token == "t3") as edge,
        Client(edge.url, token=tokens, timing=FAST) as client,
    ):
        await client.opened()
    assert [each.token for each in edge.handshakes] == ["t1", "t2", "t3"]


async def test_a_refused_token_that_cannot_change_ends_the_client() -> None:
    refusing = FakeEdge(token_ok=lambda token: False)
    async with refusing as edge, Client(edge.url, token="t", timing=FAST) as client:
        with pytest.raises(AuthenticationFailed):
            await anext(client.subscribe(USAGE))
    assert len(edge.handshakes) == 1


async def test_a_source_that_repeats_the_refused_token_ends_the_client() -> None:
    async def same() -> str:
        return "t"

    refusing = FakeEdge(token_ok=lambda token: False)
    async with refusing as edge, Client(edge.url, token=same, timing=FAST) as client:
        with pytest.raises(AuthenticationFailed):
            await client.opened()
    assert len(edge.handshakes) == 1


async def test_a_token_source_that_fails_is_asked_again(edge: FakeEdge) -> None:
    tries = iter([OSError("no network"), KeyError("no field")])

    async def flaky() -> str:
        failure = next(tries, None)
        if failure is not None:
            raise failure
        return "t"

    async with Client(edge.url, token=flaky, timing=FAST) as client, asyncio.timeout(60):
        await client.opened()


async def test_an_expiring_token_is_renewed_on_the_open_connection(edge: FakeEdge) -> None:
    async with Client(edge.url, token=Tokens()) as client:
        await client.opened()
        edge.say("connection_established", {"action": "auth_expiring", "expiresAt": "2023-12-07T10:31:00Z"})
        await edge.until(lambda: bool(edge.said("auth_update")))
    assert edge.said("auth_update") == [{"action": "auth_update", "token": "t2"}]
    assert len(edge.handshakes) == 1


async def test_the_token_goes_as_subprotocol_header_or_message(edge: FakeEdge) -> None:
    async with Client(edge.url, token="a.b.c") as client:
        await client.opened()
    async with Client(edge.url, token="a.b.c", authentication="header") as client:
        await client.opened()
    async with Client(edge.url, token="a.b.c", authentication="message") as client:
        await client.opened()
    first, second, third = edge.handshakes
    assert first.subprotocols == ("autodmca.v1", "bearer.a.b.c")
    assert (second.subprotocols, second.authorization) == (("autodmca.v1",), "Bearer a.b.c")
    assert third.token is None
    assert edge.said("authenticate") == [{"action": "authenticate", "token": "a.b.c"}]


async def test_a_renewed_token_of_the_same_text_is_not_sent_again(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        await client.opened()
        edge.say("connection_established", {"action": "auth_expiring", "expiresAt": "2023-12-07T10:31:00Z"})
        await client.send("after")
    assert edge.said("auth_update") == []


async def test_a_token_that_expires_anyway_is_replaced_on_a_new_connection(edge: FakeEdge) -> None:
    async with Client(edge.url, token=Tokens(), timing=FAST) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        edge.close(4401, "the token has expired")
        sent = edge.emit("template_usage")
        async with asyncio.timeout(60):
            assert (await anext(events)).id == sent
    assert [each.token for each in edge.handshakes] == ["t1", "t2"]
