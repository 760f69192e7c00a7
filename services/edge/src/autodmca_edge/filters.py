"""Filters on event payloads: checked against the events' schema once, then run per event.

Owns the language of docs/protocol.md: `{field: scalar | list | {operator: operand}}`, all of which
must hold. A filter that could never make sense (unknown field, wrong type of value) raises `BadFilter`
with the field's name. A field that an event lacks fails every test but `ne`, `nin` and `exists: false`.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from autodmca_events import FieldKind, field_kind

__all__ = ["BadFilter", "Filter", "compile_filter"]

MAX_FIELDS: Final = 20
MAX_VALUES: Final = 1000  # of one list

# The web application's keys and the payload field each one is tested on.
_ALIASES: Final = {
    "profileIds": "profileId",
    "platforms": "platform",
    "submissionIds": "id",
    "templateIds": "templateId",
    "requestIds": "requestId",
}
# What a field that no type here has might be: a token's limit must make sense for something.
_ANY_KINDS: Final = tuple(
    FieldKind(kind, many=many) for kind in ("string", "number", "boolean") for many in (False, True)
)
_MISSING: Final = object()
_Test = Callable[[Any], bool]


class BadFilter(Exception):
    """A filter that is refused; `field` is its key as the client wrote it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class _Clause(NamedTuple):
    path: tuple[str, ...]
    test: _Test


class Filter:
    """What must hold of a payload. Immutable; asking it costs a look-up and a test per field."""

    __slots__ = ("_clauses", "_steps", "paths")

    def __init__(self, clauses: Iterable[_Clause]) -> None:
        self._clauses = tuple(clauses)
        self._steps = tuple((path[0], path[1:], test) for path, test in self._clauses)
        self.paths = frozenset(path for path, _ in self._clauses)
        """The fields that it looks at; the others need not be in the payload that it is given."""

    def matches(self, payload: Mapping[str, Any]) -> bool:
        """Whether every clause holds for a decoded payload."""
        for first, others, test in self._steps:
            value = payload.get(first, _MISSING)
            for name in others:
                value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
            if not test(value):
                return False
        return True

    def __and__(self, other: "Filter") -> "Filter":
        return Filter(self._clauses + other._clauses)


def compile_filter(filters: Mapping[str, Any], types: Iterable[str], *, limit: bool = False) -> Filter:
    """The filter for a subscription to `types`. Raises BadFilter.

    `limit`: the filter came with the token and need not fit every subscription, so a field that no
    type has is no fault; its tests see it missing.
    """
    if len(filters) > MAX_FIELDS:
        raise BadFilter("", f"at most {MAX_FIELDS} fields")
    names = tuple(types)
    return Filter(
        clause for key, condition in filters.items() for clause in _compile(key, condition, names, limit)
    )


def _compile(key: str, condition: Any, types: tuple[str, ...], limit: bool) -> Iterable[_Clause]:
    dotted = _ALIASES.get(key, key)
    kinds = [kind for name in types if (kind := field_kind(name, dotted)) is not None]
    if not kinds and not limit:
        raise BadFilter(key, f"no type of the subscription has the field payload.{dotted}")
    path = tuple(dotted.split("."))
    for name, operand in _operations(key, condition):
        check, make = _OPERATORS[name]
        if not any(check(kind, operand) for kind in kinds or _ANY_KINDS):
            fits = f" ({_describe(kinds)})" if kinds else ""
            raise BadFilter(key, f"{name} {operand!r:.80} does not fit payload.{dotted}{fits}")
        yield _Clause(path, make(operand))


def _operations(key: str, condition: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(condition, dict):
        if not condition:
            raise BadFilter(key, "an object of operators may not be empty")
        for name in condition:
            if name not in _OPERATORS:
                raise BadFilter(key, f"unknown operator {name!r:.40}; there are {' '.join(_OPERATORS)}")
        return condition.items()
    return (("in" if isinstance(condition, list) else "eq", condition),)


def _describe(kinds: list[FieldKind]) -> str:
    kind = kinds[0]
    text = f"list of {kind.kind}" if kind.many else kind.kind
    return f"{text}: {', '.join(kind.values)}" if kind.values else text


def _fits_scalar(kind: FieldKind, operand: Any) -> bool:
    return not kind.many and kind.accepts(operand)


def _fits_list(kind: FieldKind, operand: Any) -> bool:
    if not isinstance(operand, list) or not 0 < len(operand) <= MAX_VALUES:
        return False
    return all(_fits_scalar(kind, each) for each in operand)


def _fits_order(kind: FieldKind, operand: Any) -> bool:
    if kind.many or isinstance(operand, bool):
        return False
    if kind.kind in {"integer", "number"}:
        return isinstance(operand, int | float)
    return kind.kind == "string" and not kind.values and isinstance(operand, str)


def _fits_prefix(kind: FieldKind, operand: Any) -> bool:
    return kind.kind == "string" and not kind.many and isinstance(operand, str)


def _fits_contains(kind: FieldKind, operand: Any) -> bool:
    return kind.accepts(operand) if kind.many else _fits_prefix(kind, operand)


def _fits_exists(_kind: FieldKind, operand: Any) -> bool:
    return isinstance(operand, bool)


def _equal(operand: Any) -> _Test:
    return lambda value: value is not _MISSING and bool(value == operand)


def _unequal(operand: Any) -> _Test:
    return lambda value: value is _MISSING or bool(value != operand)


def _any_of(operand: list[Any]) -> _Test:
    values = frozenset(operand)
    return lambda value: value is not _MISSING and not isinstance(value, dict | list) and value in values


def _none_of(operand: list[Any]) -> _Test:
    values = frozenset(operand)
    return lambda value: value is _MISSING or isinstance(value, dict | list) or value not in values


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any], _Test]:
    def make(operand: Any) -> _Test:
        if isinstance(operand, str):
            return lambda value: isinstance(value, str) and compare(value, operand)
        return lambda value: isinstance(value, int | float) and compare(value, operand)

    return make


def _prefix(operand: str) -> _Test:
    return lambda value: isinstance(value, str) and value.startswith(operand)


def _contains(operand: Any) -> _Test:
    def test(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, list) and operand in value

    return test


def _exists(operand: bool) -> _Test:
    return lambda value: (value is not _MISSING and value is not None) is operand


_OPERATORS: Final[dict[str, tuple[Callable[[FieldKind, Any], bool], Callable[[Any], _Test]]]] = {
    "eq": (_fits_scalar, _equal),
    "ne": (_fits_scalar, _unequal),
    "in": (_fits_list, _any_of),
    "nin": (_fits_list, _none_of),
    "gt": (_fits_order, _ordered(operator.gt)),
    "gte": (_fits_order, _ordered(operator.ge)),
    "lt": (_fits_order, _ordered(operator.lt)),
    "lte": (_fits_order, _ordered(operator.le)),
    "prefix": (_fits_prefix, _prefix),
    "contains": (_fits_contains, _contains),
    "exists": (_fits_exists, _exists),
}
