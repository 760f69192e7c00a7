"""Which of a connection's subscriptions an event is for.

An event reaches a connection once, however many of its subscriptions match, and does not say which. With
one subscription for its type the edge has already decided. With several, each one's filters are
evaluated here as the wire protocol defines them ("Subscriptions and filters"), so that a subscription never
receives what only another one asked for. Pure; a value of an unexpected type does not match and never raises.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

_FIELDS = {
    "profileIds": "profileId",
    "platforms": "platform",
    "submissionIds": "id",
    "templateIds": "templateId",
    "requestIds": "requestId",
}
_MISSING = object()
_SUBMISSIONS = frozenset({"submission_progress", "submission_status_change"})


def matches(
    filters: Mapping[str, Any],
    *,
    event_type: str,
    user_id: int | None,
    payload: Callable[[], Mapping[str, Any]],
    own_user_id: int | None,
) -> bool:
    """Whether every key of `filters` matches.

    `payload` gives the payload's fields and is called only when a key needs one. `own_user_id` is the
    token's user, None when unknown: without a `userId` filter a subscription is for that user's events and
    those for everybody, which no `userId` filter excludes.
    """
    wanted = filters.get("userId", _MISSING)
    if wanted is _MISSING:
        if user_id is not None and own_user_id is not None and user_id != own_user_id:
            return False
    elif wanted != "*" and user_id is not None and not _test(wanted, user_id):
        return False
    for key, value in filters.items():
        if key == "userId":
            continue
        if key == "submissionIds" and event_type not in _SUBMISSIONS:
            return False
        if not _test(value, _reach(payload(), _FIELDS.get(key, key))):
            return False
    return True


def _reach(payload: Mapping[str, Any], path: str) -> object:
    value: object = payload
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _MISSING
        value = value[name]
    return value


def _equal(wanted: object, value: object) -> bool:
    return value == wanted


def _any_of(choices: object, value: object) -> bool:
    return isinstance(choices, list | tuple) and value in choices


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    def test(bound: object, value: object) -> bool:
        numbers = isinstance(bound, int | float) and isinstance(value, int | float)
        if numbers or (isinstance(bound, str) and isinstance(value, str)):
            return compare(value, bound)
        return False

    return test


def _prefix(start: object, value: object) -> bool:
    return isinstance(start, str) and isinstance(value, str) and value.startswith(start)


def _contains(part: object, value: object) -> bool:
    if isinstance(value, str):
        return isinstance(part, str) and part in value
    return isinstance(value, list) and part in value


_OPERATORS: dict[str, Callable[[object, object], bool]] = {
    "eq": _equal,
    "ne": lambda wanted, value: not _equal(wanted, value),
    "in": _any_of,
    "nin": lambda choices, value: not _any_of(choices, value),
    "gt": _ordered(operator.gt),
    "gte": _ordered(operator.ge),
    "lt": _ordered(operator.lt),
    "lte": _ordered(operator.le),
    "prefix": _prefix,
    "contains": _contains,
}


def _test(wanted: object, value: object) -> bool:
    if isinstance(wanted, Mapping):
        return all(_test_operator(name, operand, value) for name, operand in wanted.items())
    if value is _MISSING:
        return False
    if isinstance(wanted, list | tuple):
        return _any_of(wanted, value)
    return _equal(wanted, value)


def _test_operator(name: str, operand: object, value: object) -> bool:
    if name == "exists":
        return (value is not _MISSING and value is not None) is operand
    if value is _MISSING:
        return name in ("ne", "nin")
    test = _OPERATORS.get(name)
    return test is None or test(operand, value)  # an operator this version does not know: the edge decided
