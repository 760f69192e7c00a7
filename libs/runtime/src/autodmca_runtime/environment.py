"""Settings from the environment: a frozen struct in, the same struct filled, or every bad key named.

A field says which variable it comes from: `Annotated[int, Env("TOPIC_PARTITIONS", example="6")]`; msgspec's
`Meta` bounds it. A field that is itself a struct is loaded the same way; its `Prefix`, if it has one,
stands before the names of its variables, and its default, if it has one, is where unset fields come from.
An empty variable counts as unset (compose files pass empty strings for what nobody set). A `Secret` may lie
in a file instead, which the variable with `_FILE` after its name says, unless the struct has a field of its
own for that; nothing else is read but the mapping that is given. Fails with one `ConfigError` for all bad
keys together; the value of a `Secret` is in no message.
"""

from __future__ import annotations

import difflib
import hmac
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from .errors import ConfigError, Problem
from .masking import mask_text

_LISTS: Final = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)
_SHOWN: Final = 60
"""Characters of a bad value that an error quotes."""

S = TypeVar("S", bound=msgspec.Struct)


class Env(msgspec.Struct, frozen=True):
    """Where a field's value comes from; `help` is a line for the settings table, `example` is for errors."""

    name: str
    help: str = ""
    example: str = ""


class Prefix(msgspec.Struct, frozen=True):
    """For a struct that settings hold more than once: `Annotated[WorkerSettings, Prefix("VIDEO_")]`."""

    text: str


class Secret:
    """A string that shows itself only to who asks by name: `reveal()`. Equality takes constant time."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('[masked]')"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not pickled: it would be written in clear")


def load(settings_type: type[S], environ: Mapping[str, str] = os.environ) -> S:
    """Fill `settings_type` from `environ`.

    Numbers, booleans (true, false, 1, 0), `Literal`s, lists (separated by commas), `Secret`, and any class
    that is made from one string (`pathlib.Path`) are understood. Raises `ConfigError` with every bad or
    missing key, in the order of the fields; a struct's own `__post_init__` may raise `ConfigError` or
    `ValueError` for what several keys must agree on, and is asked once each of its keys is good by itself.
    """
    problems: list[Problem] = []
    settings = _load(settings_type, environ, problems, "", None)
    if settings is None or problems:
        raise ConfigError(problems)
    return settings


def describe(settings_type: type[msgspec.Struct]) -> str:
    """The settings as a Markdown table (variable, type, default, meaning), in the order of the fields."""
    rows = ["| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
    for field, env in _fields(settings_type):
        default = "required" if field.required else _shown_default(field)
        example = f" Example: `{env.example}`." if env.example else ""
        kind = _kind(field.type).replace("|", "\\|")
        rows.append(f"| `{env.name}` | {kind} | {default} | {env.help}{example} |")
    return "\n".join(rows) + "\n"


def _load(
    settings_type: type[S], environ: Mapping[str, str], problems: list[Problem], prefix: str, base: S | None
) -> S | None:
    values: dict[str, Any] = {} if base is None else msgspec.structs.asdict(base)
    names: list[str] = []
    before = len(problems)
    own = {env.name for _, env in _fields(settings_type, prefix)}
    for field in msgspec.structs.fields(settings_type):
        if (nested := _nested(field.type)) is not None:
            struct, more = nested
            default = values.get(field.name) or _default(field, struct)
            values[field.name] = _load(struct, environ, problems, prefix + more, default)
            continue
        env = _env(field, prefix)
        if env is None:
            continue
        names.append(env.name)
        try:
            text = _text(env.name, environ, in_file=_is_secret(field.type) and f"{env.name}_FILE" not in own)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        if not text:
            if field.required and base is None:
                problems.append(Problem(env.name, _missing(env.name, environ), env.example))
            continue
        try:
            values[field.name] = _convert(text, field.type)
        except msgspec.ValidationError as error:
            problems.append(Problem(env.name, _reason(error, text, field.type), env.example))
    if len(problems) > before:
        return None
    try:
        return settings_type(**values)
    except ConfigError as error:
        problems.extend(error.problems)
    except ValueError as error:
        problems.append(Problem(", ".join(names), str(error)))
    return None


def _text(name: str, environ: Mapping[str, str], *, in_file: bool) -> str:
    """What is set, itself or `in_file`; empty if nothing is. Raises ConfigError for the file."""
    text = environ.get(name, "").strip()
    file = environ.get(f"{name}_FILE", "").strip() if in_file else ""
    if not file:
        return text
    example = f"/run/secrets/{name.lower()}"
    if text:
        raise ConfigError([Problem(f"{name}_FILE", f"is set, and so is {name}: only one may be", example)])
    try:
        found = Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is no text"
        raise ConfigError([Problem(f"{name}_FILE", f"cannot be read: {reason}", example)]) from None
    if not found:
        raise ConfigError([Problem(f"{name}_FILE", "names an empty file", example)])
    return found


def _fields(
    settings_type: type[msgspec.Struct], prefix: str = "", base: msgspec.Struct | None = None
) -> Iterator[tuple[msgspec.structs.FieldInfo, Env]]:
    for field in msgspec.structs.fields(settings_type):
        if base is not None:
            field = msgspec.structs.replace(field, default=getattr(base, field.name))
        if (nested := _nested(field.type)) is not None:
            yield from _fields(nested[0], prefix + nested[1], _default(field, nested[0]))
        elif (env := _env(field, prefix)) is not None:
            yield field, env


def _env(field: msgspec.structs.FieldInfo, prefix: str) -> Env | None:
    for extra in getattr(field.type, "__metadata__", ()):
        if isinstance(extra, Env):
            return msgspec.structs.replace(extra, name=prefix + extra.name)
    if field.required:
        raise TypeError(f"the field {field.name!r} has neither an Env nor a default")
    return None


def _default(field: msgspec.structs.FieldInfo, struct: type[msgspec.Struct]) -> msgspec.Struct | None:
    """The default of a field that is a struct; None where it has none."""
    return field.default if isinstance(field.default, struct) else None


def _nested(kind: Any) -> tuple[type[msgspec.Struct], str] | None:
    """The struct that a field is, and what stands before the names of its variables; None for a value."""
    prefix = "".join(each.text for each in getattr(kind, "__metadata__", ()) if isinstance(each, Prefix))
    kind = getattr(kind, "__origin__", kind) if prefix else kind
    return (kind, prefix) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def _members(kind: Any) -> list[inspect.Type]:
    """The alternatives of an annotation, without `Annotated` and `None`."""
    info = inspect.type_info(kind)
    while isinstance(info, inspect.Metadata):
        info = info.type
    members = list(info.types) if isinstance(info, inspect.UnionType) else [info]
    return [member for member in members if not isinstance(member, inspect.NoneType)]


def _is_list(kind: Any) -> bool:
    return any(isinstance(member, _LISTS) for member in _members(kind))


def _is_secret(kind: Any) -> bool:
    return any(isinstance(member, inspect.CustomType) and member.cls is Secret for member in _members(kind))


def _convert(text: str, kind: Any) -> Any:
    raw = [part.strip() for part in text.split(",") if part.strip()] if _is_list(kind) else text
    if not raw:
        raise msgspec.ValidationError("Expected at least one item")
    value = msgspec.convert(raw, kind, strict=False, dec_hook=lambda cls, value: cls(value))
    if isinstance(value, float) and not math.isfinite(value):
        raise msgspec.ValidationError("Expected a finite number")
    return value


def _missing(name: str, environ: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, environ, n=1, cutoff=0.85)
    return f"is missing; is {near[0]} meant?" if near and near[0] != name else "is missing"


def _reason(error: msgspec.ValidationError, text: str, kind: Any) -> str:
    if _is_secret(kind):
        return "is not acceptable"
    shown = mask_text(text)
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
    reason = str(error).removesuffix(", got `str`").replace(" | null", "")
    if isinstance(choices := _members(kind)[0], inspect.LiteralType):
        reason = "Expected one of " + ", ".join(map(str, choices.values))
    return f"is {shown!r}: {reason[0].lower()}{reason[1:]}"


def _kind(kind: Any) -> str:
    names = []
    for member in _members(kind):
        if isinstance(member, inspect.LiteralType):
            names.append(", ".join(f"`{value}`" for value in member.values))
        elif isinstance(member, inspect.CustomType):
            names.append(member.cls.__name__.lower())
        else:
            names.append(type(member).__name__.removesuffix("Type").lower())
    text = " or ".join(names)
    return "list, separated by commas" if _is_list(kind) else text


def _shown_default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.NODEFAULT or field.default in (None, (), ""):
        return "none"
    return f"`{field.default}`"
