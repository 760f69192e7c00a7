"""`GET /events`: what is asked wrongly, and by whom it may be asked."""

import random
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from autodmca_edge.admission.queue import BURST, Admission
from autodmca_edge.metrics import of_fallback
from autodmca_edge.server.fallback.query import wants_stream
from autodmca_edge.testing import FakeLog, FakeNode, upgrade_request
from autodmca_edge.wire.handshake import read_upgrade

from services.edge.tests.asking import STREAM, Asked, Asking, asking, settled
from services.edge.tests.replaying import EPOCH, USAGE, known


@pytest.fixture
async def client() -> AsyncIterator[Asking]:
    async with asking(FakeNode(FakeLog())) as client:
        yield client


def turned_away(client: Asking, stream: Asked, status: int, code: str) -> None:
    """WHATWG HTML 9.2: an `EventSource` comes back to a stream that has ended, never to an error status."""
    assert (stream.status, stream.complete) == (200, True)
    again, _ = stream.blocks()
    assert 1000 <= int(again["retry"]) <= 30_000
    (close,) = stream.named("close")
    assert (close["closeCode"], close["code"], close["retryable"]) == (4000 + status, code, True)
    assert client.fallback.counts.ends["stream", str(status)] == 1


@pytest.mark.parametrize("headers", [{}, STREAM], ids=["poll", "stream"])
@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({}, "bad_message", "types"),
        ({"types": ","}, "bad_message", "types"),
        ({"types": "nothing"}, "unknown_type", "types[0]"),
        ({"family": "nothing"}, "unknown_type", "family"),
        ({"family": "templates", "types": USAGE}, "bad_message", "family"),
        ({"types": USAGE, "filter": "{}"}, "bad_message", "filter"),
        ({"types": USAGE, "filters": "{"}, "bad_filter", "filters"),
        ({"types": USAGE, "filters": "[]"}, "bad_filter", "filters"),
        ({"types": USAGE, "filters": ["{}", "{}"]}, "bad_message", "filters"),
        ({"types": USAGE, "filters": '{"no":1}'}, "bad_filter", "filters.no"),
        ({"types": USAGE, "filters": "[" * 20_000}, "bad_filter", "filters"),
        ({"types": USAGE, "since": "yesterday"}, "bad_message", "since"),
        ({"types": USAGE, "timeout": "0"}, "bad_message", "timeout"),
        ({"types": USAGE, "timeout": "nan"}, "bad_message", "timeout"),
        ({"types": USAGE, "timeout": "60"}, "bad_message", "timeout"),
        ({"type": USAGE}, "bad_message", "type"),
        ({"types": USAGE, "Resume": "0.0.e0:1"}, "bad_message", "Resume"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    client: Asking, headers: dict[str, str], query: dict[str, Any], code: str, field: str
) -> None:
    answer = await client.get(headers=headers, **query)
    assert answer.status == 400
    body = answer.json()
    assert body.pop("message")
    assert body == {"code": code, "retryable": False, "field": field}
    assert client.fallback.counts.ends["stream" if headers else "poll", "400"] == 1
    assert not client.node.sessions


@pytest.mark.parametrize(
    "other",
    ["placement=eu", "_=1700000000", "t=1", "placement=eu&placement=us", "x" * 1000, "%00=%ff", "&&=&"],
)
async def test_parameters_of_others_are_passed_over_as_they_are_for_a_websocket(
    client: Asking, other: str
) -> None:
    answer = client.raw(f"types={USAGE}&{other}&token=&token=7&{other}", {})
    await settled(client.node)
    assert answer.status == 200
    upgrade = read_upgrade(upgrade_request(f"/ws?types={USAGE}&{other}&token=&token=7&{other}"), ())
    assert upgrade is not None
    assert upgrade.token == "7"


@pytest.mark.protocol("Without WebSockets: lastEventId")
@pytest.mark.parametrize("name", ["lastEventId", "lastEventID", "Last-Event-ID", "evs_last_event_id"])
async def test_a_polyfill_may_say_in_the_address_where_it_stands(client: Asking, name: str) -> None:
    cursors = known(client.node)
    client.node.stored.emit(USAGE, 7)
    client.node.poll()
    query = urlencode({"types": USAGE, "resume": "nonsense", name: ",".join(cursors)})
    answer = client.raw(query, {"Authorization": "Bearer 7"})
    await settled(client.node)
    assert len(answer.json()["events"]) == 1


@pytest.mark.parametrize("headers", [{}, STREAM], ids=["poll", "stream"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("token", "code"), [(None, "unauthenticated"), ("", "unauthenticated"), ("bad", "invalid_token")]
)
@pytest.mark.parametrize("query", [{}, {"types": ""}, {"timeout": "x"}, {"types": USAGE}])
async def test_what_is_wrong_with_the_token_is_said_first(
    client: Asking, headers: dict[str, str], method: str, token: str | None, code: str, query: dict[str, Any]
) -> None:
    answer = await client.get(token=token, headers=headers, method=method, **query)
    assert answer.status == 401
    if method == "GET":
        assert answer.json()["code"] == code


@pytest.mark.parametrize(
    "since",
    [
        "1970-01-01T00:00:00+00:00",
        "1970-01-01T02:00:00.000456+02:00",
        "1969-12-31t16:00:00-08:00",
        "1970-01-01 00:00:00z",
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
async def test_since_is_a_moment_in_any_form_of_the_rfc(client: Asking, since: str, escaped: bool) -> None:
    """Also where nobody escaped the +, which then is a space."""
    client.node.stored.emit(USAGE, 7)
    client.node.poll()
    query = urlencode({"since": since}) if escaped else f"since={since.replace(' ', '%20')}"
    answer = client.raw(f"types={USAGE}&{query}", {"Authorization": "Bearer 7"})
    await settled(client.node)
    assert (answer.status, len(answer.json()["events"])) == (200, 1)


@pytest.mark.parametrize("headers", [{}, STREAM], ids=["poll", "stream"])
@pytest.mark.parametrize(
    ("token", "code"), [(None, "unauthenticated"), ("bad", "invalid_token"), ("expired", "token_expired")]
)
async def test_a_token_must_be_good(
    client: Asking, headers: dict[str, str], token: str | None, code: str
) -> None:
    answer = await client.get(USAGE, token=token, headers=headers)
    assert (answer.status, answer.json()["code"], answer.json()["field"]) == (401, code, "token")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.protocol("Without WebSockets: token")
async def test_a_token_is_taken_from_the_header_before_the_address(client: Asking) -> None:
    answer = await client.get(USAGE, token="bad", headers={"Authorization": "Bearer 7"})
    assert answer.status == 200


async def test_nobody_gets_another_users_events(client: Asking) -> None:
    """The token's limits hold, as on a WebSocket."""
    answer = await client.get(USAGE, filters='{"userId":8}')
    assert (answer.status, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["field"] == "filters.userId"
    assert (await client.get(USAGE, filters='{"userId":8}', token="7:admin")).status == 200
    client.node.verifier.types = ("template_approval",)
    assert (await client.get(USAGE)).status == 403


async def test_a_node_without_its_broker_sends_clients_elsewhere(client: Asking) -> None:
    client.node.available = False
    answer = await client.get(USAGE)
    assert (answer.status, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["retry-after"]
    turned_away(client, await client.get(USAGE, headers=STREAM), 503, "not_ready")


async def test_a_users_connections_are_limited_requests_among_them() -> None:
    """PROTOCOL.md: 4429, too many connections, which here is 429."""
    async with asking(FakeNode(FakeLog(), user_connections=2)) as client:
        cursors = known(client.node)
        poll = await client.get(USAGE, resume=cursors)
        await client.stream(USAGE)
        answer = await client.get(USAGE, resume=cursors)
        assert (answer.status, answer.json()["code"]) == (429, "limit_exceeded")
        assert answer.headers["retry-after"]
        turned_away(client, await client.get(USAGE, headers=STREAM), 429, "limit_exceeded")
        poll.hang_up()
        await settled(client.node)
        assert (await client.get(USAGE)).status == 200


async def test_a_storm_of_requests_waits_its_turn_or_is_told_when_to_come_back(client: Asking) -> None:
    """PROTOCOL.md: 4503, which here is 503, with the hint in Retry-After."""
    later: list[Callable[[], None]] = []
    client.node.admission = Admission(1, 1, client.node.clock, lambda _, call: later.append(call))
    for _ in range(BURST):
        assert (await client.get(USAGE)).status == 200
    waiting, refused = await client.get(USAGE), await client.get(USAGE)
    assert not waiting.complete
    assert (refused.status, refused.json()["code"]) == (503, "not_ready")
    assert 1 <= int(refused.headers["retry-after"]) <= 3
    turned_away(client, await client.get(USAGE, headers=STREAM), 503, "not_ready")
    client.node.pass_time(1)
    later.pop()()
    await settled(client.node)
    assert waiting.status == 200


async def test_origins_outside_the_list_are_refused(client: Asking) -> None:
    client.node.origins = frozenset({"https://app.example"})
    assert (await client.get(USAGE, headers={"Origin": "https://evil.example"})).status == 403
    assert (await client.get(USAGE, headers={"Origin": "https://app.example"})).status == 200
    assert (await client.get(USAGE)).status == 200


async def test_a_head_opens_no_session(client: Asking) -> None:
    answer = await client.get(USAGE, headers=STREAM, method="HEAD")
    assert answer.status == 200
    assert answer.body == b""
    assert answer.task.done()


async def test_any_bytes_for_a_query_are_answered_and_leave_nothing(client: Asking) -> None:
    """Seeded; what a run of it does can be had again."""
    chance = random.Random(4)
    good = urlencode({"types": USAGE, "filters": '{"name":"x"}', "since": EPOCH, "resume": "0.0.e0:1"})
    seen = set()
    for index in range(200):
        query = [*good]
        for _ in range(chance.randrange(6)):
            query[chance.randrange(len(query))] = chance.choice('%&=,;:"{}[]\x00\xff07aZ.+ -')
        headers = {"Authorization": "Bearer 7", **(STREAM if index % 2 else {})}
        if index % 3 == 0:
            headers["Last-Event-ID"] = "".join(query[:9])
        answer = client.raw("".join(query), headers)
        await settled(client.node)
        client.node.pass_time(1)
        seen.add(answer.status)
        answer.hang_up()
        await settled(client.node)
        assert answer.task.done()
        answer.task.result()
        assert not client.node.sessions
    assert {200, 400} <= seen <= {0, 200, 400, 403}


@pytest.mark.parametrize(
    ("accept", "stream"),
    [
        ([], False),
        (["*/*"], False),
        (["application/json"], False),
        (["text/event-stream"], True),
        (["application/json, Text/Event-Stream;q=0.5"], True),
        (["text/html", "text/event-stream"], True),
    ],
)
def test_an_accept_header_decides_between_poll_and_stream(accept: list[str], stream: bool) -> None:
    assert wants_stream(accept) is stream


async def test_open_requests_and_their_ends_are_counted(client: Asking) -> None:
    poll = await client.get(USAGE, resume=known(client.node))
    await client.get(USAGE, headers=STREAM)
    counts = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in of_fallback(client.fallback.counts)
        for sample in metric.samples
    }
    assert counts == {
        ("autodmca_edge_fallback_open", "poll"): 1,
        ("autodmca_edge_fallback_open", "stream"): 1,
    }
    client.node.stored.emit(USAGE, 7)
    client.node.poll()
    await settled(client.node)
    assert poll.complete
    assert client.fallback.counts.ends == {("poll", "events"): 1}
