"""Answers that are given again: what a service remembers of requests with an Idempotency-Key.

Owns the receipts of one user: each holds the digest of a request and the first answer to it, byte for
byte, and an index holds their ages and sizes. Both are entities of the service's state, written by the
same input as what the request did, so that they outlive a restart and are seen by every replica. Pure, and
knows nothing of what is asked. Number, bytes and age are bounded, the oldest goes first; an answer that
is larger than its bound leaves a receipt without it, so that the request is still not done twice.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Final

import msgspec
from autodmca_events.requests import Request as Request
from msgspec import Struct

INDEX: Final = "receipts"
_PREFIX: Final = "receipt:"


class Answer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An HTTP answer as it was given. `packed` is the body, compressed; `problem` its type, for figures."""

    status: int
    packed: bytes
    headers: dict[str, str] = {}
    problem: str = ""

    @property
    def body(self) -> bytes:
        """The bytes that were sent."""
        return zlib.decompress(self.packed)


class Receipt(Struct, frozen=True, kw_only=True, tag_field="entity", tag="receipt", omit_defaults=True):
    """What was asked, and the first answer; None where that was too large to keep."""

    digest: str
    answer: Answer | None = None


class Entry(Struct, frozen=True, array_like=True):
    """A line of the index. `at`: ms since the epoch; `size`: bytes of the receipt in the state."""

    key: str
    at: int
    size: int


class Receipts(Struct, frozen=True, kw_only=True, tag_field="entity", tag="receipts"):
    """The index of one user's receipts, oldest first."""

    entries: tuple[Entry, ...] = ()


class Limits(Struct, frozen=True, kw_only=True):
    """What is kept of one user, and of one answer (bytes are those of the state), and for how long."""

    number: int = 128
    total_bytes: int = 262_144
    answer_bytes: int = 65_536
    age_ms: int = 86_400_000

    def fits(self, answer: Answer) -> bool:
        """Whether an answer is small enough to be kept."""
        return len(msgspec.json.encode(answer)) <= min(self.answer_bytes, self.total_bytes // 2)


class KeyReused(Exception):
    """The key came with another request before."""


def request_key(user_id: int, header: str) -> str:
    """What is remembered of an Idempotency-Key: keys of different users never meet."""
    return hashlib.sha256(f"{user_id}:{header}".encode()).hexdigest()[:32]


def digest_of(method: str, target: str, body: bytes) -> str:
    """Equal for requests that ask the same: the order of a JSON object's members does not count.

    `target` is the path, with the query where there is one; `body` is JSON, or empty.
    """
    canonical = msgspec.json.encode(msgspec.json.decode(body or b"{}"), order="deterministic")
    return hashlib.sha256(b"\n".join((method.encode(), target.encode(), canonical))).hexdigest()[:32]


def answer_of(status: int, body: bytes, headers: Mapping[str, str], problem: str = "") -> Answer:
    """The answer with this body."""
    return Answer(status=status, packed=zlib.compress(body), headers=dict(headers), problem=problem)


def find(entities: Mapping[str, object], request: Request, now_ms: int, limits: Limits) -> Receipt | None:
    """The receipt of this very request, unless it has become too old.

    Raises KeyReused when the key came with another method, path or body.
    """
    held = entities.get(_PREFIX + request.key)
    if not isinstance(held, Receipt):
        return None
    if all(entry.key != request.key or _is_old(entry, now_ms, limits) for entry in _entries(entities)):
        return None
    if held.digest != request.digest:
        raise KeyReused
    return held


def keep(
    entities: Mapping[str, object], request: Request, answer: Answer | None, now_ms: int, limits: Limits
) -> dict[str, Receipt | Receipts | None]:
    """The changes that keep this answer (None: one that does not fit); None for a receipt that has to go."""
    receipt = Receipt(digest=request.digest, answer=answer)
    entry = Entry(request.key, now_ms, len(msgspec.json.encode(receipt)))
    entries = [*(each for each in _entries(entities) if each.key != request.key), entry]
    kept: list[Entry] = []
    total = 0
    for each in reversed(entries):
        total += each.size
        if len(kept) == limits.number or total > limits.total_bytes or _is_old(each, now_ms, limits):
            break
        kept.append(each)
    kept.reverse()
    gone = entries[: len(entries) - len(kept)]
    return {
        **{_PREFIX + each.key: None for each in gone},
        _PREFIX + request.key: receipt,
        INDEX: Receipts(entries=tuple(kept)),
    }


def changed(changes: Mapping[str, object]) -> dict[str, int]:
    """How many answers these changes keep, find too large to keep, and drop."""
    made = [value for value in changes.values() if isinstance(value, Receipt)]
    return {
        "kept": sum(each.answer is not None for each in made),
        "too_large": sum(each.answer is None for each in made),
        "dropped": sum(value is None and name.startswith(_PREFIX) for name, value in changes.items()),
    }


def _entries(entities: Mapping[str, object]) -> tuple[Entry, ...]:
    index = entities.get(INDEX)
    return index.entries if isinstance(index, Receipts) else ()


def _is_old(entry: Entry, now_ms: int, limits: Limits) -> bool:
    return now_ms - entry.at > limits.age_ms
