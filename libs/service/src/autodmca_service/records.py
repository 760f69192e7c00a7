"""What a service's records hold, the structs of its inputs, state and outcomes, flat; and what may change.

Replicas of two versions run side by side in a rolling deploy, and a new version reads what the old one left
in the log. So both must read what the other one writes: a field may be added with a default, and a struct
under a new tag; no field is removed, renamed, retyped or made required. Pure. A path is in wire names: a dot
before a field (in an array with its place) or the tag of one struct of several, `[]` for the items of a list
and the values of a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import NODEFAULT, Struct, inspect
from msgspec.json import encode

WIDER: Final = {"ge": -1, "gt": -1, "min_length": -1, "le": 1, "lt": 1, "max_length": 1}
"""Limits, and whether they let more through when they fall (-1) or rise (1). Others may not change at all."""
_ITEMS: Final = (
    inspect.VarTupleType,
    inspect.ListType,
    inspect.SetType,
    inspect.FrozenSetType,
    inspect.CollectionType,
)
READER_FIRST: Final = "replicas of the version before cannot read it: release its reader before its writer"


class Part(Struct, frozen=True, omit_defaults=True):
    """One field or item. `kinds`: what may stand there, by msgspec's names; `default`: in JSON, what stands
    for a field that is left out; `values`: those of an enumeration; `limits`: by msgspec's names."""

    kinds: tuple[str, ...]
    required: bool = False
    default: str = ""
    values: tuple[str, ...] = ()
    limits: dict[str, float | str] = {}


Parts = Mapping[str, Part]


class Change(Struct, frozen=True):
    """One difference. `breaking`: one of two versions cannot read what the other one writes."""

    where: str
    what: str
    breaking: bool


def parts_of(type_: Any) -> dict[str, Part]:
    """Everything in a record of this type, a struct or a tagged union of structs, by its path."""
    return dict(_parts(inspect.type_info(type_), "", required=True, above=()))


def changes(old: Parts, new: Parts) -> Iterator[Change]:
    """Every difference, those of what was there before first."""
    for path, before in old.items():
        if (after := new.get(path)) is None:
            yield Change(path, "removed", True)
            continue
        if before.required != after.required:
            was, now = ("required", "optional") if before.required else ("optional", "required")
            yield Change(path, f"{was} made {now}", True)
        elif before.default != after.default:
            yield Change(path, f"default changed from {before.default} to {after.default}", True)
        yield from _sets(path, "kind", before.kinds, after.kinds)
        if before.values and after.values:
            yield from _sets(path, "value", before.values, after.values)
        elif before.values or after.values:
            yield Change(path, "an enumeration before" if before.values else "an enumeration now", True)
        for name in sorted(before.limits.keys() | after.limits.keys()):
            was_limit, limit = before.limits.get(name), after.limits.get(name)
            if was_limit != limit:
                wider = _wider(name, was_limit, limit)
                what = f"{name} changed from {was_limit} to {limit}"
                yield Change(path, f"{what}; {READER_FIRST}" if wider else what, not wider)
    for path, part in new.items():
        if path not in old:
            parent = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
            # What is inside of something that is new as a whole is as optional as that.
            breaking = part.required and (not parent or parent in old)
            yield Change(path, "required and added" if breaking else "added", breaking)


def _sets(path: str, what: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    for each in sorted(set(old) - set(new)):
        yield Change(path, f"{what} {each!r} removed", True)
    for each in sorted(set(new) - set(old)):
        yield Change(path, f"{what} {each!r} added; {READER_FIRST}", False)


def _wider(name: str, was: float | str | None, now: float | str | None) -> bool:
    if now is None:
        return True
    if was is None or isinstance(was, str) or isinstance(now, str):
        return False
    return (now - was) * WIDER.get(name, 0) > 0


def _parts(
    kind: inspect.Type, path: str, *, required: bool, above: tuple[type, ...], default: str = ""
) -> Iterator[tuple[str, Part]]:
    members = _members(kind)
    structs = [each for each in members if isinstance(each, inspect.StructType)]
    if path:
        yield path, _part(members, required=required, default=default)
    for member in members:
        if isinstance(member, inspect.StructType):
            if member.cls not in above:
                yield from _struct(member, path, several=len(structs) > 1 or not path, above=above)
        elif isinstance(member, _ITEMS):
            yield from _parts(member.item_type, f"{path}[]", required=True, above=above)
        elif isinstance(member, inspect.DictType):
            yield from _parts(member.value_type, f"{path}[]", required=True, above=above)
        elif isinstance(member, inspect.TupleType):
            for place, item in enumerate(member.item_types):
                yield from _parts(item, f"{path}.{place}", required=True, above=above)


def _struct(
    struct: inspect.StructType, path: str, *, several: bool, above: tuple[type, ...]
) -> Iterator[tuple[str, Part]]:
    if several and struct.tag is not None:
        path = f"{path}.{struct.tag}" if path else str(struct.tag)
        yield path, Part(("tagged",))
    for place, each in enumerate(struct.fields):
        name = f"{place}_{each.encode_name}" if struct.array_like else each.encode_name
        inner = f"{path}.{name}" if path else name
        default = _default(each) if struct.cls.__struct_config__.omit_defaults else ""
        inside = (*above, struct.cls)
        yield from _parts(each.type, inner, required=each.required, above=inside, default=default)


def _default(field: inspect.Field) -> str:
    """In JSON; empty for a field that is required."""
    if field.default is not NODEFAULT:
        return encode(field.default).decode()
    return "" if field.default_factory is NODEFAULT else encode(field.default_factory()).decode()


def _part(members: list[inspect.Type], *, required: bool, default: str) -> Part:
    values: tuple[str, ...] = ()
    limits: dict[str, float | str] = {}
    for member in members:
        if isinstance(member, inspect.LiteralType):
            values = tuple(str(value) for value in member.values)
        for name in (*WIDER, "multiple_of", "pattern"):
            if (limit := getattr(member, name, None)) is not None:
                limits[name] = limit
    return Part(tuple(sorted({_name(each) for each in members})), required, default, values, limits)


def _name(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.StructType):
        return "array" if kind.array_like else "object"
    if isinstance(kind, inspect.DictType):
        return "object"
    if isinstance(kind, (*_ITEMS, inspect.TupleType)):
        return "array"
    if isinstance(kind, inspect.LiteralType):
        return "str" if all(isinstance(value, str) for value in kind.values) else "int"
    return type(kind).__name__.removesuffix("Type").lower()


def _members(kind: inspect.Type) -> list[inspect.Type]:
    """What may stand in a place, without descriptions."""
    if isinstance(kind, inspect.Metadata):
        return _members(kind.type)
    if isinstance(kind, inspect.UnionType):
        return [member for each in kind.types for member in _members(each)]
    return [kind]
