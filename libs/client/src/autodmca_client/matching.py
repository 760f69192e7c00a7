"""Which of a connection's subscriptions an event is for.

An event reaches a connection once, however many of its subscriptions match, and does not say which. With
one subscription for its type the edge has already decided. With several, each one's filters are evaluated
here, by the rules of `autodmca_events.filters` that the edge follows too, so that a subscription never
receives what only another one asked for. What these rules do not know is refused when a matcher is made.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autodmca_events import CATALOGUE, field_kind
from autodmca_events import filters as language

from autodmca_client.errors import BadFilter


class Matcher:
    """The filters of one subscription. Immutable; raises BadFilter when it is made, never later."""

    def __init__(self, filters: Mapping[str, Any], types: Sequence[str]) -> None:
        try:
            wanted = {key: _as_json(condition) for key, condition in filters.items()}
            self._all_users, self._users = _users(wanted.pop(language.USER_KEY, None))
            _check_fields(wanted, types)
            self._filter = language.compiled(wanted) if wanted else None
        except language.BadFilter as fault:
            field = f"payload.config.filters.{fault.field}".rstrip(".")
            raise BadFilter("bad_filter", fault.message, field=field) from None

    def matches(
        self, *, user_id: int | None, payload: Callable[[], Mapping[str, Any]], own_user_id: int | None
    ) -> bool:
        """Whether the user and every field are as wanted.

        `payload` gives the payload's fields and is called only when a filter needs one. `own_user_id` is the
        token's user, None when unknown: without a `userId` filter a subscription is for that user's events
        and those for everybody, which no `userId` filter excludes.
        """
        if user_id is not None and not self._all_users:
            users = self._users
            if users is None:
                if own_user_id is not None and user_id != own_user_id:
                    return False
            elif user_id not in users:
                return False
        return self._filter is None or self._filter.matches(payload())


def _users(condition: Any) -> tuple[bool, frozenset[int] | None]:
    """Whether all are wanted; whose events if not, None for the token's own."""
    if condition is None:
        return False, None
    named = language.users_of(condition)
    return (True, None) if named is None else (False, frozenset(named))


def _check_fields(filters: Mapping[str, Any], types: Sequence[str]) -> None:
    """Refuse a key that is no field of any of the types, here: it would match nothing for ever.

    It may be one of a newer edge. What a newer edge knows of the type of a field is left to the edge.
    """
    known = [name for name in types if name in CATALOGUE]
    for key in filters:
        field = language.payload_field(key)
        if not any(field_kind(name, field) for name in known):
            raise language.BadFilter(
                key, f"no type of the subscription that this version knows has the field payload.{field}"
            )


def _as_json(condition: Any) -> Any:
    """A condition as the edge will read it: a tuple is a list there, any mapping an object."""
    if isinstance(condition, Mapping):
        return {name: _as_json(operand) for name, operand in condition.items()}
    return list(condition) if isinstance(condition, tuple | set | frozenset) else condition
