"""An overlay reads as the dict that the changes would have made."""

from __future__ import annotations

from autodmca_kafka.overlay import Overlay
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.sampled_from("abcdef")


@given(below=st.dictionaries(KEYS, st.integers()), changes=st.dictionaries(KEYS, st.none() | st.integers()))
def test_an_overlay_reads_as_the_changed_mapping(
    below: dict[str, int], changes: dict[str, int | None]
) -> None:
    expected = {key: value for key, value in {**below, **changes}.items() if value is not None}
    overlay = Overlay(below, changes)
    assert dict(overlay) == expected
    assert len(overlay) == len(expected) == len(list(overlay))
    assert list(overlay) == [
        *(key for key in below if key in expected),
        *(k for k in expected if k not in below),
    ]
    for key in "abcdef":
        assert (key in overlay) == (key in expected)
        assert overlay.get(key) == expected.get(key)
    assert overlay == expected
    assert bool(overlay) == bool(expected)
