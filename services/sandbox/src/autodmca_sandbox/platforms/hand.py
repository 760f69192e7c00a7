"""Both networks together, and the hidden hand that tells their truth and steers them.

`GET /sandbox/truth`: every person and account with its kind, for tests and never for a service. `POST
/sandbox/networks`: end a network's tokens or let them in again, change its rate limit, or rename an account.
`POST /sandbox/persons`: one more person joins both networks, and with them those who pass themselves off as
them; after many have, the first of them leave.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autodmca_sandbox.platforms.bluesky import BlueskySite
from autodmca_sandbox.platforms.manners import Window
from autodmca_sandbox.platforms.mastodon import MastodonSite
from autodmca_sandbox.platforms.network import Network, Review
from autodmca_sandbox.platforms.population import Member, members, persons
from autodmca_sandbox.world.server import World

PERSONS: Final = 8
"""On the networks from the beginning."""
NEWCOMERS: Final = 60
"""Who may join beside them."""


class Steer(Struct, forbid_unknown_fields=True):
    """`ended`: whether its tokens are refused; `rate`: requests in a window, which lasts `seconds`; `rename`:
    an account's id, to `handle`."""

    network: str
    ended: bool | None = None
    rate: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    seconds: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    rename: str | None = None
    handle: str = ""


class Joining(Struct, forbid_unknown_fields=True):
    """`number`: which person of the seed."""

    number: Annotated[int, Meta(ge=0, le=100_000)]


class Networks:
    """The networks' routes and the hand's. `rate` requests in `window_s` to each network."""

    def __init__(self, world: World, token: str, review: Review, rate: int, window_s: float) -> None:
        self._persons = persons(world.seed, PERSONS)
        self._sites: dict[str, MastodonSite | BlueskySite] = {}
        kinds: tuple[tuple[str, type[MastodonSite | BlueskySite]], ...] = (
            ("mastodon", MastodonSite),
            ("bluesky", BlueskySite),
        )
        for name, kind in kinds:
            found = members(world.seed, name, self._persons, world.now_ms())
            network = Network(name, found, review)
            self._sites[name] = kind(network, world, token, Window(world, rate, window_s))
        self._world = world
        self._newcomers: dict[int, dict[str, list[Member]]] = {}
        """By the person's number, oldest first: who came with them, by network."""

    def routes(self) -> list[Route]:
        sites = [route for site in self._sites.values() for route in site.routes()]
        return [
            *sites,
            Route("/sandbox/truth", self._truth, methods=["GET"]),
            Route("/sandbox/networks", self._steer, methods=["POST"]),
            Route("/sandbox/persons", self._join, methods=["POST"]),
        ]

    async def _truth(self, _request: Request) -> Response:
        accounts = {name: site.network.members for name, site in self._sites.items()}
        return _json({"persons": self._persons, "accounts": accounts})

    async def _steer(self, request: Request) -> Response:
        try:
            steer = msgspec.json.decode(await request.body(), type=Steer)
            if (site := self._sites.get(steer.network)) is None:
                return _json({"error": f"network: one of {', '.join(self._sites)}"}, 422)
            if steer.ended is not None:
                site.ended = steer.ended
            if steer.rate is not None:
                site.window.rate = steer.rate
            if steer.seconds is not None:
                site.window.seconds = steer.seconds
            if steer.rename is not None:
                site.network.rename(steer.rename, steer.handle)
        except (ValueError, msgspec.MsgspecError) as error:
            return _json({"error": str(error)}, 422)
        return Response(status_code=204)

    async def _join(self, request: Request) -> Response:
        try:
            number = msgspec.json.decode(await request.body(), type=Joining).number
        except msgspec.MsgspecError as error:
            return _json({"error": str(error)}, 422)
        if all(each.number != number for each in self._persons):
            self._add(number)
        return Response(status_code=204)

    def _add(self, number: int) -> None:
        someone, now_ms = persons(self._world.seed, number + 1)[number], self._world.now_ms()
        self._persons.append(someone)
        self._newcomers[number] = {
            name: site.network.join(members(self._world.seed, f"{name} {number}", [someone], now_ms))
            for name, site in self._sites.items()
        }
        if len(self._newcomers) > NEWCOMERS:
            first = next(iter(self._newcomers))
            self._persons = [each for each in self._persons if each.number != first]
            for name, leaving in self._newcomers.pop(first).items():
                self._sites[name].network.leave(leaving)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
