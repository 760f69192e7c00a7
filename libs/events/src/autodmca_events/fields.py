"""The fields of payloads, flat: what filters may name, and what readers rely on.

Derived from the structs, never written by hand. A path is in wire names with dots into nested objects
(`infringement.status`); `[]` stands for the items of a list (`warnings[].code`).
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal, cast

import msgspec
from msgspec import inspect

from autodmca_events.catalogue import CATALOGUE

Kind = Literal["string", "integer", "number", "boolean", "object", "array", "any"]

_SCALARS: dict[type[inspect.Type], Kind] = {
    inspect.StrType: "string",
    inspect.LiteralType: "string",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.BoolType: "boolean",
}
_CONSTRAINTS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")
_PYTHON_TYPES: dict[Kind, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field: `values` of an enumeration, `constraints` by msgspec's names for them."""

    kind: Kind
    required: bool
    values: tuple[str, ...] = ()
    constraints: dict[str, float | str] = {}


class FieldKind(msgspec.Struct, frozen=True):
    """What a filter may compare a field with.

    `kind` is that of the field, or of each item where `many`; `values` are all there are, empty when
    not enumerated. An object (of which only the existence can be asked) accepts no value.
    """

    kind: Kind
    values: tuple[str, ...] = ()
    many: bool = False

    def accepts(self, value: object) -> bool:
        """Whether `value`, from decoded JSON, is of this kind and one of the values."""
        if isinstance(value, bool) and self.kind != "boolean":
            return False
        if not isinstance(value, _PYTHON_TYPES.get(self.kind, ())):
            return False
        return not self.values or value in self.values


@cache
def fields_of(struct: type[msgspec.Struct]) -> Mapping[str, Field]:
    """Every field of `struct` by its path, in the struct's order, objects before what is inside them."""
    info = cast("inspect.StructType", inspect.type_info(struct))
    return MappingProxyType(dict(_walk(info, "")))


def field_kind(type_name: str, path: str) -> FieldKind | None:
    """How a filter sees `path` of the payload of `type_name`; None where there is no such field.

    Dots reach into objects but not into lists of objects. Raises KeyError for an unknown type.
    """
    fields = fields_of(CATALOGUE[type_name].payload)
    field = fields.get(path)
    if field is None or "[]" in path:
        return None
    if field.kind == "array":
        item = fields[f"{path}[]"]
        return FieldKind(item.kind, item.values, many=True)
    return FieldKind(field.kind, field.values)


def _walk(struct: inspect.StructType, prefix: str) -> Iterator[tuple[str, Field]]:
    for each in struct.fields:
        yield from _field(each.type, f"{prefix}{each.encode_name}", required=each.required)


def _field(kind: inspect.Type, path: str, *, required: bool) -> Iterator[tuple[str, Field]]:
    kind = bare(kind)
    match kind:
        case inspect.StructType():
            yield path, Field("object", required)
            yield from _walk(kind, f"{path}.")
        case inspect.VarTupleType():
            yield path, Field("array", required)
            yield from _field(kind.item_type, f"{path}[]", required=True)
        case inspect.DictType():
            yield path, Field("object", required)
        case inspect.LiteralType():
            yield path, Field("string", required, tuple(str(value) for value in kind.values))
        case _:
            limits = {
                name: limit for name in _CONSTRAINTS if (limit := getattr(kind, name, None)) is not None
            }
            yield path, Field(_SCALARS.get(type(kind), "any"), required, (), limits)


def bare(kind: inspect.Type) -> inspect.Type:
    """Without descriptions, and without the None that stands for an absent field."""
    if isinstance(kind, inspect.Metadata):
        return bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        return bare(next(each for each in kind.types if not isinstance(each, inspect.NoneType)))
    return kind
