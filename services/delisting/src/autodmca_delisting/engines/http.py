"""The adapter for engines with an HTTP interface: `services/sandbox/engines.openapi.yaml` describes it.

Owns the translation of calls to requests and of answers to `Heard`. What is not shaped as described counts
as no answer, since it cannot be known what was done. Fails with `EngineAway`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeVar

import httpx
import msgspec
from autodmca_events.delisting import ResponseCode, UrlResult
from msgspec import Struct

from autodmca_delisting.engines.gate import Gate, retry_after
from autodmca_delisting.engines.interface import EngineAway, Hit, Manners
from autodmca_delisting.metrics import Metrics
from autodmca_delisting.model.state import Heard, Notice, Progress, Reported

_PROGRESS: Final[dict[str, Progress]] = {
    "submitted": "submitted",
    "under_review": "under_review",
    "approved": "decided",
    "partially_approved": "decided",
    "denied": "decided",
    "cancelled": "decided",
}
_CODES: Final[dict[int, ResponseCode]] = {
    401: "auth_error",
    403: "auth_error",
    409: "duplicate",
    429: "rate_limited",
}
_RESULTS: Final = 100
_Body = TypeVar("_Body")


class _Item(Struct):
    url: str
    outcome: UrlResult
    reason: str | None = None


class _Removal(Struct):
    id: str
    reference: str
    status: Literal["submitted", "under_review", "approved", "partially_approved", "denied", "cancelled"]
    urls: list[_Item]


class _Listed(Struct):
    items: list[_Removal]


class _Result(Struct):
    rank: int
    url: str


class _Results(Struct):
    results: list[_Result]


class _Error(Struct):
    code: str = ""
    message: str = ""


class _Refusal(Struct):
    error: _Error


class HttpEngine:
    """An engine at `base`, with an API key."""

    def __init__(self, base: str, key: str, gate: Gate, metrics: Metrics, manners: Manners) -> None:
        self._base = base.rstrip("/")
        self._headers = {"authorization": f"Bearer {key}", "accept": "application/json"}
        self._gate = gate
        self._metrics = metrics
        self._manners = manners

    @property
    def manners(self) -> Manners:
        return self._manners

    async def submit(self, reference: str, urls: Sequence[str], notice: Notice) -> Heard:
        body = {
            "reference": reference,
            "urls": list(urls),
            "notice": {"text": notice.text, "work": notice.work, "workUrls": list(notice.work_urls)},
        }
        keyed = self._manners.repeats == "key"
        answer = await self._ask("submit", "POST", "/v1/removals", body, reference, repeatable=keyed)
        return self._heard("submit", answer)

    async def find(self, reference: str) -> Heard | None:
        answer = await self._ask("lookup", "GET", "/v1/removals", params={"reference": reference})
        if not answer.is_success:
            raise EngineAway(f"asked what it has, it answered {answer.status_code}", lost=False)
        items = self._read("lookup", answer, _Listed).items
        return _of(items[0], answer) if items else None

    async def poll(self, external_reference: str) -> Heard:
        answer = await self._ask("poll", "GET", f"/v1/removals/{external_reference}")
        return self._heard("poll", answer)

    async def appeal(self, external_reference: str, reference: str, text: str) -> Heard:
        path = f"/v1/removals/{external_reference}/appeal"
        answer = await self._ask("appeal", "POST", path, {"text": text}, f"{reference}-appeal")
        return self._heard("appeal", answer)

    async def cancel(self, external_reference: str) -> Heard:
        answer = await self._ask("cancel", "POST", f"/v1/removals/{external_reference}/cancel")
        return self._heard("cancel", answer)

    async def search(self, query: str) -> list[Hit]:
        params = {"q": query, "limit": str(_RESULTS)}
        answer = await self._ask("search", "GET", "/v1/search", params=params)
        if not answer.is_success:
            wait_s = retry_after(answer, self._gate.now_s()) or 0.0
            raise EngineAway(f"a search was answered {answer.status_code}", lost=False, wait_s=wait_s)
        return [Hit(each.rank, each.url) for each in self._read("search", answer, _Results).results]

    async def shows(self, url: str) -> bool:
        return bool(await self.search(f"url:{url}"))

    async def _ask(
        self,
        operation: str,
        method: str,
        path: str,
        body: object = None,
        key: str | None = None,
        *,
        params: dict[str, str] | None = None,
        repeatable: bool = True,
    ) -> httpx.Response:
        headers = dict(self._headers)
        if key is not None:
            headers["idempotency-key"] = key
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["content-type"] = "application/json"
        return await self._gate.ask(
            operation,
            method,
            self._base + path,
            repeatable=repeatable,
            content=content,
            headers=headers,
            params=params,
        )

    def _heard(self, operation: str, answer: httpx.Response) -> Heard:
        if answer.is_success:
            return _of(self._read(operation, answer, _Removal), answer)
        try:
            refusal = msgspec.json.decode(answer.content, type=_Refusal).error
        except (msgspec.DecodeError, UnicodeDecodeError):
            refusal = _Error("", f"status {answer.status_code}")
        code: ResponseCode = _CODES.get(answer.status_code, "rejected")
        if answer.status_code >= 500:
            code = "server_error"
        elif refusal.code == "incomplete":
            code = "incomplete"
        elif code == "duplicate" and operation != "submit":
            code = "rejected"
        return Heard(
            http_status=answer.status_code,
            code=code,
            message=refusal.message[:1_000],
            retry_after_s=retry_after(answer, self._gate.now_s()),
        )

    def _read(self, operation: str, answer: httpx.Response, kind: type[_Body]) -> _Body:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._metrics.strange(self._gate.name, operation)
            raise EngineAway(
                f"{self._gate.name} answered what cannot be read: {error}"[:300], lost=True
            ) from error


def _of(removal: _Removal, answer: httpx.Response) -> Heard:
    decided = sum(item.outcome != "pending" for item in removal.urls)
    return Heard(
        http_status=answer.status_code,
        code="accepted",
        message=f"{removal.status}: {decided} of {len(removal.urls)} URLs are decided",
        external_reference=removal.id,
        progress=_PROGRESS[removal.status],
        outcomes=tuple(Reported(item.url, item.outcome, item.reason) for item in removal.urls),
    )
