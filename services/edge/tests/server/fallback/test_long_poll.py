"""`GET /events` as a long poll."""

import pytest
from autodmca_edge.testing import FakeNode

from services.edge.tests.asking import Asking, settled
from services.edge.tests.replaying import APPROVAL, EPOCH, INCIDENT, NOTICE, USAGE, emit, known, place


@pytest.mark.protocol("Addresses: GET /events")
async def test_the_first_poll_is_answered_at_once_with_positions(client: Asking) -> None:
    answer = await client.get(USAGE)
    assert answer.json() == {"events": [], "cursors": known(client.node), "recovered": True}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_poll_waits_for_an_event_and_is_answered_as_soon_as_there_is_one(client: Asking) -> None:
    poll = await client.get(USAGE, resume=known(client.node))
    assert not poll.complete
    emit(client.node.stored, 3)
    client.node.poll()
    await settled(client.node)
    ids, cursors, recovered = poll.polled()
    assert ids == ["templates-7-0", "templates-7-1", "templates-7-2"]
    assert recovered
    assert cursors == known(client.node)
    assert poll.json()["events"][2]["cursor"] == cursors[0]


@pytest.mark.protocol("Without WebSockets: resume")
async def test_events_between_two_polls_are_in_the_next_one(client: Asking) -> None:
    _, cursors, _ = (await client.get(USAGE, NOTICE)).polled()
    seen: list[str] = []
    for _ in range(5):
        emit(client.node.stored, 2)
        emit(client.node.stored, 1, None, NOTICE)
        client.node.poll()
        poll = await client.get(USAGE, NOTICE, resume=cursors)
        ids, cursors, _ = poll.polled()
        seen += ids
    assert len(seen) == len(set(seen)) == 15
    assert [each for each in seen if each.startswith("templates")] == [f"templates-7-{n}" for n in range(10)]


@pytest.mark.protocol("Without WebSockets: timeout")
async def test_a_poll_that_nothing_happens_to_is_answered_in_time_with_fresh_positions(
    client: Asking,
) -> None:
    """What others get moves the positions on, so that retention does not overtake who waits."""
    poll = await client.get(USAGE, resume=known(client.node), timeout=10)
    emit(client.node.stored, 2, type_name=APPROVAL)  # on the same partition
    client.node.poll()
    client.node.pass_time(9)
    await settled(client.node)
    assert not poll.complete
    client.node.pass_time(2)
    await settled(client.node)
    assert poll.polled() == ([], known(client.node), True)


@pytest.mark.protocol(
    "Without WebSockets: types", "Without WebSockets: family", "Without WebSockets: filters"
)
async def test_filters_and_families_and_repeated_types_are_as_on_a_websocket(client: Asking) -> None:
    cursors = (await client.get(family="templates")).polled()[1]
    client.node.stored.emit(USAGE, 7, usage_count=5)
    client.node.stored.emit(USAGE, 7, usage_count=50)
    client.node.stored.emit(APPROVAL, 7)
    client.node.stored.emit(INCIDENT, 7)
    client.node.stored.emit(USAGE, 8)
    client.node.poll()
    assert len((await client.get(family="templates", resume=cursors)).polled()[0]) == 3
    many = await client.get(USAGE, resume=" ".join(cursors), filters='{"usageCount":{"gt":10}}')
    assert many.polled()[0] == ["templates-7-1"]
    by_two = await client.get(types=[USAGE, APPROVAL], resume=",".join(cursors))
    assert by_two.polled()[0] == ["templates-7-0", "templates-7-1", "templates-7-2"]


@pytest.mark.protocol("Without WebSockets: since")
async def test_since_asks_for_a_moment(client: Asking) -> None:
    emit(client.node.stored, 3)
    client.node.poll()
    ids, cursors, _ = (await client.get(USAGE, since=EPOCH)).polled()
    assert len(ids) == 3
    assert cursors == known(client.node)


async def test_last_event_id_is_the_cursor(client: Asking) -> None:
    cursors = known(client.node)
    emit(client.node.stored, 3)
    client.node.poll()
    newer = f"{cursors[0].rpartition(':')[0]}:1"
    poll = await client.get(USAGE, resume=cursors, headers={"Last-Event-ID": newer})
    assert poll.polled()[0] == ["templates-7-2"]


@pytest.mark.parametrize(
    ("what", "reason"), [("retention", "retention"), ("epoch", "epoch"), ("x:y", "cursor")]
)
async def test_what_cannot_be_recovered_is_said_with_the_reason(
    client: Asking, what: str, reason: str
) -> None:
    """PROTOCOL.md: recovered: false with retention, epoch, cursor. The cursors told then are good again."""
    node = client.node
    cursors = [what] if reason == "cursor" else known(node)
    topic, number = place(node.stored)
    emit(node.stored, 5)
    if reason == "epoch":
        node.stored.remake(topic)
    node.poll()
    if reason == "retention":
        node.stored.retain(topic, number, 3)
        where = node.log.get(topic, number)
        assert where is not None
        node.log.skip(where, where.position)  # no window to help
    poll = await client.get(USAGE, resume=cursors, timeout=5)
    node.pass_time(6)
    await settled(node)
    answer = poll.json()
    assert (answer["recovered"], answer["reason"]) == (False, reason)
    assert answer["cursors"] == known(node)
    emit(node.stored, 1)
    node.poll()
    assert len((await client.get(USAGE, resume=answer["cursors"])).polled()[0]) == 1


async def test_more_than_fits_in_one_answer_comes_with_the_next(client: Asking) -> None:
    cursors = known(client.node, APPROVAL)
    for _ in range(60):
        client.node.stored.emit(APPROVAL, 7, name="n" * 20_000)
        client.node.poll()
    seen: list[str] = []
    answers = 0
    while len(seen) < 60:
        poll = await client.get(APPROVAL, resume=cursors)
        ids, cursors, recovered = poll.polled()
        assert recovered
        assert 0 < len(poll.body) < 400_000
        seen += ids
        answers += 1
    assert seen == [f"templates-7-{n}" for n in range(60)]
    assert answers > 3


async def test_a_client_ahead_of_this_node_waits_for_it_and_gets_nothing_twice(client: Asking) -> None:
    node = client.node
    ahead = FakeNode(node.stored)
    emit(node.stored, 3)
    ahead.poll()
    cursors = known(ahead)
    poll = await client.get(USAGE, resume=cursors, timeout=1)
    node.pass_time(2)
    await settled(node)
    assert poll.polled() == ([], cursors, True)
    poll = await client.get(USAGE, resume=cursors)
    emit(node.stored, 1)
    node.poll()
    for _ in range(3):
        node.pass_time(0.5)
        await settled(node)
    assert poll.polled()[0] == ["templates-7-3"]


async def test_while_the_log_cannot_be_read_a_poll_keeps_its_position(client: Asking) -> None:
    node = client.node
    cursors = known(node)
    emit(node.stored, 3)
    node.poll()
    where = node.log.get(*place(node.stored))
    assert where is not None
    node.log.skip(where, where.position)
    node.stored.away = True
    poll = await client.get(USAGE, resume=cursors, timeout=2)
    node.pass_time(3)
    await settled(node)
    assert poll.polled() == ([], cursors, True)
    node.stored.away = False
    node.pass_time(2)
    await settled(node)
    assert len((await client.get(USAGE, resume=cursors)).polled()[0]) == 3


async def test_without_the_log_there_is_no_position_to_be_given(client: Asking) -> None:
    client.node.stored.away = True
    poll = await client.get(USAGE, since=EPOCH, timeout=2)
    client.node.pass_time(3)
    await settled(client.node)
    assert (poll.status, poll.json()["code"]) == (503, "not_ready")


async def test_a_draining_node_answers_at_once_and_takes_no_more(client: Asking) -> None:
    """PROTOCOL.md, draining: nothing is lost, as the answer has positions."""
    node = client.node
    cursors = known(node)
    poll = await client.get(USAGE, resume=cursors)
    node.draining = True
    for session in [*node.sessions.values()]:
        session.drain()
    await settled(node)
    assert poll.polled() == ([], cursors, True)
    late = await client.get(USAGE, resume=cursors)
    assert late.status == 503
    assert 1 <= int(late.headers["retry-after"]) <= 5
    assert late.json()["retryable"]


async def test_who_hangs_up_leaves_nothing(client: Asking) -> None:
    poll = await client.get(USAGE, resume=known(client.node))
    assert len(client.node.sessions) == 1
    poll.hang_up()
    await settled(client.node)
    assert not client.node.sessions
    assert poll.task.done()
    assert client.fallback.counts.ends["poll", "gone"] == 1


async def test_a_token_that_expires_ends_a_poll(client: Asking) -> None:
    client.node.verifier.lifetime_s = 5
    poll = await client.get(USAGE, resume=known(client.node))
    client.node.pass_time(6)
    await settled(client.node)
    assert (poll.status, poll.json()["code"]) == (401, "token_expired")


async def test_a_token_whose_key_must_be_fetched_is_waited_for(client: Asking) -> None:
    client.node.verifier.known = False
    poll = await client.get(USAGE)
    assert not poll.complete
    client.node.verifier.known = True
    client.node.verifier.fetched.set()
    await settled(client.node)
    assert poll.polled()[2]


async def test_keys_that_cannot_be_had_are_not_the_clients_fault(client: Asking) -> None:
    client.node.verifier.known = False
    client.node.verifier.fetched.set()
    poll = await client.get(USAGE)
    assert (poll.status, poll.json()["code"]) == (503, "not_ready")
