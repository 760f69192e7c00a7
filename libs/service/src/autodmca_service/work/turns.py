"""Whose job is next: fair between users, bounded in all and for each.

Owns the keys whose time has come and the number of slots that each user holds. The next slot goes to a user
who holds the fewest, among those to the one who has waited longest; a user's own keys go in their order.
Pure.
"""

from __future__ import annotations

from autodmca_service.work.agenda import Key


class Turns:
    """`at_once`: slots in all; `per_user`: at most so many of them for one user. `len`: how many keys
    wait."""

    def __init__(self, at_once: int, per_user: int) -> None:
        if not 1 <= per_user <= at_once:
            raise ValueError(f"per_user={per_user} and at_once={at_once}: 1 <= per_user <= at_once")
        self._at_once = at_once
        self._per_user = per_user
        self._keys: dict[int, dict[Key, None]] = {}
        self._held: dict[int, int] = {}
        # Slots held -> the users who hold so many and have keys, in the order of their waiting.
        self._queues: dict[int, dict[int, None]] = {}
        self._length = 0
        self.taken = 0

    def __len__(self) -> int:
        return self._length

    def __contains__(self, key: Key) -> bool:
        return key in self._keys.get(key[0], ())

    def put(self, key: Key) -> None:
        """The time of `key` has come."""
        user = key[0]
        keys = self._keys.get(user)
        if keys is None:
            keys = self._keys[user] = {}
            self._queues.setdefault(self._held.get(user, 0), {})[user] = None
        self._length += key not in keys
        keys[key] = None

    def take(self) -> Key | None:
        """The next key, whose user holds a slot from now on; None: no slot is free, or nobody may have
        one."""
        if self.taken >= self._at_once or not self._queues:
            return None
        held = min(self._queues)
        if held >= self._per_user:
            return None
        user = next(iter(self._queues[held]))
        keys = self._keys[user]
        key = next(iter(keys))
        del keys[key]
        self._leave(user, held)
        self.taken += 1
        self._length -= 1
        self._hold(user, held + 1)
        return key

    def give_back(self, user: int) -> None:
        """One of the user's slots is free again."""
        held = self._held[user]
        self.taken -= 1
        if user in self._keys:
            self._leave(user, held)
        self._hold(user, held - 1)

    def _leave(self, user: int, held: int) -> None:
        queue = self._queues[held]
        del queue[user]
        if not queue:
            del self._queues[held]

    def _hold(self, user: int, held: int) -> None:
        if held:
            self._held[user] = held
        else:
            self._held.pop(user, None)
        if self._keys.get(user):
            self._queues.setdefault(held, {})[user] = None
        else:
            self._keys.pop(user, None)
