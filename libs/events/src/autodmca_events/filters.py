"""The language of filters: its short keys, its operators, and what each of them means.

Owns what an edge and every client must agree on, of `{field: scalar | list | {operator: operand}}`, all of
which must hold. An operator or a short key is added here and nowhere else. Pure, and built once per
subscription: asking a filter costs a look-up and a test per field. A condition that means nothing raises
`BadFilter` with the field's name. Which fields there are, and what suits them, is said by `fields`.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from autodmca_events.errors import BadFilter

__all__ = [
    "EVERY_USER",
    "MISSING",
    "OPERATORS",
    "SHORT_KEYS",
    "USER_KEY",
    "BadFilter",
    "Clause",
    "Filter",
    "Operand",
    "Operator",
    "compiled",
    "is_operand",
    "operations",
    "payload_field",
    "users_of",
]

USER_KEY: Final = "userId"
"""The one key that is tested on the envelope: whose events are wanted."""
EVERY_USER: Final = "*"

SHORT_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "profileIds": "profileId",
        "platforms": "platform",
        "submissionIds": "id",
        "templateIds": "templateId",
        "requestIds": "requestId",
    }
)
"""The web application's keys and the payload field that each one is tested on."""

MISSING: Final = object()
"""In place of the value of a field that an event lacks."""

Test = Callable[[Any], bool]
Operand = Literal["scalar", "list", "bound", "text", "item", "flag"]
"""What an operator is given: a value, values, an end of a range, text, an item or part, whether."""


class Operator(NamedTuple):
    """What an operator is given, and the test that it makes of it."""

    operand: Operand
    test: Callable[[Any], Test]


class Clause(NamedTuple):
    """A field of the payload, as the names to go through, and what must hold of its value."""

    path: tuple[str, ...]
    test: Test


class Filter:
    """What must hold of a payload. Immutable."""

    __slots__ = ("_clauses", "_steps", "paths")

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self._clauses = tuple(clauses)
        self._steps = tuple((path[0], path[1:], test) for path, test in self._clauses)
        self.paths = frozenset(path for path, _ in self._clauses)
        """The fields that it looks at; the others need not be in the payload that it is given."""

    def matches(self, payload: Mapping[str, Any]) -> bool:
        """Whether every clause holds for a decoded payload."""
        for first, others, test in self._steps:
            value = payload.get(first, MISSING)
            for name in others:
                value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
            if not test(value):
                return False
        return True

    def __and__(self, other: "Filter") -> "Filter":
        return Filter(self._clauses + other._clauses)


def payload_field(key: str) -> str:
    """The payload field, in dots, that a key is tested on."""
    return SHORT_KEYS.get(key, key)


def operations(key: str, condition: Any) -> Iterable[tuple[str, Any]]:
    """The operators of a condition and what each is given. Raises BadFilter."""
    if isinstance(condition, dict):
        if not condition:
            raise BadFilter(key, "an object of operators may not be empty")
        for name in condition:
            if name not in OPERATORS:
                raise BadFilter(key, f"unknown operator {name!r:.40}; there are {' '.join(OPERATORS)}")
        return condition.items()
    return (("in" if isinstance(condition, list) else "eq", condition),)


def users_of(condition: Any) -> tuple[int, ...] | None:
    """The users that a condition on `userId` names, None for all of them. Raises BadFilter."""
    if condition == EVERY_USER:
        return None
    if isinstance(condition, dict) and len(condition) == 1 and set(condition) <= {"eq", "in"}:
        (condition,) = condition.values()
    named = condition if isinstance(condition, list) else [condition]
    if not named or any(type(each) is not int for each in named):
        raise BadFilter(USER_KEY, f'a user id, a list of them, or "{EVERY_USER}"')
    return tuple(named)


def compiled(filters: Mapping[str, Any]) -> Filter:
    """The filter on payloads, whatever fields there are. Raises BadFilter."""
    return Filter(clause for key, condition in filters.items() for clause in _clauses(key, condition))


def _clauses(key: str, condition: Any) -> Iterable[Clause]:
    path = tuple(payload_field(key).split("."))
    for name, operand in operations(key, condition):
        known = OPERATORS[name]
        if not is_operand(known.operand, operand):
            raise BadFilter(key, f"{name} {operand!r:.80} makes no sense: it takes a {known.operand}")
        yield Clause(path, known.test(operand))


def is_operand(operand: Operand, value: Any) -> bool:
    """Whether a value may be given to an operator of some field."""
    match operand:
        case "list":
            return isinstance(value, list) and bool(value) and all(_is_scalar(each) for each in value)
        case "bound":
            return _is_scalar(value) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "flag":
            return isinstance(value, bool)
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _equal(operand: Any) -> Test:
    return lambda value: value is not MISSING and bool(value == operand)


def _unequal(operand: Any) -> Test:
    return lambda value: value is MISSING or bool(value != operand)


def _any_of(operand: list[Any]) -> Test:
    values = frozenset(operand)
    return lambda value: value is not MISSING and not isinstance(value, dict | list) and value in values


def _none_of(operand: list[Any]) -> Test:
    values = frozenset(operand)
    return lambda value: value is MISSING or isinstance(value, dict | list) or value not in values


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def make(operand: Any) -> Test:
        if isinstance(operand, str):
            return lambda value: isinstance(value, str) and compare(value, operand)
        return lambda value: isinstance(value, int | float) and compare(value, operand)

    return make


def _prefix(operand: str) -> Test:
    return lambda value: isinstance(value, str) and value.startswith(operand)


def _contains(operand: Any) -> Test:
    def test(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, list) and operand in value

    return test


def _exists(operand: bool) -> Test:
    return lambda value: (value is not MISSING and value is not None) is operand


OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType(
    {
        "eq": Operator("scalar", _equal),
        "ne": Operator("scalar", _unequal),
        "in": Operator("list", _any_of),
        "nin": Operator("list", _none_of),
        "gt": Operator("bound", _ordered(operator.gt)),
        "gte": Operator("bound", _ordered(operator.ge)),
        "lt": Operator("bound", _ordered(operator.lt)),
        "lte": Operator("bound", _ordered(operator.le)),
        "prefix": Operator("text", _prefix),
        "contains": Operator("item", _contains),
        "exists": Operator("flag", _exists),
    }
)
"""A field that an event lacks fails every test but `ne`, `nin` and `exists: false`."""
