"""How large a batch gets is known before it is made."""

from __future__ import annotations

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from autodmca_kafka.batches import Outgoing, size_of
from hypothesis import given
from hypothesis import strategies as st

HEADERS = st.lists(st.tuples(st.text(max_size=40), st.none() | st.binary(max_size=300)), max_size=4)
RECORDS = st.lists(
    st.tuples(st.none() | st.binary(max_size=300), st.none() | st.binary(max_size=20_000), HEADERS),
    max_size=20,
)


@given(RECORDS)
def test_a_batch_takes_no_more_than_it_was_said_to(records: list[Outgoing]) -> None:
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=2**31 - 1
    )
    for offset, (key, value, headers) in enumerate(records):
        builder.append(offset, None, key=key, value=value, headers=list(headers))
    assert len(builder.build()) <= size_of(records)
