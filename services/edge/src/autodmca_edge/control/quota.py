"""The places of asks that wait for their answer.

Owns the bounds: users and operators have places of their own, so that what users ask never keeps an operator
from acting, and a user has a share of the users', so that a few users cannot keep out the others. An ask that
finds no place is refused at once and counted by the bound that it met. Waits for nothing itself.
"""

from collections import Counter
from typing import Final

from autodmca_edge.protocol import Refusal

__all__ = ["AskQuota"]

OF_USERS: Final = 1000
OF_ONE_USER: Final = 16
OF_OPERATORS: Final = 100


class AskQuota:
    """How many are taken; `refused` counts asks that got none. An operator is None, a user its id."""

    def __init__(self, refused: Counter[str]) -> None:
        self._refused = refused
        self._of_user: Counter[int] = Counter()
        self.users = 0
        """Asks of users that wait."""
        self.operators = 0
        """Asks of operators that wait."""

    def take(self, user: int | None) -> None:
        """A place, until `leave`. Raises Refusal."""
        if user is None:
            if self.operators >= OF_OPERATORS:
                raise self._full("too_many_of_operators")
            self.operators += 1
            return
        if self._of_user[user] >= OF_ONE_USER:
            self._refused["too_many_of_user"] += 1
            message = f"{OF_ONE_USER} requests of this user wait for their answer"
            raise Refusal("rate_limited", message, retryable=True)
        if self.users >= OF_USERS:
            raise self._full("too_many")
        self.users += 1
        self._of_user[user] += 1

    def leave(self, user: int | None) -> None:
        """Give the place back."""
        if user is None:
            self.operators -= 1
            return
        self.users -= 1
        self._of_user[user] -= 1
        if not self._of_user[user]:
            del self._of_user[user]

    def _full(self, outcome: str) -> Refusal:
        self._refused[outcome] += 1
        return Refusal("not_ready", "too many requests wait for other nodes", retryable=True)
