"""The number of a cursor: which record it names, and that it grows as the log does."""

import pytest
from autodmca_edge.log.cursors import number_of, record_of
from autodmca_edge.log.errors import BadCursor
from hypothesis import given
from hypothesis import strategies as st

EPOCHS = st.one_of(st.integers(0, 5), st.integers(90_060, 90_080), st.integers(0, 2**31 - 1))
OFFSETS = st.one_of(
    st.integers(0, 2000), st.integers(10**11 - 2000, 10**11 + 2000), st.integers(0, 2**63 - 2)
)


@given(EPOCHS, OFFSETS)
def test_a_number_names_the_leader_epoch_and_the_offset(epoch: int, offset: int) -> None:
    assert record_of(number_of(epoch, offset)) == (epoch, offset)


@given(st.integers(-1, 10**11 - 1))
def test_without_an_epoch_it_is_the_offset_as_it_was_before_there_were_epochs(offset: int) -> None:
    assert number_of(None, offset) == str(offset)
    assert record_of(str(offset)) == (None, offset)


@given(EPOCHS, OFFSETS, EPOCHS, OFFSETS)
def test_numbers_are_in_the_order_of_the_log(epoch: int, offset: int, later: int, further: int) -> None:
    """Of two leaders in the order of their epochs, whatever their offsets; of one, by the offset."""
    if later > epoch and (offset < 10**11 or further >= 10**11):
        assert int(number_of(later, further)) > int(number_of(epoch, offset))
    if further > offset:
        assert int(number_of(epoch, further)) > int(number_of(epoch, offset))


@given(st.integers(0, 10**11 - 1), EPOCHS, OFFSETS)
def test_a_number_with_an_epoch_is_after_all_without(before: int, epoch: int, offset: int) -> None:
    """A client's cursor of a node that knew no epochs is replaced by those of one that does."""
    assert int(number_of(epoch, offset)) > before


@given(st.integers(0, 90_069), st.integers(0, 10**11 - 1))
def test_a_client_that_reads_it_as_a_double_reads_it_exactly(epoch: int, offset: int) -> None:
    number = int(number_of(epoch, offset))
    assert int(float(number)) == number < 2**53


@pytest.mark.parametrize(
    "text",
    [
        "000000000000",
        "012345678901",
        "99999912345678901",
        "9007100000000000",
        "0" * 20,
        "99999999999" + "0" * 19,
        "1" + "9" * 19,
        "1" * 31,
        "1" + "0" * 11 + "x",
    ],
)
def test_a_number_that_no_node_writes_makes_no_sense(text: str) -> None:
    with pytest.raises(BadCursor, match="cursor"):
        record_of(text)
