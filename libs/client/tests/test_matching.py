"""Filters on the client's side agree with the wire protocol."""

from typing import Any

import pytest
from autodmca_client.matching import matches

PAYLOAD = {
    "templateId": "t1",
    "score": 0.5,
    "valid": False,
    "missingElements": ["signature"],
    "infringement": {"platform": "x", "confidence": 0.9},
    "name": "Takedown",
}


def run(filters: dict[str, Any], *, user: int | None = 7, own: int | None = 7) -> bool:
    return matches(
        filters, event_type="template_validation", user_id=user, payload=lambda: PAYLOAD, own_user_id=own
    )


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"templateIds": "t1"},
        {"templateIds": ["t0", "t1"]},
        {"valid": False},
        {"score": {"gte": 0.5, "lt": 0.6}},
        {"score": {"ne": 1}},
        {"score": {"in": [0.5]}},
        {"score": {"nin": [1]}},
        {"name": {"prefix": "Take"}},
        {"name": {"contains": "down"}},
        {"missingElements": {"contains": "signature"}},
        {"infringement.platform": "x"},
        {"infringement.platform": {"exists": True}},
        {"infringement.title": {"exists": False}},
        {"infringement.title": {"ne": "y"}},
        {"userId": 7},
        {"userId": "*"},
        {"userId": [6, 7]},
        {"name": {"some_newer_operator": 1}},
    ],
)
def test_matches(filters: dict[str, Any]) -> None:
    assert run(filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"templateIds": "t2"},
        {"templateIds": []},
        {"valid": True},
        {"score": {"gt": 0.5}},
        {"score": {"gt": "a"}},
        {"name": {"prefix": 3}},
        {"name": {"contains": 3}},
        {"infringement.title": "y"},
        {"name.deeper": "y"},
        {"templateIds": "t1", "valid": True},
        {"submissionIds": "t1"},
        {"userId": 8},
    ],
)
def test_does_not_match(filters: dict[str, Any]) -> None:
    assert not run(filters)


def test_without_a_user_filter_another_users_event_is_somebody_elses() -> None:
    assert not run({}, user=8)
    assert run({}, user=8, own=None)


def test_an_event_for_everybody_passes_every_user_filter() -> None:
    assert run({}, user=None)
    assert run({"userId": 8}, user=None)
