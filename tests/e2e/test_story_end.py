"""What of two tellings' ends counts as different, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from autodmca_sandbox.people import Person

from tests.e2e.story_end import canonical, unlike

ADA, EVE = Person("Ada", 4_200_000_000), Person("Eve", 4_300_000_000)
WAS: dict[str, Any] = {
    "parts": [
        {"id": 7, "engine": "bing", "status": "approved", "at": "2026-01-01T10:00:00.5Z"},
        {"id": 8, "engine": "google", "status": "denied", "at": "2026-01-01T10:00:01Z"},
    ],
    "about": f"sub_{ADA.user_id}_0123456789abcdef0123",
}


def test_ids_times_and_the_order_of_lists_do_not_count() -> None:
    now = {
        "parts": [
            {"id": 18, "engine": "google", "status": "denied", "at": "2027-01-01T10:00:01Z"},
            {"id": 17, "engine": "bing", "status": "approved", "at": "2027-01-01T10:00:00Z"},
        ],
        "about": f"sub_{EVE.user_id}_abcdef0123456789abcd",
    }
    assert not list(unlike(canonical(WAS, ADA), canonical(now, EVE)))


@pytest.mark.parametrize(
    "now",
    [
        {**WAS, "parts": WAS["parts"][:1]},
        {**WAS, "parts": [*WAS["parts"], WAS["parts"][0]]},
        {**WAS, "parts": [WAS["parts"][0], {**WAS["parts"][1], "status": "approved"}]},
        {"parts": WAS["parts"]},
    ],
    ids=["missing", "twice", "otherwise", "field"],
)
def test_what_is_missing_there_twice_or_otherwise_counts(now: Any) -> None:
    assert list(unlike(canonical(WAS, ADA), canonical(now, ADA)))
