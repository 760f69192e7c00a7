"""Keys land where Kafka's Java client puts them."""

import pytest
from autodmca_events import entity_key, murmur2, partition_for, user_key
from hypothesis import given, settings
from hypothesis import strategies as st

# org.apache.kafka.common.utils.UtilsTest.testMurmur2
JAVA_HASHES = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "expected"), JAVA_HASHES.items())
def test_hash_is_that_of_the_java_client(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected


def test_a_negative_hash_loses_its_sign_bit_as_in_java() -> None:
    # toPositive(-973932308) = 1173551340, which is 0 modulo 6 and 4 modulo 7.
    assert partition_for(b"21", 6) == 0
    assert partition_for(b"21", 7) == 1173551340 % 7


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(1, 1000))
def test_every_key_has_a_partition_and_keeps_it(key: bytes, partitions: int) -> None:
    assert 0 <= partition_for(key, partitions) < partitions
    assert partition_for(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_users_spread_evenly() -> None:
    counts = [0] * 6
    for user_id in range(6000):
        counts[partition_for(user_key(user_id), 6)] += 1
    assert min(counts) > 900
    assert max(counts) < 1100


def test_a_topic_without_partitions_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one partition"):
        partition_for(b"1", 0)


def test_keys_are_decimal_and_entity_keys_begin_with_the_users() -> None:
    assert user_key(12345) == b"12345"
    assert entity_key(12345, "tpl_ä") == "12345/tpl_ä".encode()
