"""On which partition of a topic a user's events are.

Owns the rule, which is the producers' (Kafka's default partitioner over the user's key), and what it says of
the keys asked about lately, so that asking costs one look-up per event. A key that is no user's has no
partition. Synchronous, no I/O.
"""

import re
from typing import Final

from autodmca_events import partition_for

__all__ = ["Homes"]

MOST_KNOWN: Final = 16_384  # 3 MB
_USER: Final = re.compile(rb"0|-?[1-9][0-9]{0,18}")


class Homes:
    """Of the topics that have `partitions` partitions each."""

    __slots__ = ("_known", "partitions")

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._known: tuple[dict[bytes | None, int], ...] = tuple({} for _ in range(partitions))

    def known(self, number: int) -> dict[bytes | None, int]:
        """Of the keys whose events are on this partition, those asked about lately, and their users. It is
        the same dict for ever."""
        return self._known[number]

    def of(self, key: bytes | None) -> tuple[int, int] | None:
        """The partition and the user of a record's key; None for a key that is no user's."""
        if key is None or not _USER.fullmatch(key):
            return None
        number, user_id = partition_for(key, self.partitions), int(key)
        known = self._known[number]
        if len(known) * self.partitions >= MOST_KNOWN:
            known.clear()
        known[key] = user_id
        return number, user_id
