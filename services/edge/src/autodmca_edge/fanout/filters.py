"""Filters on event payloads: checked against the events' schema once, then run per event.

Owns which fields there are, what each may be compared with, and how much one filter may ask. The short keys
and operators, and what they mean, are those of `autodmca_events.filters`. A filter that could never make
sense (unknown field, wrong type of value) raises `BadFilter` with the field's name.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from autodmca_events import FieldKind, field_kind
from autodmca_events.filters import (
    OPERATORS,
    BadFilter,
    Clause,
    Filter,
    Operand,
    operations,
    payload_field,
)

__all__ = ["BadFilter", "Filter", "compile_filter"]

MAX_FIELDS: Final = 20
MAX_VALUES: Final = 1000  # of one list


def compile_filter(
    filters: Mapping[str, Any],
    types: Iterable[str],
    schema: Callable[[str, str], FieldKind | None] = field_kind,
) -> Filter:
    """The filter for a subscription to `types`, of which each key must fit one at least. Raises BadFilter.

    `schema`: what a path of a type's payload is.
    """
    if len(filters) > MAX_FIELDS:
        raise BadFilter("", f"at most {MAX_FIELDS} fields")
    names = tuple(types)
    return Filter(
        clause for key, condition in filters.items() for clause in _compile(key, condition, names, schema)
    )


def _compile(
    key: str, condition: Any, types: tuple[str, ...], schema: Callable[[str, str], FieldKind | None]
) -> Iterable[Clause]:
    dotted = payload_field(key)
    found = (schema(name, dotted) for name in types)
    kinds = list(dict.fromkeys(kind for kind in found if kind is not None))
    if not kinds:
        raise BadFilter(key, f"no type of the subscription has the field payload.{dotted}")
    path = tuple(dotted.split("."))
    for name, operand in operations(key, condition):
        known = OPERATORS[name]
        if not any(_FITS[known.operand](kind, operand) for kind in kinds):
            fits = _describe(kinds)
            raise BadFilter(key, f"{name} {operand!r:.80} does not fit payload.{dotted} ({fits})")
        yield Clause(path, known.test(operand))


def _describe(kinds: list[FieldKind]) -> str:
    kind = kinds[0]
    text = f"list of {kind.kind}" if kind.many else kind.kind
    return f"{text}: {', '.join(kind.values)}" if kind.values else text


def _fits_scalar(kind: FieldKind, operand: Any) -> bool:
    return not kind.many and kind.accepts(operand)


def _fits_list(kind: FieldKind, operand: Any) -> bool:
    if not isinstance(operand, list) or not 0 < len(operand) <= MAX_VALUES:
        return False
    if kind.values:
        return not kind.many and _are_among(operand, kind.values)
    one_of_each = {
        type(each): each for each in operand
    }  # what fits hangs on the type alone, and lists are long
    return all(_fits_scalar(kind, each) for each in one_of_each.values())


def _are_among(operand: list[Any], values: tuple[str, ...]) -> bool:
    return all(type(each) is str for each in operand) and set(operand) <= set(values)


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


_FITS: Final[Mapping[Operand, Callable[[FieldKind, Any], bool]]] = {
    "scalar": _fits_scalar,
    "list": _fits_list,
    "bound": _fits_order,
    "text": _fits_prefix,
    "item": _fits_contains,
    "flag": _fits_exists,
}
