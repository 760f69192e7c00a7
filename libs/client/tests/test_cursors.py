"""The newest cursor per prefix, the newest ids."""

import pytest
from autodmca_client.cursors import Cursors, SeenIds


def test_the_newest_of_each_prefix_is_kept() -> None:
    cursors = Cursors(["a.0.x:1", "b.0.x:7"])
    cursors.add("a.0.x:2")
    assert sorted(cursors.as_list()) == ["a.0.x:2", "b.0.x:7"]


def test_the_prefix_is_all_before_the_last_colon() -> None:
    cursors = Cursors(["a:b:1", "a:b:2", "a:c:1"])
    assert sorted(cursors.as_list()) == ["a:b:2", "a:c:1"]


def test_refresh_takes_only_prefixes_known_already() -> None:
    cursors = Cursors(["a:1"])
    cursors.refresh(["a:2", "b:2"])
    assert cursors.as_list() == ["a:2"]


def test_replace_forgets_the_old_stretches() -> None:
    cursors = Cursors(["old:5"])
    cursors.replace(["new:1"])
    assert cursors.as_list() == ["new:1"]


@pytest.mark.parametrize(
    ("cursor", "behind"),
    [("a:9", True), ("a:10", True), ("a:11", False), ("b:1", False), ("a:zz", False), ("a:-1", False)],
)
def test_is_behind_only_where_the_order_is_known(cursor: str, behind: bool) -> None:
    assert Cursors(["a:10"]).is_behind(cursor) is behind


@pytest.mark.parametrize(
    ("known", "cursor", "behind"),
    [
        (
            "a:100000000007",
            "a:200000000005",
            False,
        ),  # the log lost its end, and a new leader went on from there
        ("a:200000000005", "a:100000000007", True),
        ("a:7", "a:100000000008", False),  # by a node that knows no leader epochs, then by one that does
        (
            "a:900700000000000000000000000001",
            "a:900700000000000000000000000002",
            False,
        ),  # inexact in a double
    ],
)
def test_the_order_holds_across_leaders(known: str, cursor: str, behind: bool) -> None:
    assert Cursors([known]).is_behind(cursor) is behind


def test_an_id_is_new_once() -> None:
    seen = SeenIds(10)
    assert [seen.is_new(each) for each in ("x", "y", "x")] == [True, True, False]


def test_the_ids_are_bounded_and_the_oldest_is_forgotten() -> None:
    seen = SeenIds(2)
    for each in ("x", "y", "x", "z"):
        seen.is_new(each)
    assert len(seen) == 2
    assert not seen.is_new("x")
    assert seen.is_new("y")


def test_a_capacity_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity"):
        SeenIds(0)
