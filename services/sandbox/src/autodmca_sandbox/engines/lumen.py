"""The Lumen database, as far as one who files notices sees it (its public API,
github.com/berkmancenter/lumendatabase).

`POST /notices.json` with a token, a title, a type, works with their URLs and who sent it to whom; 201 with
a Location. `GET /notices/search.json?term=` and `GET /notices/{id}.json` read. Knows no idempotency keys,
as Lumen does not.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.routing import Route

from autodmca_sandbox.world.server import Answer, World

MAX_NOTICES: Final = 50_000
PLACE: Final = "lumen"


class Link(Struct):
    url: str


class Work(Struct):
    """A copyrighted work and what infringes it."""

    description: str = ""
    kind: str = ""
    infringing_urls_attributes: list[Link] = []
    copyrighted_urls_attributes: list[Link] = []


class Entity(Struct):
    name: str
    kind: str = "organization"


class Role(Struct):
    name: Literal["recipient", "sender", "principal", "submitter"]
    entity_attributes: Entity


class LumenNotice(Struct):
    """A notice as it is filed."""

    title: str
    type: Literal["DMCA", "Counternotice", "Trademark", "Defamation", "CourtOrder", "Other"]
    works_attributes: list[Work]
    entity_notice_roles_attributes: list[Role] = []
    subject: str = ""
    body: str = ""
    date_sent: str = ""
    date_received: str = ""
    source: str = ""
    action_taken: str = ""


class Filing(Struct):
    notice: LumenNotice
    authentication_token: str = ""


class LumenSite:
    """Its routes, under `/lumen`."""

    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token
        self._notices: list[LumenNotice] = []

    def routes(self) -> list[Route]:
        listed = [
            ("POST", "/lumen/notices.json", "file", self._file),
            ("GET", "/lumen/notices/search.json", "lookup", self._search),
            ("GET", "/lumen/notices/{id:int}.json", "poll", self._read),
        ]
        return [
            Route(path, self._world.endpoint(PLACE, operation, work), methods=[method])
            for method, path, operation, work in listed
        ]

    async def _file(self, request: Request) -> Answer:
        try:
            filing = msgspec.json.decode(await request.body(), type=Filing)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Answer(422, {"notice": [str(error)]}, "refused")
        token = filing.authentication_token or request.headers.get("x-authentication-token", "")
        if token != self._token:
            return Answer(401, {"documentation_link": "https://lumendatabase.org/"}, "refused")
        if not filing.notice.title or not filing.notice.works_attributes:
            return Answer(422, {"works": ["can't be blank"]}, "refused")
        if len(self._notices) >= MAX_NOTICES:
            return Answer(503, {}, "refused")
        self._notices.append(filing.notice)
        where = f"{request.base_url}lumen/notices/{len(self._notices)}"
        urls = [
            link.url for work in filing.notice.works_attributes for link in work.infringing_urls_attributes
        ]
        return Answer(201, {}, "new", {"location": where}, reference=filing.notice.title, items=tuple(urls))

    async def _search(self, request: Request) -> Answer:
        term = request.query_params.get("term", "").lower()
        found = [
            _shown(number, notice)
            for number, notice in enumerate(self._notices, 1)
            if term in f"{notice.title} {notice.subject} {notice.body}".lower()
        ]
        return Answer(200, {"notices": found[:100], "meta": {"total_entries": len(found)}}, "read")

    async def _read(self, request: Request) -> Answer:
        number: int = request.path_params["id"]
        if not 1 <= number <= len(self._notices):
            return Answer(404, {}, "refused")
        return Answer(200, {"dmca": _shown(number, self._notices[number - 1])}, "read")


def _shown(number: int, notice: LumenNotice) -> dict[str, Any]:
    works = [
        {
            "description": work.description,
            "infringing_urls": [{"url": link.url} for link in work.infringing_urls_attributes],
            "copyrighted_urls": [{"url": link.url} for link in work.copyrighted_urls_attributes],
        }
        for work in notice.works_attributes
    ]
    return {"id": number, "type": notice.type, "title": notice.title, "body": notice.body, "works": works}
