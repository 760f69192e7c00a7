"""Cursors: whatever is made between two pages, nothing repeats and nothing that was there is missed."""

from __future__ import annotations

import pytest
from autodmca_templates.pages import BadCursor, Owned, page
from autodmca_templates.state import Content, Template, Version
from hypothesis import given
from hypothesis import strategies as st

CONTENT = Content(name="n", kind="takedown", body="b")


def owned(number: int, created_at: int) -> Owned:
    version = Version(number=1, content=CONTENT)
    return Owned(
        1,
        Template(
            id=f"t{number}", revision=1, status="draft", current=version,
            created_at=created_at, updated_at=created_at,
        ),
    )  # fmt: skip


@given(
    times=st.lists(st.integers(0, 3), max_size=20),
    later=st.lists(st.integers(0, 3), max_size=5),
    limit=st.integers(1, 7),
)
def test_every_template_that_was_there_is_listed_once(times: list[int], later: list[int], limit: int) -> None:
    there = [owned(number, at) for number, at in enumerate(times)]
    more = [owned(100 + number, at) for number, at in enumerate(later)]
    seen: list[str] = []
    cursor: str | None = None
    first = True
    while first or cursor is not None:
        found, cursor = page(there if first else [*there, *more], limit, cursor)
        assert len(found) <= limit
        seen += [each.template.id for each in found]
        first = False
    assert len(set(seen)) == len(seen)
    assert {each.template.id for each in there} <= set(seen)


@pytest.mark.parametrize("cursor", ["", "!", "AAAA", "bnVsbA", "WzEsMl0", "ÿ", "W10"])
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        page([], 1, cursor)
