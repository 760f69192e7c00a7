"""One piece of content from its bytes, or its URL, to a finding.

Owns the order: fetched, its fingerprint made in a worker, compared with the profile's references. What is
wrong with the content is a finding (`unusable`, with the reason); what is wrong with us is raised: no worker
free, one that died. Keeps nothing of the content but its digest.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from typing import Protocol, TypeVar

import msgspec
from autodmca_service.errors import JobAborted, JobFailed, JobTooLarge
from autodmca_service.outside import Fetched, NotFetched
from autodmca_service.workers.jobs import Blob, Job
from autodmca_service.workers.pool import WorkerPool

from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.findings import finding
from autodmca_ai_detection.jobs import ExamplesJob, FingerprintJob, Purpose, Refused
from autodmca_ai_detection.judges import Judges
from autodmca_ai_detection.metrics import Metrics
from autodmca_ai_detection.model.state import Content, Finding, Sent
from autodmca_ai_detection.shelves import Shelves

A = TypeVar("A")


class Fetches(Protocol):
    """An `outside.Fetcher`."""

    async def fetch(self, url: str) -> Fetched: ...


class Looker:
    """Looks at content for users, as often as asked."""

    def __init__(
        self, fetcher: Fetches, pool: WorkerPool, shelves: Shelves, judges: Judges, metrics: Metrics
    ) -> None:
        self._fetcher = fetcher
        self._pool = pool
        self._shelves = shelves
        self._judges = judges
        self._metrics = metrics

    async def fetched(self, user_id: int, profile_id: int, url: str, *, text: bool = False) -> Finding:
        """What comes of the content at a URL. Raises what `WorkerPool.ask` raises of itself."""
        began = time.perf_counter()
        try:
            data = (await self._fetcher.fetch(url)).data
        except NotFetched as error:
            return self._unusable(user_id, error, began, "")
        return await self._found(user_id, profile_id, data, began, text=text)

    async def uploaded(self, user_id: int, profile_id: int, data: bytes, *, text: bool = False) -> Finding:
        """What comes of content that was sent. Raises what `WorkerPool.ask` raises of itself."""
        return await self._found(user_id, profile_id, data, time.perf_counter(), text=text)

    async def sent(self, user_id: int, data: bytes, *, text: bool = False) -> Sent:
        """An upload as a batch keeps it. Raises what `WorkerPool.ask` raises of itself."""
        began = time.perf_counter()
        try:
            content = await self.content(user_id, data, "query", text=text)
        except Unusable as error:
            digest = await asyncio.to_thread(_digest, data)
            return Sent(digest=digest, code=error.code, reason=error.reason, ms=_ms_since(began))
        return Sent(digest=content.digest, content=content, ms=_ms_since(began))

    async def kept(self, user_id: int, profile_id: int, sent: Sent) -> Finding:
        """What comes of an upload that a batch has kept."""
        began = time.perf_counter() - sent.ms / 1000
        if sent.content is None:
            return self._unusable(user_id, sent, began, sent.digest)
        return await self._compared(user_id, profile_id, sent.content, began)

    async def content(self, user_id: int, data: bytes, purpose: Purpose, *, text: bool = False) -> Content:
        """What is kept of a file. Raises Unusable, and what `WorkerPool.ask` raises of itself."""
        return (await self._asked(user_id, FingerprintJob(Blob(data), purpose, text))).content

    async def examples(
        self, user_id: int, data: bytes, reference: str, others: Mapping[str, bytes], copies: int
    ) -> bytes:
        """Pairs to learn from, made of a picture and of other references' fingerprints. Raises as
        `content`."""
        told = Blob(msgspec.json.encode(others))
        answer = await self._asked(user_id, ExamplesJob(reference, Blob(data), told, copies))
        return bytes(answer.pairs.data)

    async def _asked(self, user_id: int, job: Job[A | Refused]) -> A:
        try:
            answer = await self._pool.ask(user_id, job)
        except JobTooLarge as error:
            raise Unusable("too_large", str(error)) from error
        except JobAborted as error:
            raise Unusable("too_costly", f"it needs too much: {error.reason}") from error
        except JobFailed as error:  # logged and counted there; asking again would not help
            raise Unusable("internal", "it could not be looked at, which is our mistake") from error
        if isinstance(answer, Refused):
            raise Unusable(answer.code, answer.reason)
        return answer

    async def _found(
        self, user_id: int, profile_id: int, data: bytes, began: float, *, text: bool
    ) -> Finding:
        try:
            content = await self.content(user_id, data, "query", text=text)
        except Unusable as error:
            return self._unusable(user_id, error, began, await asyncio.to_thread(_digest, data))
        return await self._compared(user_id, profile_id, content, began)

    async def _compared(self, user_id: int, profile_id: int, content: Content, began: float) -> Finding:
        kind = content.content_type
        try:
            matches = await self._shelves.search(user_id, profile_id, kind, content.fingerprint)
        except Unusable as error:
            return self._unusable(user_id, error, began, content.digest)
        found = finding(self._judges.of(user_id), kind, matches, content.digest, _ms_since(began))
        self._metrics.looked(found.verdict, time.perf_counter() - began)
        return found

    def _unusable(
        self, user_id: int, error: Unusable | NotFetched | Sent, began: float, digest: str
    ) -> Finding:
        self._metrics.unusable(error.code)
        self._metrics.looked("unusable", time.perf_counter() - began)
        return Finding(
            verdict="unusable",
            method="none",
            model_version=self._judges.of(user_id).version,
            code=error.code,
            reason=error.reason,
            digest=digest,
            processing_ms=_ms_since(began),
        )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _ms_since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
