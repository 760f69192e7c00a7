"""Filing copies with the Lumen database, over its public JSON API (github.com/berkmancenter/lumendatabase,
wiki).

Our reference stands in the notice's title, by which it is found again: Lumen knows no idempotency keys.
Fails with `EngineAway`; a notice that Lumen refuses for good has no place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from autodmca_delisting.engines.gate import Gate, retry_after
from autodmca_delisting.engines.interface import EngineAway
from autodmca_delisting.model.state import Notice

_NAMES: Final = {
    "google": "Google LLC",
    "bing": "Microsoft Corporation",
    "yandex": "Yandex LLC",
    "duckduckgo": "DuckDuckGo",
}
_LATER: Final = frozenset({401, 403, 408, 425, 429})


class _Found(Struct):
    id: int
    title: str = ""


class _Search(Struct):
    notices: list[_Found]


class Lumen:
    """The database at `base`, with a token."""

    def __init__(self, base: str, token: str, gate: Gate) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._gate = gate

    async def find(self, reference: str) -> str | None:
        answer = await self._gate.ask(
            "lookup",
            "GET",
            f"{self._base}/notices/search.json",
            repeatable=True,
            params={"term": reference},
            headers={"x-authentication-token": self._token, "accept": "application/json"},
        )
        if not answer.is_success:
            wait_s = retry_after(answer, self._gate.now_s()) or 0.0
            raise EngineAway(f"Lumen answered a search with {answer.status_code}", lost=False, wait_s=wait_s)
        try:
            found = msgspec.json.decode(answer.content, type=_Search).notices
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EngineAway("Lumen answered what cannot be read", lost=False) from error
        ours = [each.id for each in found if reference in each.title]
        return f"{self._base}/notices/{ours[0]}" if ours else None

    async def file(self, reference: str, engine: str, urls: Sequence[str], notice: Notice) -> str | None:
        body = {
            "authentication_token": self._token,
            "notice": {
                "title": f"DMCA notice to {_NAMES.get(engine, engine)} ({reference})",
                "type": "DMCA",
                "subject": notice.work[:200] or "Copyright",
                "body": notice.text,
                "source": "API",
                "works_attributes": [
                    {
                        "description": notice.work or "See the notice.",
                        "copyrighted_urls_attributes": [{"url": url} for url in notice.work_urls],
                        "infringing_urls_attributes": [{"url": url} for url in urls],
                    }
                ],
                "entity_notice_roles_attributes": [
                    {"name": "recipient", "entity_attributes": {"name": _NAMES.get(engine, engine)}},
                    {"name": "sender", "entity_attributes": {"name": notice.sender or "The rights holder"}},
                ],
            },
        }
        answer = await self._gate.ask(
            "file",
            "POST",
            f"{self._base}/notices.json",
            repeatable=False,
            content=msgspec.json.encode(body),
            headers={"content-type": "application/json", "accept": "application/json"},
        )
        if answer.is_success:
            return answer.headers.get("location") or f"{self._base}/notices"
        if answer.status_code in _LATER or answer.status_code >= 500:
            wait_s = retry_after(answer, self._gate.now_s()) or 0.0
            lost = answer.status_code >= 500 and answer.status_code != 503
            raise EngineAway(f"Lumen answered {answer.status_code}", lost=lost, wait_s=wait_s)
        return None
