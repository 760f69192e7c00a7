"""Cursors: whatever is made between two pages, nothing repeats and nothing that was there is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from autodmca_service.http.pages import Place, page
from autodmca_service.http.problems import ProblemError
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from .conftest import Site


def place(item: Place) -> Place:
    return item


@given(
    times=st.lists(st.integers(0, 3), max_size=20),
    later=st.lists(st.integers(0, 3), max_size=5),
    limit=st.integers(1, 7),
)
def test_everything_that_was_there_is_listed_once(times: list[int], later: list[int], limit: int) -> None:
    there = [(at, f"t{number}") for number, at in enumerate(times)]
    more = [(at, f"u{number}") for number, at in enumerate(later)]
    seen, cursor = page(there, place, limit, None)
    while cursor is not None:
        found, cursor = page(there + more, place, limit, cursor)
        seen += found
    old = [item for item in seen if item in there]
    assert sorted(old) == sorted(there)
    assert len(set(seen)) == len(seen)
    assert [-at for at, _ in seen] == sorted(-at for at, _ in seen)


@pytest.mark.parametrize("cursor", ["AAAA", "!", "", "bnVsbA", "WzEsMl0"])
def test_what_is_no_cursor_is_named(cursor: str) -> None:
    with pytest.raises(ProblemError) as told:
        page([(1, "a")], place, 5, cursor)
    assert [error.field for error in told.value.errors] == ["cursor"]


async def test_a_list_goes_through_its_pages(site: Site) -> None:
    path, seen = "/v1/pictures?limit=3", []
    while path:
        answer = (await site("GET", path)).json()
        seen += [item["id"] for item in answer["items"]]
        path = f"/v1/pictures?limit=3&cursor={answer['nextCursor']}" if "nextCursor" in answer else ""
    assert seen == [f"p{number}" for number in reversed(range(7))]


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("kind=bird", "kind")],
)
async def test_a_bad_query_is_named(site: Site, query: str, field: str) -> None:
    answer = await site("GET", f"/v1/pictures?{query}")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])
