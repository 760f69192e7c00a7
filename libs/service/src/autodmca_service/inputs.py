"""How a service reads its inputs: what another service sent with a wrong value is refused, with an outcome.

Over HTTP a value is checked before it becomes an input. One that is sent is written by another program: its
sender is told what is wrong with it, as a caller would be, and goes on from there. Anything else that cannot
be read is a mistake of ours, and a dead letter. Owns no rule of a model's.
"""

from __future__ import annotations

from typing import Any, Final, Generic, cast

import msgspec
from autodmca_events.requests import REQUESTS, Actor
from autodmca_kafka.versions import VersionedDecoder
from msgspec import inspect

from autodmca_service.answers import C
from autodmca_service.commands import Command, Refusal
from autodmca_service.http.problems import misshapen

_NOBODY: Final = Actor(0)


class Invalid(Command, frozen=True, kw_only=True):
    """In the place of an input that is not as its struct says. Never written."""

    refusal: Refusal


class Inputs(Generic[C]):
    """Decodes JSON into `command`: a struct, or a tagged union of structs."""

    def __init__(self, command: type[C] | Any) -> None:
        self._decoder: VersionedDecoder[C] = VersionedDecoder(command)
        described = inspect.type_info(command)
        members = described.types if isinstance(described, inspect.UnionType) else (described,)
        public = {each for every in REQUESTS.values() for each in every}
        self._sent: Final = frozenset(
            each.tag for each in members if isinstance(each, inspect.StructType) and each.cls in public
        )

    def decode(self, data: bytes) -> C:
        """The input, or an Invalid, which `once` refuses.

        Raises UnknownTag, or another ValueError for what is wrong with one of our own.
        """
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as wrong:
            value = msgspec.json.decode(data)
            if not isinstance(value, dict) or value.get("command") not in self._sent:
                raise
            problem = misshapen(wrong, "input")
            refusal = Refusal(
                refused="invalid", code=problem.code, detail=problem.detail, errors=problem.errors
            )
            return cast("C", Invalid(actor=_NOBODY, refusal=refusal))
