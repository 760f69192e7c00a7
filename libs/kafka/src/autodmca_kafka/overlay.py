"""A mapping with changes laid over it, so that a change costs what it changes and not what is there.

Owns neither part, and copies neither: both may grow while it is read, but not while it is iterated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic

from autodmca_kafka.decision import S


class Overlay(Mapping[str, S], Generic[S]):
    """`changes` over `below`; None takes a key away."""

    __slots__ = ("_below", "_changes")

    def __init__(self, below: Mapping[str, S], changes: Mapping[str, S | None]) -> None:
        self._below = below
        self._changes = changes

    def __getitem__(self, key: str) -> S:
        if key not in self._changes:
            return self._below[key]
        value = self._changes[key]
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return self._changes[key] is not None if key in self._changes else key in self._below  # type: ignore[index]

    def __iter__(self) -> Iterator[str]:
        changes = self._changes
        for key in self._below:
            if key not in changes or changes[key] is not None:
                yield key
        for key, value in changes.items():
            if value is not None and key not in self._below:
                yield key

    def __len__(self) -> int:
        changed = sum((value is not None) - (key in self._below) for key, value in self._changes.items())
        return len(self._below) + changed
