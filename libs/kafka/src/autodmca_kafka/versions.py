"""Decoding what another version of the program may have written.

Owns the difference between a value that is wrong and a value whose tag this program does not know: during a
rolling deploy a newer replica writes inputs and states that an older one has no struct for. The caller
decides what follows from either. Fails with UnknownTag, and with msgspec's own errors.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")


class UnknownTag(ValueError):
    """`tag` names no struct of the type that was to be decoded."""

    def __init__(self, field: str, tag: str | int) -> None:
        super().__init__(f"{field} {tag!r} is not known to this version of the program")
        self.field = field
        self.tag = tag


class VersionedDecoder(Generic[T]):
    """Decodes JSON into `type`: a struct, or a tagged union of structs."""

    def __init__(self, type: type[T] | Any) -> None:  # noqa: A002 (as msgspec names it)
        self._decode = msgspec.json.Decoder(type).decode
        described = inspect.type_info(type)
        members = described.types if isinstance(described, inspect.UnionType) else (described,)
        structs = [each for each in members if isinstance(each, inspect.StructType)]
        self._tags: Final = frozenset(each.tag for each in structs if each.tag is not None)
        self._field: Final = next((each.tag_field for each in structs if each.tag_field), None)

    def decode(self, data: bytes) -> T:
        """The value. Raises UnknownTag, or another ValueError for what is wrong otherwise."""
        try:
            decoded: T = self._decode(data)
        except msgspec.ValidationError:
            if self._field is not None:
                self._check_tag(data, self._field)
            raise
        return decoded

    def _check_tag(self, data: bytes, field: str) -> None:
        value = msgspec.json.decode(data)
        tag = value.get(field) if isinstance(value, dict) else None
        if isinstance(tag, str | int) and tag not in self._tags:
            raise UnknownTag(field, tag)
