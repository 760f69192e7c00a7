"""The payload fields that filters name, and decoders of those alone.

Owns how much of an event is decoded: the union of what the standing filters on its type name, all else is
passed over by msgspec, and an event's payload is decoded once for all of them. What comes out is a dict as a
full decode would give it, less the other fields, so that filters see no difference: missing stays missing,
null stays None. An envelope that is not of the decoder's type, or whose payload is no object, raises what
msgspec raises.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, Protocol, TypedDict, cast

import msgspec

from autodmca_edge.fanout.subscriptions import BITS

__all__ = ["Body", "Decode", "Named", "Path", "Projection", "bare_decoder", "decoder"]

Path = tuple[str, ...]
"""A field of the payload: the names to go through."""

_NAMES: Final = {bit: name for name, bit in BITS.items()}
_DECODERS: Final = 512  # kept for the next who wants the same fields; building one takes 0.1 ms


class Body(Protocol):
    """What is decoded of an envelope."""

    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def user_id(self) -> int | None: ...


Decode = Callable[[bytes], Body]
"""Of a record's value. Raises MsgspecError, UnicodeDecodeError, RecursionError."""


class Named(Protocol):
    """What names fields: a subscription with a filter."""

    @property
    def mask(self) -> int: ...
    @property
    def paths(self) -> frozenset[Path]: ...


class _Shape(NamedTuple):
    """What many subscriptions have in common: the bits of their types, the fields of their filters."""

    mask: int
    paths: frozenset[Path]


class Projection:
    """The fields that the filters of a hub's members name, by type.

    Members are counted by the shape of their filters: one more of a known shape costs a look-up, and a
    decoder is made anew only when the fields of its type have changed, at the next event.
    """

    __slots__ = ("_decoders", "_of", "_paths", "_shapes")

    def __init__(self) -> None:
        self._of: dict[object, tuple[_Shape, ...]] = {}
        self._shapes: Counter[_Shape] = Counter()
        self._paths: dict[int, Counter[Path]] = {}
        self._decoders: dict[int, Decode] = {}

    def join(self, member: object, filtered: Iterable[Named]) -> None:
        """A member, who must not be here, with its filters."""
        shapes = tuple(_Shape(each.mask, each.paths) for each in filtered)
        if shapes:
            self._of[member] = shapes
        for shape in shapes:
            self._shapes[shape] += 1
            if self._shapes[shape] == 1:
                self._count(shape, 1)

    def leave(self, member: object) -> None:
        """Forget a member, if it is here."""
        for shape in self._of.pop(member, ()):
            self._shapes[shape] -= 1
            if not self._shapes[shape]:
                del self._shapes[shape]
                self._count(shape, -1)

    def _count(self, shape: _Shape, by: int) -> None:
        for bit in _bits(shape.mask):
            counts = self._paths.setdefault(bit, Counter())
            before = len(counts)
            for path in shape.paths:
                counts[path] += by
                if not counts[path]:
                    del counts[path]
            if len(counts) != before:
                self._decoders.pop(bit, None)
            if not counts:
                del self._paths[bit]

    def decoder(self, bit: int) -> Decode:
        """Decodes the fields that filters on this type name."""
        found = self._decoders.get(bit)
        if found is None:
            found = self._decoders[bit] = decoder(frozenset(self._paths.get(bit, ())), _NAMES[bit])
        return found


def _bits(mask: int) -> Iterable[int]:
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


@lru_cache(maxsize=_DECODERS)
def decoder(paths: frozenset[Path], type_name: str) -> Decode:
    """A decoder of these fields of the payload of an envelope of this type.

    No event type has a field beyond ASCII; for one msgspec takes other keys, so then it is all of them.
    """
    plain = all(name.isascii() for path in paths for name in path)
    return _decoder(type_name, _shape_of(_tree(paths)) if plain else dict[str, Any])


def bare_decoder(type_name: str) -> Decode:
    """The same of no field, for who only asks whether it is such an envelope: cheaper than an empty dict."""
    return _decoder(type_name, _Object)


class _Object(msgspec.Struct, gc=False):
    pass


def _decoder(type_name: str, payload: Any) -> Decode:
    fields: list[Any] = [("type", Literal[type_name]), ("payload", payload), ("user_id", int | None, None)]
    return cast(
        "Decode", msgspec.json.Decoder(msgspec.defstruct("Body", fields, rename="camel", gc=False)).decode
    )


def _tree(paths: Iterable[Path]) -> dict[str, Any]:
    """By name what is wanted of a field: all of it (None), or a tree of its own."""
    tree: dict[str, Any] = {}
    for path in sorted(paths, key=len):  # a whole object before what is in it
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
            if node is None:
                break
        else:
            node[path[-1]] = None
    return tree


def _shape_of(tree: Mapping[str, Any]) -> Any:
    """The type to decode to. Where an object is wanted in part, there may be something else in its place."""
    fields = {
        name: Any if part is None else _shape_of(part) | None | bool | int | float | str | list
        for name, part in tree.items()
    }
    return TypedDict("Fields", fields, total=False)  # type: ignore[operator]
