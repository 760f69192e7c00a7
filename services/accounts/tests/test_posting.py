"""Where a delivery may be posted to, against a real endpoint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from autodmca_accounts.webhooks.sending import NotPosted, Poster
from autodmca_service.outside import networks
from autodmca_service.testing.processes import free_port

from services.accounts.tests.endpoint import Endpoint, endpoint

HERE = networks(["127.0.0.1"])


@pytest.fixture
def at() -> Iterator[Endpoint]:
    with endpoint() as found:
        yield found


async def test_a_url_that_cannot_be_connected_to_is_not_posted() -> None:
    poster = Poster(allowed=HERE, seconds=2)
    for url, reason in (
        (f"http://127.0.0.1:{free_port()}/", "no connection"),
        ("http://name.invalid/", "name.invalid has no address"),
        ("nothing", "it is no URL"),
        ("http://127.0.0.1:22/", "port 22 is for other services"),
        ("http://a:b@127.0.0.1:8080/", "a user or a password"),
    ):
        with pytest.raises(NotPosted, match=reason):
            await poster.post(url, b"{}", {})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "169.254.169.254", "0x7f.1", "[::ffff:127.0.0.1]"]
)
async def test_our_own_network_is_not_reached(at: Endpoint, host: str) -> None:
    port = at.url.split(":")[2].removesuffix("/hook")
    with pytest.raises(NotPosted, match="is not on the public Internet"):
        await Poster(seconds=5).post(f"http://{host}:{port}/hook", b"{}", {})
    assert at.received == []


async def test_a_name_that_leads_here_is_refused_and_a_redirect_is_not_followed(at: Endpoint) -> None:
    port = at.url.split(":")[2].removesuffix("/hook")

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(NotPosted, match="is not on the public Internet"):
        await Poster(resolve=resolve).post(f"http://friendly.example:{port}/hook", b"{}", {})
    at.answers, at.headers = [307], {"location": f"http://127.0.0.1:{port}/inside"}
    assert (await Poster(allowed=HERE).post(at.url, b"{}", {})).status == 307
    assert len(at.received) == 1
