"""Filters on the client's side: whose events, what is refused, and that nothing is dropped without a word.

What each operator means is in the table that tests/contract/test_filters.py runs.
"""

from typing import Any

import pytest
from autodmca_client import BadFilter, Client
from autodmca_client.matching import Matcher

TYPE = "template_validation"


def run(filters: dict[str, Any], *, user: int | None = 7, own: int | None = 7) -> bool:
    payload = {"templateId": "t1"}
    return Matcher(filters, [TYPE]).matches(user_id=user, payload=lambda: payload, own_user_id=own)


def test_without_a_user_filter_another_users_event_is_somebody_elses() -> None:
    assert not run({}, user=8)
    assert run({}, user=8, own=None)


def test_an_event_for_everybody_passes_every_user_filter() -> None:
    assert run({}, user=None)
    assert run({"userId": 8}, user=None)


def test_tuples_are_the_lists_that_the_edge_reads() -> None:
    assert run({"templateIds": ("t0", "t1"), "userId": (6, 7)})
    assert not run({"templateIds": {"nin": ("t0", "t1")}})


def test_a_payload_is_not_read_for_a_filter_on_users() -> None:
    def unread() -> dict[str, Any]:
        raise AssertionError("it was read")

    assert Matcher({"userId": 7}, [TYPE]).matches(user_id=7, payload=unread, own_user_id=7)


@pytest.mark.parametrize(
    ("filters", "field", "says"),
    [
        ({"name": {"some_newer_operator": 1}}, "name", "unknown operator"),
        ({"newerIds": ["n1"]}, "newerIds", "no type of the subscription"),
        ({"name": {"prefix": 3}}, "name", "prefix 3"),
        ({"userId": {"gt": 3}}, "userId", "user id"),
    ],
)
async def test_what_is_not_known_here_is_an_error_when_the_subscription_is_made(
    filters: dict[str, Any], field: str, says: str
) -> None:
    async with Client("ws://127.0.0.1:9/ws", token="t") as client:
        with pytest.raises(BadFilter, match=says) as refused:
            client.subscribe([TYPE], filters)
    assert refused.value.field == f"payload.config.filters.{field}"


async def test_a_type_that_is_not_known_here_is_the_edges_to_judge() -> None:
    async with Client("ws://127.0.0.1:9/ws", token="t") as client:
        client.subscribe(["newer_type"])
        client.subscribe(["newer_type", TYPE], {"templateIds": ["t1"]})
