"""Which partition a key is on: Kafka's default partitioner, so that one user is on one partition number
everywhere, whichever client wrote the record.

Owns the keys' form as well. Java: `Utils.murmur2`, `BuiltInPartitioner.partitionForKey`.
"""

from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32-bit MurmurHash2 with Kafka's seed, as Java's signed int."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        h = (h * _M & _MASK) ^ ((k ^ k >> 24) * _M & _MASK)
    if whole < length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    h ^= h >> 15
    return h - (1 << 32) if h >> 31 else h


@lru_cache(maxsize=16_384)
def partition_for(key: bytes, partitions: int) -> int:
    """The partition of `key` in a topic of `partitions`; raises ValueError where there is none.

    Remembers the 16,384 keys used last (3 MB when full): the hash itself takes microseconds.
    """
    if partitions < 1:
        raise ValueError(f"a topic has at least one partition, not {partitions}")
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def user_key(user_id: int) -> bytes:
    """The record key of everything that belongs to a user: the id in decimal ASCII."""
    return b"%d" % user_id


def entity_key(user_id: int, entity_id: str) -> bytes:
    """The record key of one entity's state: `userId/entityId`.

    Written to the user's partition explicitly: this key alone would hash elsewhere.
    """
    return b"%d/%s" % (user_id, entity_id.encode())
